import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayOf, nextDay, rotationDue } from '../../src/journal/rotation.ts'

const rules = { maxBytes: 1000, daily: true, zone: 'utc' } as const
const noon = Date.UTC(2026, 10, 21, 12)

test('a day is named and ends by the zone asked for', () => {
  assert.equal(dayOf(Date.UTC(2026, 10, 21, 23, 59, 59, 999), 'utc'), '20261121')
  assert.equal(dayOf(Date.UTC(2026, 10, 22), 'utc'), '20261122')
  assert.equal(nextDay(noon, 'utc'), Date.UTC(2026, 10, 22))
  assert.equal(nextDay(Date.UTC(2026, 11, 31, 1), 'utc'), Date.UTC(2027, 0, 1))
  const local = new Date(2026, 10, 21, 23, 30).getTime()
  assert.equal(dayOf(local, 'local'), '20261121')
  assert.equal(nextDay(local, 'local'), new Date(2026, 10, 22).getTime())
})

for (const [name, segment, bytes, now, expected] of [
  ['fits exactly', { bytes: 900, endsAt: noon + 1 }, 100, noon, false],
  ['one byte too much', { bytes: 900, endsAt: noon + 1 }, 101, noon, true],
  ['the last moment of its day', { bytes: 1, endsAt: noon + 1 }, 1, noon, false],
  ['the first moment of the next day', { bytes: 1, endsAt: noon }, 1, noon, true],
  ['the clock went back a day', { bytes: 1, endsAt: noon }, 1, noon - 86_400_000, false],
  ['empty, however large the line', { bytes: 0, endsAt: noon }, 5000, noon + 1, false],
] as const) {
  test(`rotation: ${name}: ${expected ? 'due' : 'not due'}`, () => {
    assert.equal(rotationDue(segment, bytes, now, rules), expected)
  })
}

test('without daily rotation only the size counts', () => {
  assert.equal(rotationDue({ bytes: 1, endsAt: noon }, 1, noon + 1, { ...rules, daily: false }), false)
})
