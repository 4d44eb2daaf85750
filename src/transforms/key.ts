import type { ConsumedRecord } from '../consume/record.ts'
import type { OptionReader } from '../options.ts'
import { readField } from '../record-field.ts'

/** A field, several, or a function. */
export type KeyOption = string | readonly string[] | ((record: ConsumedRecord) => string)

export type Key = (record: ConsumedRecord) => string

/** Undefined where there is neither the option nor a fallback. */
export function keyReader(reader: OptionReader, option: string, fallback: string): Key
export function keyReader(reader: OptionReader, option: string): Key | undefined
export function keyReader(reader: OptionReader, option: string, fallback?: string): Key | undefined {
  const value = reader.raw(option) ?? fallback
  if (value === undefined) return undefined
  if (typeof value === 'function') {
    const make = value as (record: ConsumedRecord) => unknown
    return (record) => part(make(record))
  }
  const [first = '', ...others] =
    typeof value === 'string' ? [reader.string(option, fallback)] : reader.strings(option)
  if (others.length === 0) return (record) => part(readField(record, first))
  const names = [first, ...others]
  // As JSON, so that no two lists of values are one key.
  return (record) => JSON.stringify(names.map((name) => part(readField(record, name))))
}

function part(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '')
}
