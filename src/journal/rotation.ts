/** By which clock a journal rotates and names its segments. */
export type Zone = 'local' | 'utc'

export interface RotationRules {
  /** Bytes at which a segment is full. */
  readonly maxBytes: number
  /** What begins a new segment besides. */
  readonly every: 'day' | 'hour' | 'never'
  readonly zone: Zone
}

/** A day or an hour of the clock that a journal rotates by. */
export interface Period {
  /** YYYYMMDD, of an hour YYYYMMDDHH. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly beginsAt: number
  /** Milliseconds since 1970 at which the next one begins. */
  readonly endsAt: number
}

const HOUR = 3_600_000

/**
 * The period that a moment belongs to. Where the clock changes, a day has 23 or 25 hours; the hour that comes
 * twice is two periods of one name, and the hour that is left out is none.
 */
export function periodOf(time: number, { every, zone }: Omit<RotationRules, 'maxBytes'>): Period {
  const { year, month, day, hour, sinceHour } = zone === 'utc' ? utcParts(time) : localParts(time)
  const date = `${digits(year, 4)}${digits(month + 1, 2)}${digits(day, 2)}`
  if (every === 'never') return { name: date, beginsAt: -Infinity, endsAt: Infinity }
  if (every === 'hour') {
    const beginsAt = time - sinceHour
    return { name: `${date}${digits(hour, 2)}`, beginsAt, endsAt: beginsAt + HOUR }
  }
  const midnight = (of: number): number =>
    zone === 'utc' ? Date.UTC(year, month, of) : new Date(year, month, of).getTime()
  return { name: date, beginsAt: midnight(day), endsAt: midnight(day + 1) }
}

interface Parts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  /** Milliseconds since the hour began. */
  readonly sinceHour: number
}

function utcParts(time: number): Parts {
  const date = new Date(time)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    sinceHour: time % HOUR,
  }
}

function localParts(time: number): Parts {
  const date = new Date(time)
  return {
    year: date.getFullYear(),
    month: date.getMonth(),
    day: date.getDate(),
    hour: date.getHours(),
    // Not of UTC: there are zones that are half an hour apart from it.
    sinceHour: (date.getMinutes() * 60 + date.getSeconds()) * 1000 + date.getMilliseconds(),
  }
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, '0')
}

/** What decides about a segment's end. */
export interface Rotatable extends Omit<Period, 'name'> {
  readonly bytes: number
  /** Somebody asked for the next one. */
  readonly ended: boolean
}

/**
 * Whether the next `bytes` belong into a new segment. An empty segment is never left for another one. A clock
 * that went back behind the segment's period ends it as well, since its name would tell the wrong day.
 */
export function rotationDue(segment: Rotatable, bytes: number, now: number, maxBytes: number): boolean {
  if (segment.bytes === 0) return false
  const timeIsOver = now >= segment.endsAt || now < segment.beginsAt
  return segment.ended || timeIsOver || segment.bytes + bytes > maxBytes
}
