import { readFileSync } from 'node:fs'
import { toError } from '../errors.ts'
import { refuseOption } from '../options.ts'

/** What references in a configuration stand for. */
export interface Variables {
  readonly env: Readonly<Record<string, string | undefined>>
  /** By name, as `#{name}` asks for them. */
  readonly named: ReadonlyMap<string, unknown>
}

/** `$${` and `##{` stand for themselves without the first sign. */
const REFERENCE = /([$#])(?:(\1\{)|\{([^{}]*)\})/g
const NUMBER = /^[-+]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/

/**
 * Puts the values in the places of `${ENV}`, `${ENV:-default}`, `${file:path}`, `#{name}` and `#{ENV.X}`. A text
 * that is nothing but one `#{name}` becomes what that stands for; where it `isTyped`, nothing but one reference
 * becomes a number, true, false, or nothing at all, where its text is that.
 *
 * @throws LogflumeError INVALID_OPTION with `option`, where something is not there.
 */
export function substitute(option: string, text: string, isTyped: boolean, variables: Variables): unknown {
  let whole: { readonly value: unknown } | undefined
  const replaced = text.replace(
    REFERENCE,
    (all: string, sign: string, escaped: string | undefined, reference: string) => {
      if (escaped !== undefined) return escaped
      const value =
        sign === '$' ? fromOutside(option, reference, variables) : named(option, reference, variables)
      if (all === text) whole = { value }
      return String(value)
    },
  )
  if (whole === undefined) return replaced
  return typeof whole.value === 'string' && isTyped ? typed(whole.value) : whole.value
}

/** As YAML takes a scalar without quotes. */
function typed(text: string): unknown {
  if (text === '') return null
  if (text === 'true' || text === 'false') return text === 'true'
  return NUMBER.test(text) && Number.isFinite(Number(text)) && String(Number(text)).length <= 16
    ? Number(text)
    : text
}

function fromOutside(option: string, reference: string, { env }: Variables): string {
  if (reference.startsWith('file:')) return fileText(option, reference.slice('file:'.length))
  const { name, fallback } = split(reference)
  const value = env[name]
  // As the shell has it, what is empty takes the default as well.
  if (fallback !== undefined && (value === undefined || value === '')) return fallback
  return value ?? refuseOption(option, `the environment has no ${name}`)
}

function named(option: string, reference: string, variables: Variables): unknown {
  if (reference.startsWith('ENV.')) return fromOutside(option, reference.slice('ENV.'.length), variables)
  const { name, fallback } = split(reference)
  if (variables.named.has(name)) return variables.named.get(name)
  if (fallback !== undefined) return fallback
  const known = [...variables.named.keys()].sort().join(', ')
  return refuseOption(option, `there is no variable ${name}; there are ${known === '' ? 'none' : known}`)
}

function split(reference: string): { readonly name: string; readonly fallback: string | undefined } {
  const at = reference.indexOf(':-')
  return at < 0
    ? { name: reference, fallback: undefined }
    : { name: reference.slice(0, at), fallback: reference.slice(at + 2) }
}

/** Without its last line end, as secrets in mounted files may or may not have one. */
function fileText(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (thrown) {
    return refuseOption(option, `its file cannot be read: ${toError(thrown).message}`, thrown)
  }
}
