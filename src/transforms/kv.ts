import { OptionReader } from '../options.ts'
import type { Fields } from '../record.ts'
import { put, Target } from './fields.ts'
import { parser, type ParserOptions, type SyncTransform } from './step.ts'

export interface KvOptions extends ParserOptions {
  /** Characters each of which ends a pair. @default ' ' */
  readonly fieldSplit?: string
  /** Characters each of which ends a name. @default '=' */
  readonly valueSplit?: string
  /** Characters taken off both ends of names. @default none */
  readonly trimKey?: string
  /** Characters taken off both ends of values; quotes around a value go in any case. @default none */
  readonly trimValue?: string
  /** What each name gets in front. @default '' */
  readonly prefix?: string
  /** Only these names. @default all */
  readonly include?: readonly string[]
  /** All but these names. @default none */
  readonly exclude?: readonly string[]
  /** Pairs of one record that are read; the others are left out, and the record is tagged. @default 1000 */
  readonly maxPairs?: number
  /** @default the record itself */
  readonly target?: string
}

/** Reads `name=value name="another value"`, as logfmt has it. */
export function kv(options: KvOptions = {}): SyncTransform {
  const reader = new OptionReader('kv', options)
  const fieldSplit = new Set(reader.string('fieldSplit', ' '))
  const valueSplit = new Set(reader.string('valueSplit', '='))
  const trimKey = new Set(reader.has('trimKey') ? reader.string('trimKey') : '')
  const trimValue = new Set(reader.has('trimValue') ? reader.string('trimValue') : '')
  const prefix = reader.has('prefix') ? reader.string('prefix') : ''
  const include = reader.has('include') ? new Set(reader.strings('include')) : undefined
  const exclude = reader.has('exclude') ? new Set(reader.strings('exclude')) : undefined
  const maxPairs = reader.integer('maxPairs', 1000, { min: 1 })
  const target = new Target(reader.has('target') ? reader.string('target') : undefined)

  return parser(reader, 'kv', '_kvparsefailure', (record, text) => {
    const pairs = readPairs(text, fieldSplit, valueSplit, maxPairs + 1)
    if (pairs.length === 0) return { why: 'no pair of a name and a value' }
    const fields = target.in(record)
    const seen = new Set<string>()
    for (const [key, value] of pairs.slice(0, maxPairs)) {
      const name = trim(key, trimKey)
      if (name === '' || include?.has(name) === false || exclude?.has(name) === true) continue
      set(fields, seen, prefix + name, trim(value, trimValue))
    }
    return pairs.length > maxPairs ? { why: `more than ${maxPairs} pairs` } : undefined
  })
}

/** A name that comes twice has all its values. */
function set(fields: Fields, seen: Set<string>, name: string, value: string): void {
  if (!seen.has(name)) {
    seen.add(name)
    put(fields, name, value)
    return
  }
  const before = fields[name]
  put(fields, name, Array.isArray(before) ? [...(before as unknown[]), value] : [before, value])
}

function trim(text: string, chars: ReadonlySet<string>): string {
  if (chars.size === 0) return text
  let start = 0
  let end = text.length
  while (start < end && chars.has(text.charAt(start))) start++
  while (end > start && chars.has(text.charAt(end - 1))) end--
  return text.slice(start, end)
}

/** Words without a value are no pairs. */
function readPairs(
  text: string,
  fieldSplit: ReadonlySet<string>,
  valueSplit: ReadonlySet<string>,
  most: number,
): [string, string][] {
  const pairs: [string, string][] = []
  let at = 0
  while (at < text.length && pairs.length < most) {
    const start = at
    while (at < text.length && !fieldSplit.has(text.charAt(at)) && !valueSplit.has(text.charAt(at))) at++
    if (at >= text.length || !valueSplit.has(text.charAt(at))) {
      at++
      continue
    }
    const key = text.slice(start, at)
    const [value, end] = readValue(text, at + 1, fieldSplit)
    at = end + 1
    if (key !== '') pairs.push([key, value])
  }
  return pairs
}

function readValue(text: string, at: number, fieldSplit: ReadonlySet<string>): [value: string, end: number] {
  const quote = text.charAt(at)
  if (quote === '"' || quote === "'") {
    const quoted = readQuoted(text, at, quote)
    // A quote in the middle of a value is a part of it.
    if (quoted !== undefined && (quoted[1] >= text.length || fieldSplit.has(text.charAt(quoted[1]))))
      return quoted
  }
  let end = at
  while (end < text.length && !fieldSplit.has(text.charAt(end))) end++
  return [text.slice(at, end), end]
}

/** Undefined where the quote does not end. */
function readQuoted(text: string, at: number, quote: string): [value: string, end: number] | undefined {
  let value = ''
  for (let from = at + 1, end = from; end < text.length; end++) {
    const char = text.charAt(end)
    if (char === quote) return [value + text.slice(from, end), end + 1]
    const next = text.charAt(end + 1)
    if (char === '\\' && (next === quote || next === '\\')) {
      value += text.slice(from, end) + next
      from = end + 2
      end++
    }
  }
  return undefined
}
