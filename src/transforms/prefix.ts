import { OptionReader } from '../options.ts'
import { setField } from './fields.ts'
import { parser, type ParserOptions, type SyncTransform } from './step.ts'

export interface PrefixOptions extends ParserOptions {
  /** What the parts in front are called. @default ['service', 'module'] */
  readonly names?: readonly string[]
  /** @default '##$$##' */
  readonly separator?: string
  /** The field that gets the rest, in which the separator may come again. @default the source */
  readonly target?: string
}

/** Reads `service##$$##module##$$##text`, as shippers put it in front of lines for Flume. */
export function prefix(options: PrefixOptions = {}): SyncTransform {
  const reader = new OptionReader('prefix', options)
  const names = reader.strings('names', ['service', 'module'])
  const separator = reader.string('separator', '##$$##')
  const target = reader.has('target') ? reader.string('target') : reader.string('source', 'message')

  return parser(reader, 'prefix', '_prefixparsefailure', (record, text) => {
    const values: string[] = []
    let at = 0
    while (values.length < names.length) {
      const end = text.indexOf(separator, at)
      if (end === -1) return { why: `fewer than ${names.length} parts before the text` }
      values.push(text.slice(at, end))
      at = end + separator.length
    }
    const fields = record.fields
    names.forEach((name, index) => setField(fields, name, values[index]))
    setField(fields, target, text.slice(at))
    return undefined
  })
}
