import assert from 'node:assert/strict'
import test from 'node:test'
import { LineStart } from '../../src/logger/time.ts'

/** What a line starts with at each of these times, one after the other. */
function starts(...times: number[]): string[] {
  let now = 0
  const start = new LineStart(() => now)
  return times.map((time) => {
    now = time
    const text = start.text()
    assert.equal(start.text(), text)
    const iso = /^\{"@timestamp":"(.{24})$/.exec(text)?.[1]
    assert.ok(iso !== undefined, text)
    return iso
  })
}

test('every millisecond, over the ends of seconds, days and years, forwards and backwards', () => {
  const turns = ['1999-12-31T23:59:59.990Z', '2024-02-28T23:59:59.998Z', '1970-01-01T00:00:00.000Z']
  for (const turn of turns) {
    const times = Array.from({ length: 2100 }, (_, index) => Date.parse(turn) - 50 + index)
    const expected = times.map((time) => new Date(time).toISOString())
    assert.deepEqual(starts(...times), expected)
    assert.deepEqual(starts(...times.toReversed()), expected.toReversed())
  }
})

test('a clock that jumps back an hour or forward a day', () => {
  const time = Date.parse('2026-11-21T10:00:00.500Z')
  assert.deepEqual(starts(time, time - 3_600_000, time, time + 86_400_000, time), [
    '2026-11-21T10:00:00.500Z',
    '2026-11-21T09:00:00.500Z',
    '2026-11-21T10:00:00.500Z',
    '2026-11-22T10:00:00.500Z',
    '2026-11-21T10:00:00.500Z',
  ])
})

test('a time that 24 characters cannot tell is clamped', () => {
  const first = '0000-01-01T00:00:00.000Z'
  const last = '9999-12-31T23:59:59.999Z'
  assert.deepEqual(
    starts(Date.parse(first), Date.parse(first) - 1, -8.64e15, Number.NEGATIVE_INFINITY),
    Array(4).fill(first),
  )
  assert.deepEqual(
    starts(Date.parse(last), Date.parse(last) + 1, 8.64e15, Number.POSITIVE_INFINITY),
    Array(4).fill(last),
  )
  assert.deepEqual(starts(Number.NaN), ['1970-01-01T00:00:00.000Z'])
})

test('a fraction of a millisecond is cut off', () => {
  assert.deepEqual(starts(1.9, -0.5, 999.999), [
    '1970-01-01T00:00:00.001Z',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:00:00.999Z',
  ])
})
