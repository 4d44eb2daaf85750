import { OptionReader, refuse } from '../options.ts'
import type { Fields } from '../record.ts'
import { setField, Target } from './fields.ts'
import { library } from './grok/library.ts'
import { Matcher, TooLong } from './grok/matcher.ts'
import { parsePattern, PatternError, type FindPattern } from './grok/parse.ts'
import type { CaptureType, Pattern } from './grok/pattern.ts'
import { parser, type ParserOptions, type SyncTransform } from './step.ts'

export interface GrokOptions extends ParserOptions {
  /**
   * A pattern as Logstash has it, or several, of which the first that matches counts: `%{NAME}`,
   * `%{NAME:field}`, `%{NAME:[nested][field]}` (which is `nested.field`), `%{NAME:field:int}` or `:float`,
   * `(?<field>...)`, and regular expressions around them.
   */
  readonly match: string | readonly string[]
  /** Patterns of your own, also in place of those of the library: by name, or as text with `NAME pattern` lines. */
  readonly patterns?: Readonly<Record<string, string>> | string
  /** Whether captures without text become fields. @default false */
  readonly keepEmpty?: boolean
  /** Milliseconds that a pattern gets for a text; then the record is tagged `_groktimeout`. @default 100 */
  readonly timeLimit?: number
  /** @default the record itself */
  readonly target?: string
}

/** Takes a text apart with named patterns, those of Logstash among them, in a time that is limited whatever the text is. */
export function grok(options: GrokOptions): SyncTransform {
  const reader = new OptionReader('grok', options)
  const timeLimit = reader.integer('timeLimit', 100, { min: 1 })
  const keepEmpty = reader.boolean('keepEmpty', false)
  const target = new Target(reader.has('target') ? reader.string('target') : undefined)
  const find = finder(readOwn(reader))
  const match = reader.raw('match')
  const sources = typeof match === 'string' ? [reader.string('match')] : reader.strings('match')
  const matchers = sources.map((source) => {
    try {
      return new Matcher(parsePattern(source, find), timeLimit)
    } catch (error) {
      if (!(error instanceof PatternError)) throw error
      return refuse(reader.at('match'), `a pattern that can be read (${error.message})`, source)
    }
  })

  return parser(reader, 'grok', '_grokparsefailure', (record, text) => {
    try {
      for (const matcher of matchers) {
        if (!matcher.matches(text)) continue
        fill(target.in(record), matcher, keepEmpty)
        return undefined
      }
    } catch (error) {
      if (!(error instanceof TooLong)) throw error
      return { why: `the pattern took longer than ${timeLimit} ms`, tag: '_groktimeout' }
    }
    return { why: 'no pattern matches' }
  })
}

function fill(fields: Fields, matcher: Matcher, keepEmpty: boolean): void {
  const { slots } = matcher
  let seen: Map<string, unknown> | undefined
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index]
    const text = matcher.captured(index)
    if (slot === undefined || text === undefined || (text === '' && !keepEmpty)) continue
    const value = slot.type === 'string' ? text : convert(text, slot.type)
    if (!slot.isShared) {
      setField(fields, slot.field, value)
      continue
    }
    // Several captures of one name, of which more than one took part: all of them.
    seen ??= new Map()
    const before = seen.get(slot.field)
    const all =
      before === undefined
        ? value
        : Array.isArray(before)
          ? [...(before as unknown[]), value]
          : [before, value]
    seen.set(slot.field, all)
    setField(fields, slot.field, all)
  }
}

/** A text that is none of that type stays one, as does a number with more digits than JavaScript's have. */
function convert(text: string, type: CaptureType): unknown {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  const number = Number(text)
  if (!Number.isFinite(number) || text.trim() === '') return text
  if (type === 'float') return number
  const whole = Math.trunc(number)
  return Number.isSafeInteger(whole) ? whole : text
}

function readOwn(reader: OptionReader): ReadonlyMap<string, string> {
  const patterns = reader.raw('patterns') ?? {}
  const own = new Map<string, string>()
  if (typeof patterns === 'string') {
    const [wrong] = addLines(own, patterns)
    if (wrong !== undefined)
      refuse(reader.at('patterns'), `lines like NAME pattern, and no ${wrong.slice(0, 60)}`, patterns)
  } else if (typeof patterns === 'object' && !Array.isArray(patterns)) {
    for (const [name, source] of Object.entries(patterns) as [string, unknown][]) {
      if (typeof source !== 'string') refuse(`${reader.at('patterns')}.${name}`, 'a pattern', source)
      own.set(name, source)
    }
  } else refuse(reader.at('patterns'), 'patterns by their names, or `NAME pattern` lines', patterns)
  for (const [name, source] of own) {
    try {
      finder(own)(name)
    } catch (error) {
      if (!(error instanceof PatternError)) throw error
      refuse(`${reader.at('patterns')}.${name}`, `a pattern that can be read (${error.message})`, source)
    }
  }
  return own
}

const standard = new Map<string, string>()

function finder(own: ReadonlyMap<string, string>): FindPattern {
  if (standard.size === 0) for (const lines of library) addLines(standard, lines)
  const read = new Map<string, Pattern>()
  const open = new Set<string>()
  const find: FindPattern = (name) => {
    const known = read.get(name)
    if (known !== undefined) return known
    const source = own.get(name) ?? standard.get(name)
    if (source === undefined) return undefined
    if (open.has(name)) throw new PatternError(`%{${name}}, which is a part of itself,`, 0, source)
    open.add(name)
    const pattern = parsePattern(source, find)
    open.delete(name)
    read.set(name, pattern)
    return pattern
  }
  return find
}

/** Gives back the lines that are neither patterns nor empty nor remarks. */
function addLines(patterns: Map<string, string>, lines: string): string[] {
  return lines.split(/\r?\n/).filter((line) => {
    const [, name, source] = /^\s*([\w-]+)\s+(.*)$/.exec(line) ?? []
    if (name === undefined || source === undefined) return !/^\s*(?:#|$)/.test(line)
    patterns.set(name, source)
    return false
  })
}
