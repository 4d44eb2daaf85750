import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { periodOf, rotationDue } from '../../src/journal/rotation.ts'

const noon = Date.UTC(2026, 10, 21, 12)

test('a day is named, begins and ends by the zone asked for', () => {
  const utc = { every: 'day', zone: 'utc' } as const
  assert.equal(periodOf(Date.UTC(2026, 10, 21, 23, 59, 59, 999), utc).name, '20261121')
  assert.equal(periodOf(Date.UTC(2026, 10, 22), utc).name, '20261122')
  assert.equal(periodOf(noon, utc).beginsAt, Date.UTC(2026, 10, 21))
  assert.equal(periodOf(noon, utc).endsAt, Date.UTC(2026, 10, 22))
  assert.equal(periodOf(Date.UTC(2026, 11, 31, 1), utc).endsAt, Date.UTC(2027, 0, 1))
  const local = periodOf(new Date(2026, 10, 21, 23, 30).getTime(), { every: 'day', zone: 'local' })
  assert.equal(local.name, '20261121')
  assert.equal(local.endsAt, new Date(2026, 10, 22).getTime())
})

test('an hour is named with ten digits', () => {
  const { name, beginsAt, endsAt } = periodOf(noon + 1_234_567, { every: 'hour', zone: 'utc' })
  assert.deepEqual([name, beginsAt, endsAt], ['2026112112', noon, noon + 3_600_000])
})

test("'never' names the day and never ends", () => {
  const { name, beginsAt, endsAt } = periodOf(noon, { every: 'never', zone: 'utc' })
  assert.deepEqual([name, beginsAt, endsAt], ['20261121', -Infinity, Infinity])
})

const period = { beginsAt: noon - 1000, endsAt: noon + 1, ended: false }

for (const [name, segment, bytes, now, expected] of [
  ['fits exactly', { ...period, bytes: 900 }, 100, noon, false],
  ['one byte too much', { ...period, bytes: 900 }, 101, noon, true],
  ['the last moment of its period', { ...period, bytes: 1 }, 1, noon, false],
  ['the first moment of the next period', { ...period, bytes: 1 }, 1, noon + 1, true],
  ['the clock went back within the period', { ...period, bytes: 1 }, 1, noon - 1000, false],
  ['the clock went back behind the period', { ...period, bytes: 1 }, 1, noon - 1001, true],
  ['somebody asked', { ...period, bytes: 1, ended: true }, 1, noon, true],
  ['empty, however large the line and late the hour', { ...period, bytes: 0 }, 5000, noon + 9, false],
] as const) {
  test(`rotation: ${name}: ${expected ? 'due' : 'not due'}`, () => {
    assert.equal(rotationDue(segment, bytes, now, 1000), expected)
  })
}

for (const [zone, what, from, days, hours] of [
  ['Europe/Berlin', 'an hour is left out', '2026-03-28T12:00Z', [11, 23, 24], ['01', '03', '04']],
  ['Europe/Berlin', 'an hour comes twice', '2026-10-24T12:00Z', [10, 25, 24], ['01', '02', '02', '03']],
  ['Africa/Cairo', 'a midnight is left out', '2026-04-23T12:00Z', [10, 23, 24], ['22', '23', '01', '02']],
  ['Africa/Cairo', 'a midnight comes late', '2026-10-29T12:00Z', [10, 24, 24], ['22', '23', '23', '00']],
  ['America/Havana', 'midnight comes twice', '2026-10-31T12:00Z', [16, 25, 24], ['23', '00', '00', '01']],
  ['Asia/Kolkata', 'half an hour apart from UTC', '2026-11-21T12:00Z', [6.5, 24, 24], ['23', '00', '01']],
  ['Australia/Lord_Howe', 'half an hour twice', '2026-04-04T04:00Z', [9, 24.5, 24], ['01', '01', '02']],
  ['Australia/Lord_Howe', 'half an hour left out', '2026-10-03T04:00Z', [9.5, 23.5, 24], ['01', '02', '03']],
] as const) {
  test(`periods follow one another without a gap in ${zone}, where ${what}`, () => {
    const seen = periodsIn(zone, from)
    assert.deepEqual(seen.days, days, 'hours that the days have, the first one from its noon')
    assert.ok(seen.hours.join().includes(hours.join()), seen.hours.join())
    assert.deepEqual(seen.wrong, [])
  })
}

/** Node reads TZ when it starts, so this is another one. */
function periodsIn(zone: string, from: string): { days: number[]; hours: string[]; wrong: string[] } {
  const fixture = fileURLToPath(new URL('fixtures/periods.ts', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', fixture, from], {
    encoding: 'utf8',
    env: { ...process.env, TZ: zone },
  })
  assert.equal(stderr, '')
  return JSON.parse(stdout) as ReturnType<typeof periodsIn>
}
