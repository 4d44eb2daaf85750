import { OptionReader, refuse } from '../options.ts'
import { setField, Target } from './fields.ts'
import { parser, type ParserOptions, type SyncTransform } from './step.ts'

export interface CsvOptions extends ParserOptions {
  /** Names of the columns; an empty one leaves its column out; those behind the last are `column4` and so on. */
  readonly columns?: readonly string[]
  /** @default ',' */
  readonly separator?: string
  /** @default '"' */
  readonly quote?: string
  /** Whether columns without text are left out. @default false */
  readonly skipEmpty?: boolean
  /** @default the record itself */
  readonly target?: string
}

/** Reads a line of comma-separated values, with quotes as RFC 4180 has them. */
export function csv(options: CsvOptions = {}): SyncTransform {
  const reader = new OptionReader('csv', options)
  const columns = reader.raw('columns') ?? []
  if (!Array.isArray(columns) || !columns.every((column): column is string => typeof column === 'string'))
    refuse(reader.at('columns'), 'an array of names', columns)
  const names: readonly string[] = columns
  const separator = reader.string('separator', ',')
  const quote = reader.string('quote', '"')
  if (quote.length !== 1 || separator.includes(quote))
    refuse(reader.at('quote'), 'one character that is not in the separator', quote)
  const skipEmpty = reader.boolean('skipEmpty', false)
  const target = new Target(reader.has('target') ? reader.string('target') : undefined)

  return parser(reader, 'csv', '_csvparsefailure', (record, text) => {
    const values = readValues(text, separator, quote)
    if (values === undefined) return { why: 'a quote that does not end, or ends too early' }
    const fields = target.in(record)
    values.forEach((value, index) => {
      const name = names[index] ?? `column${index + 1}`
      if (name !== '' && !(skipEmpty && value === '')) setField(fields, name, value)
    })
    return undefined
  })
}

/** Undefined where quotes are not in order. */
function readValues(text: string, separator: string, quote: string): string[] | undefined {
  if (!text.includes(quote)) return text.split(separator)
  const values: string[] = []
  for (let at = 0; ; at += separator.length) {
    if (text.charAt(at) === quote) {
      const end = closing(text, at + 1, quote)
      if (end === -1) return undefined
      values.push(text.slice(at + 1, end).replaceAll(quote + quote, quote))
      at = end + 1
    } else {
      const end = text.indexOf(separator, at)
      values.push(text.slice(at, end === -1 ? undefined : end))
      at = end === -1 ? text.length : end
    }
    if (at >= text.length) return values
    if (!text.startsWith(separator, at)) return undefined
  }
}

/** Where the quote is that is not one of two. */
function closing(text: string, at: number, quote: string): number {
  for (;;) {
    const end = text.indexOf(quote, at)
    if (end === -1 || text.charAt(end + 1) !== quote) return end
    at = end + 2
  }
}
