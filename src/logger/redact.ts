import { OptionReader, refuse } from '../options.ts'
import { parsePath, PATH_RULE, Step, type Path } from './redact-path.ts'

export interface RedactOptions {
  /**
   * Which fields, and what within them: `user.password`, `users[*].token`, `*.secret`, `headers["x-key"]`. A
   * field whose name has dots is as good as objects in objects: `user.password` is both `{ 'user.password': … }`
   * and `{ user: { password: … } }`.
   */
  readonly paths: readonly string[]
  /** What stands there instead, or what makes it of the value and its path. @default '[Redacted]' */
  readonly censor?: string | ((value: unknown, path: readonly string[]) => unknown)
  /** Whether it is left out instead. @default false */
  readonly remove?: boolean
}

const CENSOR = '[Redacted]'

/** What is kept out of lines. */
export class Redactor {
  /** The place of a whole set of fields. */
  readonly start: Step
  readonly #censor: RedactOptions['censor']
  readonly #remove: boolean

  constructor(paths: readonly Path[], { censor, remove }: Pick<RedactOptions, 'censor' | 'remove'>) {
    this.start = new Step(paths)
    this.#censor = censor
    this.#remove = remove ?? false
  }

  /** What stands in place of a value; undefined where nothing does. Never throws. */
  instead(value: unknown, path: readonly string[]): unknown {
    if (this.#remove || value === undefined) return undefined
    if (typeof this.#censor !== 'function') return this.#censor ?? CENSOR
    try {
      return this.#censor(value, [...path])
    } catch {
      return CENSOR // whatever it threw may tell the secret
    }
  }
}

/**
 * Takes the option `redact` out of the reader. `prefix` is what the MDC's fields have before their names: a path
 * means them with it and without.
 */
export function readRedact(options: OptionReader, prefix: string): Redactor | undefined {
  const value = options.raw('redact')
  if (value === undefined) return undefined
  const option = options.at('redact')
  if (typeof value !== 'object' || value === null) refuse(option, 'an array of paths, or an object', value)
  const isList = Array.isArray(value)
  const reader = new OptionReader(option, isList ? { paths: value } : value)
  const paths = reader.strings('paths').flatMap((path, index) => {
    const place = `${isList ? option : reader.at('paths')}[${index}]`
    const asGiven = parsePath(path) ?? refuse(place, PATH_RULE, path)
    const others = meanings(path, prefix).map((one) => parsePath(one))
    return [asGiven, ...others.filter((one) => one !== undefined)]
  })
  const censor = reader.raw('censor') ?? CENSOR
  if (typeof censor !== 'string' && typeof censor !== 'function')
    refuse(reader.at('censor'), 'a text or a function', censor)
  const remove = reader.boolean('remove', false)
  reader.end()
  return new Redactor(paths, { censor: censor as NonNullable<RedactOptions['censor']>, remove })
}

/** The same in the words of a line, where these are others than the application's; not all need be paths. */
function meanings(path: string, prefix: string): readonly string[] {
  const all = [path.replace(/^err(?=[.[]|$)/, 'error').replace(/^error\.stack$/, 'error.stack_trace')]
  if (prefix !== '') all.push(path.startsWith(prefix) ? path.slice(prefix.length) : prefix + path)
  return all.filter((one) => one !== path)
}
