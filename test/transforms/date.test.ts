import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { date, type DateOptions } from '../../src/transforms/date.ts'
import { arrived } from './run.ts'

/** The time that a text gives, of a record that arrived on the 21st of November 2026. */
function read(
  options: Omit<DateOptions, 'source'>,
  text: unknown,
  now = Date.UTC(2026, 10, 21, 12),
): unknown {
  const record = arrived({ timestamp: text }, now)
  date({ zone: 'UTC', ...options })(record)
  return record.get('tags') ?? record.get(options.target ?? '@timestamp')
}

test('formats of Java, of which spaces and leading zeros need not be told', () => {
  const table: [format: string, text: string, iso: string][] = [
    ['dd/MMM/yyyy:HH:mm:ss Z', '21/Nov/2026:13:10:00 +0100', '2026-11-21T12:10:00.000Z'],
    ['yyyy-MM-dd HH:mm:ss,SSS', '2026-11-21 13:10:00,5', '2026-11-21T13:10:00.500Z'],
    ['yyyyMMddHHmmssSSS', '20261121131000123', '2026-11-21T13:10:00.123Z'],
    ['EEE MMM d HH:mm:ss yyyy', 'Sat Nov  1 13:10:00 2026', '2026-11-01T13:10:00.000Z'],
    ['MMMM d, yyyy h:mm a', 'november 1, 2026 12:05 AM', '2026-11-01T00:05:00.000Z'],
    ['dd MMM yy HH:mm z', '21 Sept. 26 13:10 EST', '2026-09-21T18:10:00.000Z'],
    ['dd.MM.yyyy HH:mm', '1.2.2026 3:04', '2026-02-01T03:04:00.000Z'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSX", '2026-11-21T13:10:00.123456789-05:30', '2026-11-21T18:40:00.123Z'],
    ["''yy D kk", "'99 365 24", '1999-12-31T00:00:00.000Z'],
    ['yyyy-MM-dd HH:mm:ss', '2016-12-31 23:59:60', '2017-01-01T00:00:00.000Z'],
    ['yyyy-MM-dd HH:mm z', '2026-07-01 12:00 Europe/Berlin', '2026-07-01T10:00:00.000Z'],
  ]
  for (const [formats, text, iso] of table)
    assert.equal(read({ formats }, text), iso, `${formats} of ${text}`)
})

test('ISO8601, UNIX and UNIX_MS, as text or number', () => {
  const formats = ['ISO8601', 'UNIX']
  for (const [text, iso] of [
    ['2026-11-21T13:10:00Z', '2026-11-21T13:10:00.000Z'],
    ['2026-11-21 13:10:00,123456 +0100', '2026-11-21T12:10:00.123Z'],
    ['2026-11-21T13:10+01', '2026-11-21T12:10:00.000Z'],
    ['2026-11-21', '2026-11-21T00:00:00.000Z'],
    ['1795266600.25', '2026-11-21T13:10:00.250Z'],
    [1795266600, '2026-11-21T13:10:00.000Z'],
  ] as const)
    assert.equal(read({ formats }, text), iso, String(text))
  assert.equal(read({ formats: 'UNIX_MS' }, '1795266600123'), '2026-11-21T13:10:00.123Z')
})

test('what is no time is tagged', () => {
  for (const [formats, text] of [
    ['ISO8601', '2026-02-30'],
    ['ISO8601', '2026-11-21T24:30:00Z'],
    ['yyyy-MM-dd', '2026-13-01'],
    ['yyyy-MM-dd', '2026-11-21 more'],
    ['yyyy-MM-dd HH:mm a', '2026-11-21 13:00 PM'],
    ['yyyy-MM-dd z', '2026-11-21 Nowhere/Land'],
    ['UNIX', '99999999999999999'],
    ['UNIX', 'soon'],
    ['d MMM yyyy', '1 Nonuary 2026'],
  ] as const)
    assert.deepEqual(read({ formats }, text), ['_dateparsefailure'], `${formats} of ${text}`)
})

test('without a year it is the nearest one, also around New Year and of the 29th of February', () => {
  const formats = 'MMM dd HH:mm:ss'
  const [newYear, yearsEnd] = [Date.UTC(2027, 0, 1, 0, 5), Date.UTC(2026, 11, 31, 23, 58)]
  assert.equal(read({ formats }, 'Dec 31 23:59:00', newYear), '2026-12-31T23:59:00.000Z')
  assert.equal(read({ formats }, 'Jan  1 00:00:30', yearsEnd), '2027-01-01T00:00:30.000Z')
  assert.equal(read({ formats }, 'Feb 29 00:00:00', Date.UTC(2027, 1, 1)), '2028-02-29T00:00:00.000Z')
})

test('clocks of a zone: the hour they show twice is the first one, the one they skip is later', () => {
  const options = { formats: 'yyyy-MM-dd HH:mm', zone: 'Europe/Berlin' }
  assert.equal(read(options, '2026-07-01 12:00'), '2026-07-01T10:00:00.000Z')
  assert.equal(read(options, '2026-10-25 02:30'), '2026-10-25T00:30:00.000Z')
  assert.equal(read(options, '2026-10-25 03:00'), '2026-10-25T02:00:00.000Z')
  assert.equal(read(options, '2026-03-29 02:30'), '2026-03-29T01:30:00.000Z')
  assert.equal(read({ ...options, zone: '-03:30' }, '2026-07-01 12:00'), '2026-07-01T15:30:00.000Z')
  assert.equal(read({ ...options, zone: 'Asia/Kathmandu' }, '2026-07-01 12:00'), '2026-07-01T06:15:00.000Z')
})

test("in any zone it is the time that JavaScript's own clock of that zone shows", () => {
  const zones = [
    'Europe/Berlin',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'UTC',
    'America/New_York',
  ]
  fc.assert(
    fc.property(
      fc.date({ min: new Date('1980-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
      fc.constantFrom(...zones),
      (time, timeZone) => {
        const shown = (at: Date): string => at.toLocaleString('sv-SE', { timeZone, hourCycle: 'h23' }) // as 2026-11-21 13:10:00
        const iso = read({ formats: 'yyyy-MM-dd HH:mm:ss', zone: timeZone }, shown(time))
        assert.equal(shown(new Date(iso as string)), shown(time))
      },
    ),
    { numRuns: 300 },
  )
})

test('names of months in other languages, with and without a day beside', () => {
  assert.equal(read({ formats: 'd. MMMM yyyy', locale: 'de' }, '3. März 2026'), '2026-03-03T00:00:00.000Z')
  assert.equal(read({ formats: 'd MMMM yyyy', locale: 'pl' }, '3 sierpnia 2026'), '2026-08-03T00:00:00.000Z')
  assert.equal(read({ formats: 'd MMM yyyy', locale: 'fr' }, '3 févr. 2026'), '2026-02-03T00:00:00.000Z')
})

test('the target may be another field, and the source may go', () => {
  const record = arrived({ when: '1' }, 0)
  date({ source: 'when', formats: 'UNIX', target: 'event.created', removeSource: true })(record)
  assert.deepEqual(record.toJSON(), { 'event.created': '1970-01-01T00:00:01.000Z' })
})

test('formats, zones and languages that are none are refused', () => {
  const wrong: [DateOptions, RegExp][] = [
    [{ formats: 'yyyy-MM-dd b' }, /^date\.formats: expected ISO8601, .* at character 12/],
    [{ formats: 'HH:mm' }, /^date\.formats: expected a format that has the day and the month/],
    [{ formats: "dd MM 'x" }, /^date\.formats: expected a quote that ends, at character 7/],
    [{ formats: 'UNIX', zone: 'Mars/Base' }, /^date\.zone: expected local, UTC, a name like/],
    [{ formats: 'UNIX', locale: 'no such' }, /^date\.locale: expected a language/],
    [{ formats: [] }, /^date\.formats: expected a non-empty array/],
  ]
  for (const [options, message] of wrong)
    assert.throws(() => date(options), { code: 'INVALID_OPTION', message })
})
