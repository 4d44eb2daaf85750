import { refuse } from '../../options.ts'
import { monthNames, readName, weekdayNames } from './names.ts'
import { readOffset, readZone, utc, type Zone } from './zone.ts'

/** Milliseconds since 1970; undefined where the text is not like the format. `now` decides on a year that is not there. */
export type ReadDate = (text: string, now: number) => number | undefined

interface Parts {
  year: number | undefined
  month: number
  day: number
  dayOfYear: number | undefined
  /** 0 to 23, or of half a day. */
  hour: number
  half: 'am' | 'pm' | undefined
  minute: number
  second: number
  /** Milliseconds; of more digits than three the others are cut off. */
  fraction: number
  zone: Zone | undefined
}

/** Reads its piece at a place of the text; where the piece ends, or -1. */
type Piece = (text: string, at: number, parts: Parts) => number

const DAY = 86_400_000
const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?(?: ?(Z|[+-]\d\d(?::?\d\d)?))?)?$/i

/** Compiles a format. */
export function readDateFormat(option: string, format: string, zone: Zone, locale: string): ReadDate {
  if (format === 'ISO8601') return (text) => readIso(text, zone)
  if (format === 'UNIX') return (text) => readNumber(text, 1000)
  if (format === 'UNIX_MS') return (text) => readNumber(text, 1)
  const pieces = readPattern(option, format, locale)
  return (text, now) => {
    const parts: Parts = {
      year: undefined,
      month: 1,
      day: 1,
      dayOfYear: undefined,
      hour: 0,
      half: undefined,
      minute: 0,
      second: 0,
      fraction: 0,
      zone: undefined,
    }
    let at = 0
    for (const piece of pieces) {
      at = piece(text, at, parts)
      if (at < 0) return undefined
    }
    return at === text.length ? toTime(parts, zone, now) : undefined
  }
}

function readNumber(text: string, factor: number): number | undefined {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Math.round(Number(text) * factor) : undefined
}

function readIso(text: string, zone: Zone): number | undefined {
  const found = ISO.exec(text)
  if (found === null) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = found
  const parts: Parts = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    dayOfYear: undefined,
    hour: Number(hour),
    half: undefined,
    minute: Number(minute),
    second: Number(second),
    fraction: Number(fraction.padEnd(3, '0').slice(0, 3)),
    zone: offset === undefined ? undefined : readZone(offset.toUpperCase()),
  }
  return offset !== undefined && parts.zone === undefined ? undefined : toTime(parts, zone, 0)
}

function toTime(parts: Parts, zone: Zone, now: number): number | undefined {
  const ownZone = parts.zone ?? zone
  if (parts.year !== undefined) return inYear(parts, parts.year, ownZone)
  const thisYear = new Date(now).getUTCFullYear()
  let nearest: number | undefined
  for (const year of [thisYear - 1, thisYear, thisYear + 1]) {
    const time = inYear(parts, year, ownZone)
    if (time === undefined) continue // the 29th of February
    if (nearest === undefined || Math.abs(time - now) < Math.abs(nearest - now)) nearest = time
  }
  return nearest
}

/** Undefined where there is no such day or hour. */
function inYear(parts: Parts, year: number, zone: Zone): number | undefined {
  const { dayOfYear, month, day, half, minute, second, fraction } = parts
  let { hour } = parts
  if (half !== undefined) {
    if (hour > 12) return undefined
    hour = (hour % 12) + (half === 'pm' ? 12 : 0)
  }
  // A second 60 is a leap second, which is the next one to everybody else.
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const midnight = dayOfYear === undefined ? utc(year, month, day, 0, 0, 0) : utc(year, 1, dayOfYear, 0, 0, 0)
  const there = new Date(midnight)
  if (there.getUTCFullYear() !== year) return undefined
  if (dayOfYear === undefined && (there.getUTCMonth() + 1 !== month || there.getUTCDate() !== day))
    return undefined
  return zone(midnight + hour * 3_600_000 + minute * 60_000 + second * 1000) + fraction
}

/** Letters that stand for digits: how many there are at most, and what is done with their number. */
const numbers: Readonly<
  Record<string, readonly [digits: number, put: (parts: Parts, value: number) => boolean]>
> = {
  y: [9, (parts, value) => ((parts.year = value), true)],
  M: [2, (parts, value) => ((parts.month = value), value >= 1 && value <= 12)],
  d: [2, (parts, value) => ((parts.day = value), value >= 1)],
  D: [3, (parts, value) => ((parts.dayOfYear = value), value >= 1)],
  H: [2, (parts, value) => ((parts.hour = value), true)],
  k: [2, (parts, value) => ((parts.hour = value % 24), value >= 1 && value <= 24)],
  K: [2, (parts, value) => ((parts.hour = value), value <= 11)],
  h: [2, (parts, value) => ((parts.hour = value), value >= 1 && value <= 12)],
  m: [2, (parts, value) => ((parts.minute = value), true)],
  s: [2, (parts, value) => ((parts.second = value), true)],
  e: [1, (_, value) => value <= 7],
}
const aliases: Readonly<Record<string, string>> = { Y: 'y', u: 'y', x: 'y' }

interface Token {
  readonly letter: string | undefined
  readonly count: number
  readonly literal: string
}

