import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toTime } from '../../src/consume/time.ts'

test('every time that JavaScript writes is read back', () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), (date) => {
      assert.equal(toTime(date.toISOString()), date.getTime())
    }),
  )
})

test('other forms are left to Date.parse', () => {
  for (const text of [
    '2026-11-21',
    '2026-11-21T10:00:00Z',
    '2026-11-21T10:00:00+02:00',
    '2026-11-21T24:00:00.000Z',
  ])
    assert.equal(toTime(text), Date.parse(text))
})

test('what is no time has none', () => {
  const nonsense = [
    '',
    'soon',
    '2026-11-21T1x:00:00.000Z',
    '2026-13-41T10:00:00.000Z',
    '2026-11-21T10:61:00.000Z',
  ]
  for (const value of [...nonsense, null, undefined, {}, Number.NaN, Infinity, 1e300])
    assert.equal(toTime(value), undefined, JSON.stringify(value))
  assert.equal(toTime(0), 0)
})
