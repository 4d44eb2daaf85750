import assert from 'node:assert/strict'
import { test } from 'node:test'
import { segmentsToDelete } from '../../src/journal/retention.ts'

const DAY = 86_400_000
const now = 100 * DAY
const segment = (file: string, bytes: number, ageDays: number, forwarded = true) => ({
  file,
  bytes,
  modified: now - ageDays * DAY,
  forwarded,
})

test('what is older than the days goes, if it was forwarded', () => {
  const closed = [segment('a', 10, 8), segment('b', 10, 8, false), segment('c', 10, 6)]
  assert.deepEqual(segmentsToDelete(closed, 10, now, { days: 7, bytes: 1000 }), ['a'])
})

test('past the budget the oldest goes, forwarded or not, and no more than needed', () => {
  const closed = [segment('a', 400, 3, false), segment('b', 400, 2), segment('c', 400, 1)]
  assert.deepEqual(segmentsToDelete(closed, 100, now, { days: 7, bytes: 1000 }), ['a'])
  assert.deepEqual(segmentsToDelete(closed, 100, now, { days: 7, bytes: 1300 }), [])
  assert.deepEqual(segmentsToDelete(closed, 100, now, { days: 7, bytes: 1299 }), ['a'])
})

test('the segment being written counts for the budget but is never taken', () => {
  assert.deepEqual(segmentsToDelete([], 5000, now, { days: 1, bytes: 1000 }), [])
  assert.deepEqual(segmentsToDelete([segment('a', 1, 0)], 5000, now, { days: 1, bytes: 1000 }), ['a'])
})

test('a clock that jumped back deletes nothing', () => {
  assert.deepEqual(segmentsToDelete([segment('a', 1, -30)], 0, now, { days: 1, bytes: 1000 }), [])
})