function readPattern(option: string, format: string, locale: string): Piece[] {
  const tokens = [...format.matchAll(/'((?:[^']|'')*)('?)|([A-Za-z])\3*|[^A-Za-z']+/g)].map(
    ({ 0: found, 1: quoted, 2: end, 3: letter, index }): Token => {
      if (quoted !== undefined && end === '')
        refuse(option, `a quote that ends, at character ${index + 1}`, format)
      if (quoted !== undefined)
        return { letter: undefined, count: 0, literal: quoted === '' ? "'" : quoted.replaceAll("''", "'") }
      if (letter === undefined) return { letter, count: 0, literal: found }
      const known = aliases[letter] ?? letter
      if (!(known in numbers) && !'EaSZzX'.includes(known))
        refuse(
          option,
          `ISO8601, UNIX, UNIX_MS or a letter of Java's formats at character ${index + 1}`,
          format,
        )
      return { letter: known, count: found.length, literal: '' }
    },
  )
  const has = (letter: string): boolean => tokens.some((token) => token.letter === letter)
  if (!has('D') && !(has('d') && has('M'))) refuse(option, 'a format that has the day and the month', format)
  return tokens.map((token, index) => readToken(token, tokens[index + 1], locale))
}

function readToken({ letter, count, literal }: Token, next: Token | undefined, locale: string): Piece {
  switch (letter) {
    case undefined:
      return readLiteral(literal)
    case 'E':
      return readName(weekdayNames(locale), () => undefined)
    case 'a':
      return readHalf
    case 'S':
      return readFraction(isDigits(next) ? count : 9)
    case 'Z':
    case 'z':
    case 'X':
      return readZonePiece
    default: {
      if (letter === 'M' && count > 2)
        return readName<Parts>(monthNames(locale), (parts, month) => (parts.month = month + 1))
      const [most, put] = numbers[letter] ?? [0, () => false]
      const isShortYear = letter === 'y' && count === 2
      // Digits that others follow at once are as many as there are letters.
      const digits = isDigits(next) || isShortYear ? count : Math.max(most, count)
      return readDigits(isDigits(next) || isShortYear ? count : 1, digits, (parts, value) =>
        // As POSIX has it: 69 to 99 are of the last century.
        put(parts, isShortYear ? value + (value < 69 ? 2000 : 1900) : value),
      )
    }
  }
}

function isDigits(token: Token | undefined): boolean {
  if (token?.letter === undefined) return false
  return token.letter === 'S' || (token.letter in numbers && !(token.letter === 'M' && token.count > 2))
}

function readDigits(least: number, most: number, put: (parts: Parts, value: number) => boolean): Piece {
  return (text, at, parts) => {
    let value = 0
    let end = at
    for (; end < at + most; end++) {
      const digit = text.charCodeAt(end) - 48
      if (!(digit >= 0 && digit <= 9)) break
      value = value * 10 + digit
    }
    return end - at >= least && put(parts, value) ? end : -1
  }
}

function readFraction(most: number): Piece {
  return (text, at, parts) => {
    let end = at
    let milliseconds = 0
    for (let unit = 100; end < at + most; end++, unit /= 10) {
      const digit = text.charCodeAt(end) - 48
      if (!(digit >= 0 && digit <= 9)) break
      if (unit >= 1) milliseconds += digit * unit
    }
    parts.fraction = milliseconds
    return end > at ? end : -1
  }
}

/** A run of spaces is as good as any other: days below ten are padded with one more. */
function readLiteral(literal: string): Piece {
  const words = literal.split(/ +/)
  return (text, at) => {
    for (const [index, word] of words.entries()) {
      if (index > 0) {
        if (text.charAt(at) !== ' ') return -1
        while (text.charAt(at) === ' ') at++
      }
      if (!text.startsWith(word, at)) return -1
      at += word.length
    }
    return at
  }
}

const readHalf: Piece = (text, at, parts) => {
  const found = /^(?:am|pm|a\.m\.|p\.m\.)/i.exec(text.slice(at, at + 4))
  if (found === null) return -1
  parts.half = found[0].toLowerCase().startsWith('a') ? 'am' : 'pm'
  return at + found[0].length
}

/** Hours behind UTC of the zones that mail has names for, and of a few that clocks in Europe go by. */
const abbreviations: Readonly<Record<string, number>> = {
  UTC: 0,
  UT: 0,
  GMT: 0,
  WET: 0,
  WEST: -1,
  CET: -1,
  MET: -1,
  CEST: -2,
  MEST: -2,
  EET: -2,
  EEST: -3,
  MSK: -3,
  EST: 5,
  EDT: 4,
  CST: 6,
  CDT: 5,
  MST: 7,
  MDT: 6,
  PST: 8,
  PDT: 7,
}
/** Zones by name that were asked for in texts; a text may make names up. */
const zones = new Map<string, Zone | undefined>()
const MAX_ZONES = 1000

const readZonePiece: Piece = (text, at, parts) => {
  const [name = ''] = /^(?:[+-]\d\d(?::?\d\d)?|[A-Za-z][\w/+-]*)/.exec(text.slice(at, at + 40)) ?? []
  if (name === '') return -1
  parts.zone = zoneByName(name)
  return parts.zone === undefined ? -1 : at + name.length
}

function zoneByName(name: string): Zone | undefined {
  if (zones.has(name)) return zones.get(name)
  const behind = abbreviations[name.toUpperCase()]
  const offset = behind === undefined ? readOffset(name) : -behind * (DAY / 24)
  const zone = offset === undefined ? (name.includes('/') ? readZone(name) : undefined) : fixed(offset)
  if (zones.size >= MAX_ZONES) zones.clear()
  zones.set(name, zone)
  return zone
}

function fixed(offset: number): Zone {
  return (shown) => shown - offset
}
