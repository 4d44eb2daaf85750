import { refuse } from '../../options.ts'

/** Makes the text of a time, in milliseconds since 1970. */
export type DateFormat = (time: number) => string

/** Whose clock: the machine's or UTC's. */
export type Zone = 'local' | 'utc'

type Field = (parts: DateParts) => string

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const DAY = 86_400_000

/** A time on somebody's clock. */
class DateParts {
  readonly time: number
  readonly #date: Date
  /** Minutes by which the clock is ahead of UTC. */
  readonly offset: number

  constructor(time: number, zone: Zone) {
    this.time = time
    this.offset = zone === 'utc' ? 0 : -new Date(time).getTimezoneOffset()
    // The UTC parts of this date are the parts of that clock.
    this.#date = new Date(time + this.offset * 60_000)
  }

  get year(): number {
    return this.#date.getUTCFullYear()
  }
  /** From 0. */
  get month(): number {
    return this.#date.getUTCMonth()
  }
  get day(): number {
    return this.#date.getUTCDate()
  }
  /** 0 is Sunday. */
  get weekday(): number {
    return this.#date.getUTCDay()
  }
  get hour(): number {
    return this.#date.getUTCHours()
  }
  /** 1 to 12. */
  get hour12(): number {
    return this.hour % 12 || 12
  }
  get minute(): number {
    return this.#date.getUTCMinutes()
  }
  get second(): number {
    return this.#date.getUTCSeconds()
  }
  get millisecond(): number {
    return this.#date.getUTCMilliseconds()
  }
  get dayOfYear(): number {
    return 1 + Math.floor((this.#date.getTime() - new Date(this.#date).setUTCMonth(0, 1)) / DAY)
  }
  get half(): string {
    return this.hour < 12 ? 'AM' : 'PM'
  }
  get dayName(): string {
    return days[this.weekday] ?? ''
  }
  get monthName(): string {
    return months[this.month] ?? ''
  }

  /** `+01:00`; without the colon where `between` is empty. */
  zone(between: string): string {
    const ahead = Math.abs(this.offset)
    return `${this.offset < 0 ? '-' : '+'}${pad(Math.floor(ahead / 60), 2)}${between}${pad(ahead % 60, 2)}`
  }
}

/** A negative number, as a year before Christ, keeps its sign before the zeros. */
function pad(number: number, digits: number): string {
  return number < 0 ? `-${pad(-number, digits)}` : String(number).padStart(digits, '0')
}

/** The letters of Java's SimpleDateFormat, by how many there are of one. */
const letters: Readonly<Record<string, (count: number) => Field>> = {
  y: (count) => (count === 2 ? (at) => pad(Math.abs(at.year) % 100, 2) : (at) => pad(at.year, count)),
  M: (count) => (at) =>
    count > 3 ? at.monthName : count === 3 ? at.monthName.slice(0, 3) : pad(at.month + 1, count),
  d: (count) => (at) => pad(at.day, count),
  D: (count) => (at) => pad(at.dayOfYear, count),
  E: (count) => (at) => (count > 3 ? at.dayName : at.dayName.slice(0, 3)),
  u: (count) => (at) => pad(at.weekday || 7, count),
  a: () => (at) => at.half,
  H: (count) => (at) => pad(at.hour, count),
  k: (count) => (at) => pad(at.hour || 24, count),
  K: (count) => (at) => pad(at.hour % 12, count),
  h: (count) => (at) => pad(at.hour12, count),
  m: (count) => (at) => pad(at.minute, count),
  s: (count) => (at) => pad(at.second, count),
  // Of a second as many digits as there are letters, which is what log4j does; Node has milliseconds.
  S: (count) => (at) => pad(at.millisecond, 3).padEnd(count, '0').slice(0, count),
  Z: () => (at) => at.zone(''),
  z: () => (at) => (at.offset === 0 ? 'UTC' : `GMT${at.zone(':')}`),
  X: (count) => (at) =>
    at.offset === 0 ? 'Z' : count === 1 ? at.zone('').replace(/00$/, '') : at.zone(count === 2 ? '' : ':'),
}

/** The letters of strftime, as Ruby has them. */
const conversions: Readonly<Record<string, Field>> = {
  Y: (at) => pad(at.year, 4),
  C: (at) => pad(Math.floor(at.year / 100), 2),
  y: (at) => pad(Math.abs(at.year) % 100, 2),
  m: (at) => pad(at.month + 1, 2),
  B: (at) => at.monthName,
  b: (at) => at.monthName.slice(0, 3),
  h: (at) => at.monthName.slice(0, 3),
  d: (at) => pad(at.day, 2),
  e: (at) => String(at.day).padStart(2),
  j: (at) => pad(at.dayOfYear, 3),
  A: (at) => at.dayName,
  a: (at) => at.dayName.slice(0, 3),
  u: (at) => String(at.weekday || 7),
  w: (at) => String(at.weekday),
  H: (at) => pad(at.hour, 2),
  k: (at) => String(at.hour).padStart(2),
  I: (at) => pad(at.hour12, 2),
  l: (at) => String(at.hour12).padStart(2),
  M: (at) => pad(at.minute, 2),
  S: (at) => pad(at.second, 2),
  L: (at) => pad(at.millisecond, 3),
  N: (at) => pad(at.millisecond, 3).padEnd(9, '0'),
  p: (at) => at.half,
  P: (at) => at.half.toLowerCase(),
  z: (at) => at.zone(''),
  Z: (at) => (at.offset === 0 ? 'UTC' : at.zone(':')),
  s: (at) => String(Math.floor(at.time / 1000)),
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
}

/** What strftime has one letter for and writes with others. */
const shorthands: Readonly<Record<string, string>> = {
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  R: '%H:%M',
  D: '%m/%d/%y',
  x: '%m/%d/%y',
  c: '%a %b %e %H:%M:%S %Y',
}

/** log4j's formats that have a name. */
const named: Readonly<Record<string, string>> = {
  DEFAULT: 'yyyy-MM-dd HH:mm:ss,SSS',
  ISO8601: "yyyy-MM-dd'T'HH:mm:ss,SSS",
  ISO8601_BASIC: "yyyyMMdd'T'HHmmss,SSS",
  ABSOLUTE: 'HH:mm:ss,SSS',
  DATE: 'dd MMM yyyy HH:mm:ss,SSS',
  COMPACT: 'yyyyMMddHHmmssSSS',
}

/**
 * Compiles a date format: a name of log4j's (`ISO8601`, `ABSOLUTE`, `DATE` …), strftime where it has a `%`,
 * else the letters of Java's SimpleDateFormat.
 *
 * @throws LogflumeError INVALID_OPTION, with the place in the format.
 */
export function dateFormat(option: string, format: string, zone: Zone = 'local'): DateFormat {
  if (format === 'UNIX') return (time) => String(Math.floor(time / 1000))
  if (format === 'UNIX_MILLIS') return String
  const fields = format.includes('%')
    ? readStrftime(option, format)
    : readJava(option, named[format] ?? format)
  // Records come many in a millisecond.
  let lastTime = Number.NaN
  let lastText = ''
  return (time) => {
    if (time === lastTime) return lastText
    const parts = new DateParts(time, zone)
    let text = ''
    for (const field of fields) text += typeof field === 'string' ? field : field(parts)
    lastTime = time
    return (lastText = text)
  }
}

function readStrftime(option: string, format: string): (Field | string)[] {
  return [...format.matchAll(/[^%]+|%(-?)(.?)/gs)].flatMap(({ 0: found, 1: flag, 2: letter = '', index }) => {
    if (!found.startsWith('%')) return found
    const longer = flag === '' ? shorthands[letter] : undefined
    if (longer !== undefined) return readStrftime(option, longer)
    const field = conversions[letter]
    if (field === undefined)
      return refuse(option, `a strftime letter after % at character ${index + 1}`, format)
    return flag === '-' ? (at: DateParts) => field(at).replace(/^[0 ]+(?=\d)/, '') : field
  })
}

function readJava(option: string, format: string): (Field | string)[] {
  return [...format.matchAll(/'((?:[^']|'')*)('?)|([A-Za-z])\3*|[^A-Za-z']+/g)].map(
    ({ 0: found, 1: quoted, 2: end, 3: letter, index }) => {
      const place = `at character ${index + 1}`
      if (quoted !== undefined) {
        if (end === '') refuse(option, `a quote that ends, ${place}`, format)
        return quoted === '' ? "'" : quoted.replaceAll("''", "'")
      }
      if (letter === undefined) return found
      return (
        letters[letter]?.(found.length) ?? refuse(option, `a letter of SimpleDateFormat ${place}`, format)
      )
    },
  )
}
