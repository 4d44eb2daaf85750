import { LogflumeError } from './errors.ts'

/**
 * The one place that refuses options. Every refusal names the option, what was expected and what came,
 * as in `kafka.brokers: expected a non-empty array of 'host:port', got [] (array)`.
 */
export function refuse(option: string, expected: string, value: unknown): never {
  return refuseOption(option, `expected ${expected}, got ${describe(value)}`)
}

/** The refusal of an option, for another reason than its value. */
export function refuseOption(option: string, reason: string, cause?: unknown): never {
  throw new LogflumeError('INVALID_OPTION', `${option}: ${reason}`, { option, cause })
}

/** As `refuse`, for what must not be in a message: only its type is told. */
export function refuseSecret(option: string, expected: string, value: unknown): never {
  const what = value === '' ? 'an empty string' : `a value of type ${typeof value}, not shown`
  return refuseOption(option, `expected ${expected}, got ${what}`)
}

/** What `act` refuses is an option within the one of that name. */
export function within<T>(name: string, act: () => T): T {
  try {
    return act()
  } catch (thrown) {
    if (!(thrown instanceof LogflumeError) || thrown.option === undefined) throw thrown
    const { option, message, cause } = thrown
    const whole = option === ROOT ? name : `${name}.${option}`
    throw new LogflumeError(thrown.code, whole + message.slice(option.length), { option: whole, cause })
  }
}

/** What the options as a whole are called. */
const ROOT = 'options'

/** Options whose values no message shows. */
const SECRET: ReadonlySet<string> = new Set(['password', 'passphrase', 'token', 'key', 'cert', 'ca'])

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  try {
    const text = asText(value)
    const short = text.length > 80 ? `${text.slice(0, 77)}...` : text
    return `${short} (${Array.isArray(value) ? 'array' : typeof value})`
  } catch {
    return `what cannot be looked at (${typeof value})` // a cycle, or a Proxy that throws
  }
}

function asText(value: unknown): string {
  if (typeof value === 'function') return value.name
  if (typeof value === 'symbol' || typeof value === 'bigint') return value.toString()
  const hide = (key: string, one: unknown): unknown => (SECRET.has(key) ? 'not shown' : one)
  return ''.concat(JSON.stringify(value, hide)) // which is undefined where a toJSON returns that
}

/** Milliseconds: the longest that a timer of Node can wait. */
export const LONGEST_TIMER = 2 ** 31 - 1

export interface Range {
  readonly min?: number
  readonly max?: number
}

const UNREADABLE = 'expected a value, but reading it threw'

interface Trouble {
  /** The name within the value, `.maxBytes` or `[0].name`. */
  readonly at: string
  readonly thrown: unknown
}

/** What reading a value throws, a Proxy's or a getter's; instances of classes are their own affair. */
function readingTrouble(value: unknown, seen = new Set<unknown>()): Trouble | undefined {
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined
  seen.add(value)
  let at = ''
  try {
    const isArray = Array.isArray(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (!isArray && prototype !== Object.prototype && prototype !== null) return undefined
    for (const key of Object.keys(value)) {
      at = isArray ? `[${key}]` : `.${key}`
      const trouble = readingTrouble((value as Readonly<Record<string, unknown>>)[key], seen)
      if (trouble !== undefined) return { at: at + trouble.at, thrown: trouble.thrown }
    }
    return undefined
  } catch (thrown) {
    return { at, thrown }
  }
}

/** Whether reading it does not throw. */
export function isReadable(value: unknown): boolean {
  return readingTrouble(value) === undefined
}

/** Checks one options object, property by property, and at last that it has no property nobody asked for. */
export class OptionReader {
  readonly #seen = new Set<string>()
  /** What messages call the object. */
  readonly path: string
  readonly values: Readonly<Record<string, unknown>>

  constructor(path: string, values: unknown) {
    if (!isObject(values)) refuse(path, 'an object', values)
    this.path = path
    this.values = values
  }

  #take(key: string): unknown {
    this.#seen.add(key)
    const value = this.#read(key)
    const trouble = readingTrouble(value)
    if (trouble !== undefined) refuseOption(this.at(key) + trouble.at, UNREADABLE, trouble.thrown)
    // Its holes become undefined: `every`, `map` and their kin would pass them over.
    return Array.isArray(value) ? Array.from<unknown>(value) : value
  }

  #read(key: string): unknown {
    try {
      return this.values[key]
    } catch (thrown) {
      return refuseOption(this.at(key), UNREADABLE, thrown)
    }
  }

  /** The full name of an option, as messages show it. */
  at(key: string): string {
    return this.path === '' || this.path === ROOT ? key : `${this.path}.${key}`
  }

  has(key: string): boolean {
    return this.#take(key) !== undefined
  }

  /** A nested options object; an absent one is as good as an empty one. */
  section(key: string): OptionReader {
    return new OptionReader(this.at(key), this.#take(key) ?? {})
  }

  raw(key: string): unknown {
    return this.#take(key)
  }

  /** An object whose own values nobody looks at here: they may be anything, also what throws when it is read. */
  fields(key: string): object {
    this.#seen.add(key)
    const value = this.#read(key) ?? {}
    return isObject(value) ? value : refuse(this.at(key), 'an object of fields', value)
  }

  string(key: string, fallback?: string): string {
    const value = this.#take(key) ?? fallback
    if (typeof value !== 'string' || value === '') refuse(this.at(key), 'a non-empty string', value)
    if (value.includes('\0')) refuse(this.at(key), 'a string without NUL characters', value)
    return value
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.#take(key) ?? fallback
    if (typeof value !== 'boolean') refuse(this.at(key), 'true or false', value)
    return value
  }

  /** A whole number within bounds. */
  integer(
    key: string,
    fallback: number | undefined,
    { min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {},
  ): number {
    const value = this.#take(key) ?? fallback
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
      refuse(this.at(key), `a whole number ${bounds}`, value)
    }
    return value
  }

  oneOf<const T extends string>(key: string, allowed: readonly T[], fallback?: T): T {
    const value = this.#take(key) ?? fallback
    const found = allowed.find((one) => one === value)
    if (found === undefined) refuse(this.at(key), `one of ${allowed.join(', ')}`, value)
    return found
  }

  function<T extends (...args: never[]) => unknown>(key: string, fallback: T): T {
    const value = this.#take(key) ?? fallback
    if (typeof value !== 'function') refuse(this.at(key), 'a function', value)
    return value as T
  }

  strings(key: string, fallback?: readonly string[]): readonly string[] {
    const value = this.#take(key) ?? fallback
    if (
      !Array.isArray(value) ||
      value.length === 0 ||
      !value.every((one) => typeof one === 'string' && one !== '')
    ) {
      refuse(this.at(key), 'a non-empty array of non-empty strings', value)
    }
    return value as string[]
  }

  /** To be called last: a property that was never asked for is a spelling mistake worth telling. */
  end(): void {
    for (const key of this.#keys()) {
      if (this.#seen.has(key)) continue
      refuseOption(this.at(key), `no such option; there are ${[...this.#seen].sort().join(', ')}`)
    }
  }

  #keys(): string[] {
    try {
      return Object.keys(this.values)
    } catch (thrown) {
      return refuseOption(this.path, UNREADABLE, thrown)
    }
  }
}

/** Whether it is one, and no array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  try {
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false // a Proxy that was revoked
  }
}
