import { LogflumeError, toError } from '../errors.ts'
import type { JournalReader } from '../journal/reader.ts'
import { OptionReader, refuse } from '../options.ts'
import type { Fields } from '../record.ts'
import { openReader, readLines, timeText, toInfo, type JournalPlace } from './journal-lines.ts'

/** What `winston.query` passes on; the same as winston's File transport takes. */
export interface QueryOptions {
  /** @default 24 hours before `until` */
  readonly from?: Date | string | number
  /** @default now */
  readonly until?: Date | string | number
  /** How many records at most; `limit` is another name for it. @default 10 */
  readonly rows?: number
  readonly limit?: number
  /** How many records are left out, counted in the order that is asked for. @default 0 */
  readonly start?: number
  /** The newest or the oldest first. @default 'desc' */
  readonly order?: 'asc' | 'desc'
  /** Names of those fields that are wanted. @default all */
  readonly fields?: readonly string[]
  /** Records of this level only. @default all */
  readonly level?: string
}

interface Query {
  /** As `@timestamp` is written, so that they compare as text. */
  readonly from: string
  readonly until: string
  readonly rows: number
  readonly start: number
  readonly descends: boolean
  readonly fields: readonly string[] | undefined
  readonly level: string | undefined
}

const DAY = 24 * 60 * 60 * 1000
const MOST_ROWS = 100_000

/** @throws LogflumeError `INVALID_OPTION`, which names the option. */
export function readQuery(options: QueryOptions, now: number = Date.now()): Query {
  const reader = new OptionReader('query', options)
  const until = readTime(reader, 'until', now)
  return {
    from: isoText(readTime(reader, 'from', until - DAY)),
    until: isoText(until),
    rows: reader.integer('rows', reader.integer('limit', 10, { min: 1, max: MOST_ROWS }), {
      min: 1,
      max: MOST_ROWS,
    }),
    start: reader.integer('start', 0, { max: MOST_ROWS }),
    descends: reader.oneOf('order', ['asc', 'desc'], 'desc') === 'desc',
    fields: reader.has('fields') ? reader.strings('fields') : undefined,
    level: reader.has('level') ? reader.string('level') : undefined,
  }
}

function readTime(reader: OptionReader, key: string, fallback: number): number {
  const value = reader.raw(key) ?? fallback
  const time =
    value instanceof Date || typeof value === 'string' || typeof value === 'number'
      ? new Date(value).getTime()
      : Number.NaN
  if (Number.isNaN(time))
    refuse(reader.at(key), 'a time, as a Date, ISO 8601 or milliseconds since 1970', value)
  return time
}

function isoText(ms: number): string {
  return new Date(Math.min(Math.max(ms, 0), Date.parse('9999-12-31T23:59:59.999Z'))).toISOString()
}

/** Reads the journal's lines from the oldest on and keeps those that are asked for. */
export async function queryJournal(place: JournalPlace, query: Query): Promise<Fields[]> {
  const { from, until, rows, start, descends, fields, level } = query
  const wanted = rows + start
  const found: Fields[] = []
  let reader: JournalReader | undefined
  try {
    reader = await openReader(place, 'earliest')
    for await (const line of readLines(reader)) {
      const time = timeText(line)
      if (time < from || time > until) continue
      const info = toInfo(line)
      if (info === undefined || (level !== undefined && info.level !== level)) continue
      found.push(fields === undefined ? info : Object.fromEntries(fields.map((name) => [name, info[name]])))
      if (!descends && found.length === wanted) break
      // The newest are wanted: the older ones make room, many at a time.
      if (found.length >= 2 * wanted) found.splice(0, found.length - wanted)
    }
  } catch (thrown) {
    const message = `cannot read journal ${place.name} in ${place.dir}: ${toError(thrown).message}`
    throw new LogflumeError('JOURNAL', message, { cause: thrown, retryable: true })
  } finally {
    await reader?.close()
  }
  if (descends) found.reverse()
  return found.slice(start, wanted)
}
