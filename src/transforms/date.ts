import { OptionReader, refuse } from '../options.ts'
import { readDateFormat, type ReadDate } from './date/format.ts'
import { readZone, type Zone } from './date/zone.ts'
import { setField } from './fields.ts'
import { parser, type ParserOptions, type SyncTransform } from './step.ts'

export interface DateOptions extends ParserOptions {
  /** @default 'timestamp' */
  readonly source?: string
  /**
   * `ISO8601`, `UNIX` (seconds), `UNIX_MS`, or the letters of Java, as in `dd/MMM/yyyy:HH:mm:ss Z`; the first
   * one that fits counts. A run of spaces fits any other; without a year it is the one nearest to now.
   */
  readonly formats: string | readonly string[]
  /** Of times that do not say it: `local`, `UTC`, `Europe/Berlin`, `+02:00`. @default 'local' */
  readonly zone?: string
  /** Language of the names of months and days. @default 'en' */
  readonly locale?: string
  /** The field that gets the time, in UTC, as `2026-11-21T13:10:00.123Z`. @default '@timestamp' */
  readonly target?: string
}

/** The last millisecond that a Date can hold. */
const LAST = 8.64e15

/** Reads a time, and makes it the record's. */
export function date(options: DateOptions): SyncTransform {
  const reader = new OptionReader('date', options)
  const zone = zoneOf(reader)
  const locale = localeOf(reader)
  const formats = reader.raw('formats')
  const list = typeof formats === 'string' ? [reader.string('formats')] : reader.strings('formats')
  const reads = list.map((format): ReadDate => readDateFormat(reader.at('formats'), format, zone, locale))
  const target = reader.string('target', '@timestamp')
  // Lines of one second come in runs.
  let lastText: string | undefined
  let lastIso = ''

  return parser(
    reader,
    'date',
    '_dateparsefailure',
    (record, text) => {
      if (text !== lastText) {
        const time = first(reads, text, record.arrivedAt)
        if (time === undefined) return { why: `${text.slice(0, 100)} is not like ${list.join(' or ')}` }
        lastText = text
        lastIso = new Date(time).toISOString()
      }
      setField(record.fields, target, lastIso)
      return undefined
    },
    'timestamp',
  )
}

function first(reads: readonly ReadDate[], text: string, now: number): number | undefined {
  const trimmed = text.trim()
  for (const read of reads) {
    const time = read(trimmed, now)
    if (time !== undefined && Math.abs(time) <= LAST) return time
  }
  return undefined
}

function zoneOf(reader: OptionReader): Zone {
  const name = reader.string('zone', 'local')
  return readZone(name) ?? refuse(reader.at('zone'), 'local, UTC, a name like Europe/Berlin or +02:00', name)
}

function localeOf(reader: OptionReader): string {
  const locale = reader.string('locale', 'en')
  try {
    if (Intl.DateTimeFormat.supportedLocalesOf(locale).length > 0) return locale
  } catch {
    // Not even spelt like one.
  }
  return refuse(reader.at('locale'), 'a language like en or de-AT', locale)
}
