import { isRegExp } from 'node:util/types'
import type { ConsumedRecord } from '../consume/record.ts'
import { LogflumeError } from '../errors.ts'
import { OptionReader, refuse } from '../options.ts'
import { toText } from '../record-field.ts'
import { addTag, removeField, setField } from './fields.ts'
import { step, type StepOptions, type SyncTransform } from './step.ts'

export type ConvertTo = 'integer' | 'float' | 'string' | 'boolean'
type Value = string | number | boolean | null | ((record: ConsumedRecord) => unknown)

/** What is given is done in the order in which it stands here, which is Logstash's. */
export interface MutateOptions extends StepOptions {
  /** Old name to new name. */
  readonly rename?: Readonly<Record<string, string>>
  /** New values of fields that are there. */
  readonly update?: Readonly<Record<string, Value>>
  /** Values of fields that are there or not. */
  readonly set?: Readonly<Record<string, Value>>
  /** A value that cannot be converted stays, and the record is tagged `_mutate_error`. */
  readonly convert?: Readonly<Record<string, ConvertTo>>
  /** As in `{ message: [/\d{16}/g, '***'] }`; a text instead of an expression is found as it is, everywhere. */
  readonly gsub?: Readonly<Record<string, readonly [find: RegExp | string, replacement: string]>>
  readonly uppercase?: readonly string[]
  readonly lowercase?: readonly string[]
  /** Takes white space off both ends. */
  readonly strip?: readonly string[]
  /** Text to list, by what stands between. */
  readonly split?: Readonly<Record<string, string>>
  /** List to text, by what to put between. */
  readonly join?: Readonly<Record<string, string>>
  /** Source to destination. */
  readonly copy?: Readonly<Record<string, string>>
  /** As `set`, but a field that is there gets the value in addition, as a list. */
  readonly add?: Readonly<Record<string, Value>>
  readonly remove?: readonly string[]
  /** Of a value that cannot be converted: the record goes on with a tag, or is dead. @default 'tag' */
  readonly onFailure?: 'tag' | 'dead'
}

type Change = (record: ConsumedRecord) => void

const TAG = '_mutate_error'

/** Changes fields. */
export function mutate(options: MutateOptions): SyncTransform {
  const reader = new OptionReader('mutate', options)
  const isDead = reader.oneOf('onFailure', ['tag', 'dead'], 'tag') === 'dead'
  const failed = (record: ConsumedRecord, why: string): void => {
    if (isDead) throw new LogflumeError('SINK', `mutate: ${why}`)
    addTag(record.fields, TAG)
  }
  const changes: readonly Change[] = [
    ...each(reader, 'rename', isName, 'a name', rename),
    ...each(reader, 'update', isValue, VALUE, update),
    ...each(reader, 'set', isValue, VALUE, set),
    ...each(reader, 'convert', isType, 'integer, float, string or boolean', (name, type) =>
      change(name, (value, record) => {
        const converted = convertAll(value, type)
        if (converted === undefined) failed(record, `${name} cannot be converted to ${type}`)
        return converted ?? value
      }),
    ),
    ...each(reader, 'gsub', isReplacement, 'an expression or text, and what replaces it', gsub),
    ...names(reader, 'uppercase', (text) => text.toUpperCase()),
    ...names(reader, 'lowercase', (text) => text.toLowerCase()),
    ...names(reader, 'strip', (text) => text.trim()),
    ...each(reader, 'split', isText, 'a text that stands between', (name, between) =>
      change(name, (value) => (typeof value === 'string' ? value.split(between) : value)),
    ),
    ...each(reader, 'join', isText, 'a text to put between', (name, between) =>
      change(name, (value) =>
        Array.isArray(value) ? value.map((one) => toText(one) ?? JSON.stringify(one)).join(between) : value,
      ),
    ),
    ...each(reader, 'copy', isName, 'a name', copy),
    ...each(reader, 'add', isValue, VALUE, add),
    ...(reader.has('remove') ? reader.strings('remove') : []).map((name): Change => (record) => {
      if (record.get(name) !== undefined) removeField(record.fields, name)
    }),
  ]
  return step(reader, (record) => {
    for (const one of changes) one(record)
    return record
  })
}

