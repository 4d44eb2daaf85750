import type { Fields } from '../record.ts'
import { errorFields, errorMessage, isError } from './error.ts'
import { fieldText } from './field.ts'
import { plainRules, type FieldRules, type Serializer } from './field-rules.ts'
import { httpFields, isHttp } from './http-fields.ts'
import { flat, most } from './quote.ts'
import { readProperty, throws } from './read-property.ts'
import { simplify } from './serialize.ts'

/** Fields by name, each as its text in a line. A later field of a name replaces the earlier one. */
export class FieldList {
  readonly rules: FieldRules
  readonly #texts: Map<string, string>
  /** The names that the last error was spread to; the next error replaces all of them. */
  #spread: readonly string[] = []
  /** Whether `text` has a field that was replaced. */
  #replaced = false
  /** What stands behind the message in a line: the quote that ends it, and the fields. */
  text = '"'
  /** Of the error that was added: what a line without a message says. */
  errorMessage: string | undefined = undefined

  constructor(before?: FieldList, rules: FieldRules = before?.rules ?? plainRules) {
    this.rules = rules
    if (before === undefined) {
      this.#texts = new Map()
    } else {
      this.#texts = new Map(before.#texts)
      this.#spread = before.#spread
      this.text = before.text
    }
  }

  has(key: string): boolean {
    return this.#texts.has(key)
  }

  get isEmpty(): boolean {
    return this.text === '"'
  }

  /** False where the object is a value rather than a set of fields: a date, an array, one that throws. */
  add(fields: object): boolean {
    const readable = open(fields)
    if (readable === undefined) return false
    for (const key of readable.keys) this.#add(key, readProperty(readable.object, key), fields)
    this.#finish()
    return true
  }

  #add(key: string, value: unknown, owner: object): void {
    const serializer = this.rules.serializers?.get(key)
    const shown = typeof serializer === 'function' ? made(serializer, value) : value
    const http = serializer === undefined ? httpFields(key, shown) : undefined
    if (isSpread(key, shown) && this.errorMessage === undefined) this.#spreadError(shown)
    else if (http === undefined) this.#put(key, shown, owner)
    else for (const name of Object.keys(http)) this.#put(name, http[name], owner)
  }

  /** Nothing is made of a value that a line has no room for. */
  #put(key: string, value: unknown, owner: object): void {
    if (this.text.length <= most) this.#set(key, fieldText(key, value, owner, this.rules.redactor))
  }

  /** An error that is no field; a serialiser of `err` has it all the same. */
  addError(error: Error): void {
    this.#add('err', error, { err: error })
    this.errorMessage ??= errorMessage(error)
    this.#finish()
  }

  #spreadError(error: Error): void {
    for (const key of this.#spread) this.#remove(key)
    const fields = Object.entries(errorFields(error)).map(([key, value]) => [`error.${key}`, value] as const)
    for (const [key, value] of fields) this.#put(key, value, error)
    this.#spread = fields.map(([key]) => key)
    this.errorMessage = errorMessage(error)
  }

  /** These fields, and of `others` those that have other names, before them. */
  over(others: FieldList): FieldList {
    const all = new FieldList(others, this.rules)
    if (this.#spread.length > 0) {
      for (const key of all.#spread) all.#remove(key)
      all.#spread = this.#spread
    }
    for (const [key, text] of this.#texts) all.#set(key, text)
    all.#finish()
    return all
  }

  /** The value of a field as JSON has it; undefined where there is none. */
  value(key: string): unknown {
    const text = this.#texts.get(key)
    return text === undefined ? undefined : Object.values(JSON.parse(`{${text.slice(1)}}`) as Fields)[0]
  }

  #set(key: string, text: string): void {
    if (text === '' || this.text.length > most) return
    this.#remove(key)
    this.#texts.set(key, text)
    this.text += text
  }

  #remove(key: string): void {
    if (this.#texts.delete(key)) this.#replaced = true
  }

  #finish(): void {
    this.text = this.#replaced ? ['"', ...this.#texts.values()].join('') : flat(this.text)
    this.#replaced = false
  }
}

/**
 * The text of a call's fields, the cheap way, for a line that has the `bound` fields already. Undefined where
 * they need a `FieldList`: one replaces a bound field, or is to be spread, or has a serialiser. Throws what a field throws.
 */
export function plainFields(fields: object, bound: FieldList): string | undefined {
  if (!isPlain(fields)) return undefined
  const { redactor, serializers } = bound.rules
  let text = ''
  for (const key in fields) {
    if (!Object.prototype.hasOwnProperty.call(fields, key)) continue
    const value = fields[key]
    if (bound.has(key) || isSpread(key, value) || isToJson(key, value)) return undefined
    if (isHttp(key, value) || serializers?.has(key) === true) return undefined
    text += fieldText(key, value, fields, redactor)
    if (text.length > most) break
  }
  return text
}

/** What a serialiser of the application makes of a value. */
function made(serializer: Serializer, value: unknown): unknown {
  try {
    return serializer(value)
  } catch (thrown) {
    return throws(thrown)
  }
}

function isPlain(value: object): value is Fields {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** `err` and `error`, where users of pino have their errors, become `error.type`, `error.message` … */
function isSpread(key: string, value: unknown): value is Error {
  return typeof value === 'object' && (key === 'err' || key === 'error') && isError(value)
}

function isToJson(key: string, value: unknown): boolean {
  return typeof value === 'function' && key === 'toJSON'
}

interface Readable {
  readonly object: object
  readonly keys: readonly string[]
}

function open(fields: object): Readable | undefined {
  try {
    const object = simplify(fields)
    if (typeof object !== 'object' || object === null || Array.isArray(object)) return undefined
    return { object, keys: Object.keys(object) }
  } catch {
    return undefined
  }
}
