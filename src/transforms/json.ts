import { OptionReader } from '../options.ts'
import { isObject, put, setField } from './fields.ts'
import { parser, type ParserOptions, type SyncTransform } from './step.ts'

export interface JsonOptions extends ParserOptions {
  /** The field that gets what was read. @default the fields of the object become the record's own */
  readonly target?: string
}

/** Reads a field that has JSON in it. */
export function json(options: JsonOptions = {}): SyncTransform {
  const reader = new OptionReader('json', options)
  const name = reader.has('target') ? reader.string('target') : undefined
  return parser(reader, 'json', '_jsonparsefailure', (record, text) => {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      return { why: error instanceof Error ? error.message : 'no JSON' }
    }
    const fields = record.fields
    if (name !== undefined) setField(fields, name, value)
    else if (isObject(value)) for (const key of Object.keys(value)) put(fields, key, value[key])
    else return { why: 'JSON, but no object' }
    return undefined
  })
}
