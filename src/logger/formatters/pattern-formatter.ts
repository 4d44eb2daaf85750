import { OptionReader, refuse } from '../../options.ts'
import type { Zone } from './date-format.ts'
import { directives, showsStack, takesBraces, type Piece } from './directives.ts'
import type { Formatter } from './formatter.ts'
import { readPattern, type PatternPart } from './pattern-syntax.ts'

export interface PatternOptions {
  /**
   * Whose letters: in log4j `%c` is the logger's whole name and `%p` the level, in Log4r `%C` and `%l`; and
   * Log4r ends each record with a line end, which is `%n` in log4j.
   * @default 'log4j'
   */
  readonly directives?: 'log4j' | 'log4r'
  /**
   * The format of a `%d` without one: a name (`ISO8601`, `ABSOLUTE`, `DATE`), letters of SimpleDateFormat, or
   * of strftime where it has a `%`. @default 'yyyy-MM-dd HH:mm:ss,SSS'; for Log4r '%Y-%m-%d %H:%M:%S'
   */
  readonly datePattern?: string
  /** Whose clock dates are read from. @default 'local' */
  readonly zone?: Zone
  /** Whether the stack of an error follows its record where the pattern has no `%ex`. @default true */
  readonly stack?: boolean
}

/**
 * Formats records by a pattern of log4j or Log4r, as in `'%d{ISO8601} [%p] %c - %m%n'`. Characters that would
 * steer a terminal are shown as `\x1b`.
 *
 * @throws LogflumeError INVALID_OPTION, with the place in the pattern.
 */
export function patternFormatter(pattern: string, options: PatternOptions = {}): Formatter {
  const reader = new OptionReader('options', options)
  const language = reader.oneOf('directives', ['log4j', 'log4r'], 'log4j')
  const dateFormat = reader.string('datePattern', language === 'log4j' ? 'DEFAULT' : '%Y-%m-%d %H:%M:%S')
  const zone = reader.oneOf('zone', ['local', 'utc'], 'local')
  const wantsStack = reader.boolean('stack', true)
  reader.end()
  if (typeof pattern !== 'string') refuse('pattern', 'a text', pattern)

  const known = directives[language]
  const longestFirst = [...known.keys()].sort((a, b) => b.length - a.length)
  const find = (text: string): string => longestFirst.find((name) => text.startsWith(name)) ?? ''
  const parts = readPattern('pattern', pattern, find, (name) => takesBraces(known.get(name)))
  const pieces = parts.map((part): Piece => {
    if ('text' in part) return () => part.text
    const make = known.get(part.directive) ?? refuse('pattern', 'known directives', part.directive)
    return sized(part, make({ option: 'pattern', dateFormat, zone, ...part }), language)
  })
  if (language === 'log4r') pieces.push(() => '\n')
  const hasStack = parts.some((part) => 'directive' in part && showsStack(known.get(part.directive)))
  const stack = known === directives.log4r ? directives.log4j.get('ex') : known.get('ex')
  if (wantsStack && !hasStack && stack !== undefined) {
    pieces.push(stack({ option: 'pattern', dateFormat, zone, braces: [], at: 0 }))
  }
  return (record) => {
    let text = ''
    for (const piece of pieces) text += piece(record)
    return text
  }
}

type SizedPart = Extract<PatternPart, { directive: string }>

/** log4j cuts a text that is too long at its start, and at its end where the number is negative; Log4r always there. */
function sized({ width, most }: SizedPart, piece: Piece, language: 'log4j' | 'log4r'): Piece {
  if (width === 0 && most === undefined) return piece
  const least = Math.abs(width)
  return (record) => {
    let text = piece(record)
    if (most !== undefined && text.length > Math.abs(most)) {
      const keepsStart = most < 0 || language === 'log4r'
      text = keepsStart ? text.slice(0, Math.abs(most)) : text.slice(text.length - most)
    }
    return width < 0 ? text.padEnd(least) : text.padStart(least)
  }
}