/** The changes of one option: an object of names, each with what belongs to it. */
function each<T>(
  reader: OptionReader,
  option: string,
  isRight: (value: unknown) => value is T,
  expected: string,
  make: (name: string, value: T) => Change,
): Change[] {
  const value = reader.raw(option)
  if (value === undefined) return []
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse(reader.at(option), `an object of fields, each with ${expected}`, value)
  return Object.entries(value).map(([name, one]: [string, unknown]) => {
    if (!isRight(one)) refuse(`${reader.at(option)}.${name}`, expected, one)
    return make(name, one)
  })
}

/** Of a list, each text in it. */
function names(reader: OptionReader, option: string, of: (text: string) => string): Change[] {
  const list = reader.has(option) ? reader.strings(option) : []
  return list.map((name) =>
    change(name, (value) => (Array.isArray(value) ? value.map((one) => texts(one, of)) : texts(value, of))),
  )
}

function texts(value: unknown, of: (text: string) => string): unknown {
  return typeof value === 'string' ? of(value) : value
}

/** Of a field that is there; one that stays the same is not set, so that the record keeps its text. */
function change(name: string, of: (value: unknown, record: ConsumedRecord) => unknown): Change {
  return (record) => {
    const value = record.get(name)
    if (value === undefined) return
    const changed = of(value, record)
    if (changed !== value) setField(record.fields, name, changed)
  }
}

function rename(from: string, to: string): Change {
  return (record) => {
    const value = record.get(from)
    if (value === undefined) return
    const fields = record.fields
    removeField(fields, from)
    setField(fields, to, value)
  }
}

function copy(from: string, to: string): Change {
  return (record) => {
    const value = record.get(from)
    // A list or an object of its own: what happens to one must not happen to the other.
    if (value !== undefined)
      setField(record.fields, to, typeof value === 'object' ? structuredClone(value) : value)
  }
}

const VALUE = 'a text, a number, a boolean, null or a function (record) => value'

function valueOf(value: Value, record: ConsumedRecord): unknown {
  return typeof value === 'function' ? value(record) : value
}

function update(name: string, value: Value): Change {
  return (record) => {
    if (record.get(name) !== undefined) setField(record.fields, name, valueOf(value, record))
  }
}

function set(name: string, value: Value): Change {
  return (record) => setField(record.fields, name, valueOf(value, record))
}

function add(name: string, value: Value): Change {
  return (record) => {
    const before = record.get(name)
    const added = valueOf(value, record)
    const list = Array.isArray(before) ? (before as unknown[]) : [before]
    setField(record.fields, name, before === undefined ? added : [...list, added])
  }
}

function gsub(name: string, [find, replacement]: readonly [RegExp | string, string]): Change {
  const pattern =
    typeof find === 'string' ? find : new RegExp(find.source, `${find.flags.replace(/[gy]/g, '')}g`)
  const of = (text: string): string =>
    // A text is found as it is, and also replaced by just that: `$&` means something to expressions only.
    typeof pattern === 'string'
      ? text.replaceAll(pattern, () => replacement)
      : text.replace(pattern, replacement)
  return change(name, (value) =>
    Array.isArray(value) ? value.map((one) => texts(one, of)) : texts(value, of),
  )
}

function convertAll(value: unknown, type: ConvertTo): unknown {
  if (!Array.isArray(value)) return convert(value, type)
  const list = value.map((one) => convert(one, type))
  return list.includes(undefined) ? undefined : list
}

/** Undefined where it cannot be. */
function convert(value: unknown, type: ConvertTo): unknown {
  const text = toText(value)
  if (text === undefined) return undefined
  switch (type) {
    case 'string':
      return text
    case 'boolean':
      if (/^(?:true|t|yes|y|on|1)$/i.test(text)) return true
      return /^(?:false|f|no|n|off|0|)$/i.test(text) ? false : undefined
    case 'integer':
    case 'float': {
      if (typeof value === 'boolean') return Number(value)
      const number = text.trim() === '' ? Number.NaN : Number(text.replaceAll(',', ''))
      if (!Number.isFinite(number)) return undefined
      if (type === 'float') return number
      const whole = Math.trunc(number)
      // With more digits it would be another number.
      return Number.isSafeInteger(whole) ? whole : undefined
    }
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isValue(value: unknown): value is Value {
  return value === null || ['string', 'number', 'boolean', 'function'].includes(typeof value)
}

function isType(value: unknown): value is ConvertTo {
  return ['integer', 'float', 'string', 'boolean'].includes(value as string)
}

function isReplacement(value: unknown): value is readonly [RegExp | string, string] {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [find, replacement] = value as unknown[]
  return (isRegExp(find) || (typeof find === 'string' && find !== '')) && typeof replacement === 'string'
}
