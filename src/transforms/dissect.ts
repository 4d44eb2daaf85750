import { OptionReader, refuse } from '../options.ts'
import { setField, Target } from './fields.ts'
import { parser, type ParserOptions, type SyncTransform } from './step.ts'

export interface DissectOptions extends ParserOptions {
  /**
   * As in `%{ip} - %{user} [%{time}] %{?ignored} %{message}`: what stands between two texts is the field's.
   * `%{+name}` appends to `name`, in the order of `%{+name/2}` where that is given; `%{name->}` takes the
   * text behind it as often as it comes; `%{*n}` and `%{&n}` of one `n` are a field's name and its value.
   */
  readonly pattern: string
  /** @default the record itself */
  readonly target?: string
  /** What `%{+name}` puts between. @default ' ' */
  readonly appendSeparator?: string
}

type Kind = 'field' | 'append' | 'skip' | 'name' | 'value'

interface Part {
  readonly kind: Kind
  readonly name: string
  readonly order: number
  /** Takes the text behind it as often as it comes. */
  readonly isPadded: boolean
  /** The text behind it; empty at the end. */
  readonly until: string
}

const kinds: Readonly<Record<string, Kind>> = { '+': 'append', '?': 'skip', '*': 'name', '&': 'value' }

/** Cuts a text at fixed texts, which is faster than a regular expression and simpler to write. */
export function dissect(options: DissectOptions): SyncTransform {
  const reader = new OptionReader('dissect', options)
  const pattern = reader.string('pattern')
  const [prefix, parts] = readPattern(reader.at('pattern'), pattern)
  const separator = reader.has('appendSeparator') ? String(reader.raw('appendSeparator')) : ' '
  const target = new Target(reader.has('target') ? reader.string('target') : undefined)
  const isPlain = parts.every(({ kind }) => kind === 'field' || kind === 'skip')
  return parser(reader, 'dissect', '_dissectfailure', (record, text) => {
    const values = cut(text, prefix, parts)
    if (values === undefined) return { why: `the text is not like ${pattern}` }
    const fields = target.in(record)
    if (isPlain) {
      parts.forEach(({ kind, name }, index) => {
        if (kind === 'field') setField(fields, name, values[index])
      })
    } else {
      for (const [name, value] of join(parts, values, separator)) setField(fields, name, value)
    }
    return undefined
  })
}

function readPattern(option: string, pattern: string): [prefix: string, parts: Part[]] {
  const found = [...pattern.matchAll(/%\{([+?*&]?)([^{}/>]*?)(?:\/(\d+))?(->)?\}/g)]
  const [first] = found
  if (first === undefined || pattern.replace(/%\{[^{}]*\}/g, '').includes('%{'))
    refuse(option, 'a pattern like %{first} %{second}', pattern)
  const parts = found.map((part, index): Part => {
    const [all, sign = '', name = '', order, arrow] = part
    const next = found[index + 1]
    const until = pattern.slice(part.index + all.length, next?.index)
    if (until === '' && next !== undefined)
      refuse(option, `a text between ${all} and ${next[0]}, since nothing tells where one ends`, pattern)
    const kind = kinds[sign] ?? (name === '' ? 'skip' : 'field')
    if (name === '' && kind !== 'skip') refuse(option, `a name in ${all}`, pattern)
    return { kind, name, order: Number(order ?? index), isPadded: arrow !== undefined, until }
  })
  if (parts.length < (pattern.match(/%\{/g) ?? []).length)
    refuse(option, 'fields like %{name}, %{+name/2}, %{?skipped}, %{*n}, %{&n} or %{name->}', pattern)
  for (const { kind, name } of parts) {
    const other = kind === 'name' ? 'value' : kind === 'value' ? 'name' : undefined
    if (other !== undefined && !parts.some((part) => part.kind === other && part.name === name))
      refuse(option, `both %{*${name}} and %{&${name}}`, pattern)
  }
  return [pattern.slice(0, first.index), parts]
}

/** A value for each part; undefined where a text between is missing. */
function cut(text: string, prefix: string, parts: readonly Part[]): string[] | undefined {
  if (!text.startsWith(prefix)) return undefined
  const values: string[] = []
  let at = prefix.length
  for (const { until, isPadded } of parts) {
    if (until === '') {
      values.push(text.slice(at))
      return values
    }
    const end = text.indexOf(until, at)
    if (end === -1) return undefined
    values.push(text.slice(at, end))
    at = end + until.length
    while (isPadded && text.startsWith(until, at)) at += until.length
  }
  return values
}

function join(parts: readonly Part[], values: readonly string[], separator: string): Map<string, string> {
  const fields = new Map<string, string>()
  const ordered = parts.map((part, index) => ({ ...part, value: values[index] ?? '' }))
  ordered.sort((a, b) => (a.kind === 'append' && b.kind === 'append' ? a.order - b.order : 0))
  for (const { kind, name, value } of ordered) {
    const before = fields.get(name)
    if (kind === 'field') fields.set(name, value)
    else if (kind === 'append') fields.set(name, before === undefined ? value : before + separator + value)
    else if (kind === 'name') {
      const pair = ordered.find((part) => part.kind === 'value' && part.name === name)
      fields.set(value, pair?.value ?? '')
    }
  }
  return fields
}
