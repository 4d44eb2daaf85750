import { types } from 'node:util'
import { errorFields, isError } from './error.ts'
import { Keys } from './key.ts'
import { most, quote } from './quote.ts'
import { readProperty, throws } from './read-property.ts'
import type { Step } from './redact-path.ts'
import type { Redactor } from './redact.ts'

const mostDepth = 10
const mostElements = 1000
const mostBytes = 3072

const keys = new Keys((key) => key)

/**
 * A value as JSON text, undefined where JSON drops it. Never throws and always ends: what has no JSON form
 * gets one that says what it was.
 *
 * | value | text |
 * |---|---|
 * | a cycle | `"[Circular]"` |
 * | deeper than 10 levels | `"[Object]"`, `"[Array]"` |
 * | more than 1,000 elements or properties | cut, with `"... 234 more"` at the end |
 * | a getter, `toJSON` or Proxy that throws | `"[Throws: message]"` |
 * | BigInt, Symbol, RegExp | their text |
 * | function | `"[Function: name]"` |
 * | NaN, Infinity, an invalid Date | `null` |
 * | Error | `{type, message, stack_trace, code, ...}` |
 * | Map | object; array of pairs where a key is no string. Set: array |
 * | Buffer, typed array | base64 of its first 3,072 bytes, then `... 99 more bytes` |
 *
 * `owner` is the object that the value stands in.
 */
export function serialize(value: unknown, owner?: object): string | undefined {
  if (typeof value === 'object' && value !== null)
    return new Walk(owner === undefined ? [] : [owner]).object(value)
  return primitive(value)
}

/** The same of a field, without what the redactor keeps out. */
export function serializeField(
  key: string,
  value: unknown,
  owner: object,
  redactor: Redactor,
): string | undefined {
  const step = redactor.start.next(key)
  if (step?.isEnd === true) return serialize(redactor.instead(value, [key]))
  if (step === undefined || typeof value !== 'object' || value === null) return serialize(value, owner)
  return new Walk([owner], redactor, [key]).object(value, step)
}

function primitive(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null'
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      return `"${value}"`
    case 'symbol':
      return quote(String(value))
    case 'function':
      return quote(`[Function: ${String(readProperty(value, 'name')) || 'anonymous'}]`)
    case 'undefined':
      return undefined
    case 'object':
      return 'null'
  }
}

/** One way through a value. Stops where more than a line can have is together, as shared objects multiply. */
class Walk {
  readonly #ancestors: object[]
  readonly #redactor: Redactor | undefined
  /** Where it is, by names. Kept where there is a redactor. */
  readonly #path: string[]
  #room = most

  constructor(ancestors: object[], redactor?: Redactor, path: string[] = []) {
    this.#ancestors = ancestors
    this.#redactor = redactor
    this.#path = path
  }

  /** `step` is where the value is, where paths of the redactor lead into it. */
  object(value: object, step?: Step): string | undefined {
    if (this.#ancestors.includes(value)) return '"[Circular]"'
    this.#ancestors.push(value)
    try {
      const simple = simplify(value)
      if (typeof simple !== 'object' || simple === null) return this.#value(simple)
      if (this.#ancestors.length > mostDepth) return Array.isArray(simple) ? '"[Array]"' : '"[Object]"'
      return Array.isArray(simple) ? this.#array(simple, step) : this.#properties(simple, step)
    } catch (thrown) {
      return quote(throws(thrown))
    } finally {
      this.#ancestors.pop()
    }
  }

  #member(owner: object, key: string | number, step: Step | undefined): string | undefined {
    const value = readProperty(owner, key)
    const next = step?.next(String(key))
    return next === undefined ? this.#value(value) : this.#redacted(value, String(key), next)
  }

  #redacted(value: unknown, key: string, step: Step): string | undefined {
    this.#path.push(key)
    const text = step.isEnd
      ? this.#value(this.#redactor?.instead(value, this.#path))
      : this.#value(value, step)
    this.#path.pop()
    return text
  }

  #value(value: unknown, step?: Step): string | undefined {
    if (typeof value === 'object' && value !== null) return this.object(value, step)
    const text = primitive(value)
    return text === undefined ? undefined : this.#count(text)
  }

  #count(text: string): string {
    this.#room -= text.length
    return text
  }

  // Each element and each property has its comma before it; the first one is taken off in the end.

  #array(elements: readonly unknown[], step: Step | undefined): string {
    this.#room -= 2
    const end = Math.min(elements.length, mostElements)
    let text = ''
    for (let index = 0; index < end && this.#room > 0; index++) {
      text += `,${this.#member(elements, index, step) ?? 'null'}`
    }
    if (elements.length > end) text += `,"... ${elements.length - end} more"`
    return `[${text.slice(1)}]`
  }

  #properties(object: object, step: Step | undefined): string {
    this.#room -= 2
    const names = Object.keys(object)
    let text = ''
    for (const name of names.length > mostElements ? names.slice(0, mostElements) : names) {
      const value = this.#member(object, name, step)
      if (value !== undefined) text += this.#count(keys.text(name)) + value
      if (this.#room < 0) break
    }
    if (names.length > mostElements) text += `,"...":"${names.length - mostElements} more"`
    return `{${text.slice(1)}}`
  }
}

/**
 * What JSON can show of an object: a primitive, an array, or an object whose own properties count. Throws
 * what the object throws.
 */
export function simplify(object: object): unknown {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype === Object.prototype || prototype === Array.prototype) return withToJson(object)
  if (isError(object)) return errorFields(object)
  if (ArrayBuffer.isView(object)) return bytes(object.buffer, object.byteOffset, object.byteLength)
  if (types.isAnyArrayBuffer(object)) return bytes(object, 0, object.byteLength)
  if (object instanceof Map) return fromMap(object)
  if (object instanceof Set) return [...object]
  if (object instanceof RegExp) return String(object)
  if (types.isBoxedPrimitive(object)) return object.valueOf()
  return withToJson(object)
}

function withToJson(object: object): unknown {
  const jsonable = object as { toJSON?: unknown }
  return hasToJson(jsonable) ? jsonable.toJSON('') : object
}

function hasToJson(object: { toJSON?: unknown }): object is { toJSON(key: string): unknown } {
  return typeof object.toJSON === 'function'
}

function fromMap(map: ReadonlyMap<unknown, unknown>): object {
  const entries = [...map]
  const named = entries.every((entry): entry is [string, unknown] => typeof entry[0] === 'string')
  return named ? Object.fromEntries<unknown>(entries) : entries
}

function bytes(buffer: ArrayBufferLike, offset: number, length: number): string {
  const base64 = Buffer.from(buffer, offset, Math.min(length, mostBytes)).toString('base64')
  return length > mostBytes ? `${base64}... ${length - mostBytes} more bytes` : base64
}
