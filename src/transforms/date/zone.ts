/** Gives the time, in milliseconds since 1970, at which clocks of a zone show what UTC's show at `shown`. */
export type Zone = (shown: number) => number

const MINUTE = 60_000
const DAY = 86_400_000
/** Zones change their offset at quarters of an hour. */
const QUARTER = 15 * MINUTE
/** Offsets that are remembered, by quarters. */
const MAX_QUARTERS = 1000

/** Undefined where there is no such zone. */
export function readZone(name: string): Zone | undefined {
  if (/^(?:UTC|GMT|Z)$/.test(name)) return (shown) => shown
  const offset = readOffset(name)
  if (offset !== undefined) return (shown) => shown - offset
  try {
    return ianaZone(name === 'local' ? undefined : name)
  } catch {
    return undefined
  }
}

/** Milliseconds ahead of UTC of `+02:00`, `-0330`, `+01` or `Z`. */
export function readOffset(text: string): number | undefined {
  if (text === 'Z' || text === 'z') return 0
  const found = /^([+-])(\d\d)(?::?(\d\d))?$/.exec(text)
  if (found === null) return undefined
  const [, sign, hours, minutes = '00'] = found
  const ahead = (Number(hours) * 60 + Number(minutes)) * MINUTE
  if (Number(minutes) > 59 || ahead > DAY) return undefined
  return sign === '-' ? -ahead : ahead
}

function ianaZone(timeZone: string | undefined): Zone {
  const offsetAt = offsets(timeZone)
  const known = new Map<number, number>()
  return (shown) => {
    const quarter = Math.floor(shown / QUARTER)
    let offset = known.get(quarter)
    if (offset === undefined) {
      offset = offsetShown(offsetAt, shown)
      if (known.size >= MAX_QUARTERS) known.clear()
      known.set(quarter, offset)
    }
    return shown - offset
  }
}

/**
 * As Java does it: of an hour that clocks show twice, the first one is meant; one that they skip is as much
 * later as they were put forward.
 */
function offsetShown(offsetAt: (time: number) => number, shown: number): number {
  const before = offsetAt(shown - DAY)
  if (offsetAt(shown - before) === before) return before
  const after = offsetAt(shown + DAY)
  return offsetAt(shown - after) === after ? after : before
}

/** Milliseconds ahead of UTC at a time. Throws a RangeError where there is no such zone. */
function offsets(timeZone: string | undefined): (time: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    ...(timeZone !== undefined && { timeZone }),
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (time) => {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
    for (const { type, value } of format.formatToParts(time)) parts[type] = Number(value)
    const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    return utc(year, month, day, hour, minute, second) - Math.floor(time / 1000) * 1000
  }
}

/** As Date.UTC, with months from 1, and a year 99 that is one. */
export function utc(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  const time = Date.UTC(2000, month - 1, day, hour, minute, second)
  if (year >= 100) return Date.UTC(year, month - 1, day, hour, minute, second)
  return new Date(time).setUTCFullYear(year, month - 1, day)
}
