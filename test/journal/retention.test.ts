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
const disk = { activeBytes: 10, freeBytes: 1e9, now }
const rules = { days: 7, bytes: 1000, segments: 1e6, minFree: 0 }

test('what is older than the days goes, if it was forwarded', () => {
  const closed = [segment('a', 10, 8), segment('b', 10, 8, false), segment('c', 10, 6)]
  assert.deepEqual(segmentsToDelete(closed, disk, rules), ['a'])
})

test('past the budget the oldest goes, forwarded or not, and no more than needed', () => {
  const closed = [segment('a', 400, 3, false), segment('b', 400, 2), segment('c', 400, 1)]
  const busy = { ...disk, activeBytes: 100 }
  assert.deepEqual(segmentsToDelete(closed, busy, rules), ['a'])
  assert.deepEqual(segmentsToDelete(closed, busy, { ...rules, bytes: 1300 }), [])
  assert.deepEqual(segmentsToDelete(closed, busy, { ...rules, bytes: 1299 }), ['a'])
})

test('more segments than allowed: the oldest go, but not what Kafka lacks', () => {
  const closed = [segment('a', 1, 1), segment('b', 1, 1, false), segment('c', 1, 1), segment('d', 1, 1)]
  assert.deepEqual(segmentsToDelete(closed, disk, { ...rules, segments: 3 }), ['a', 'c'])
  assert.deepEqual(segmentsToDelete(closed, disk, { ...rules, segments: 5 }), [])
})

test('too little free on the disk: the oldest go, forwarded or not, until there is enough', () => {
  const closed = [segment('a', 100, 1, false), segment('b', 100, 1), segment('c', 100, 1)]
  assert.deepEqual(segmentsToDelete(closed, { ...disk, freeBytes: 850 }, { ...rules, minFree: 1000 }), [
    'a',
    'b',
  ])
  assert.deepEqual(segmentsToDelete(closed, { ...disk, freeBytes: 1000 }, { ...rules, minFree: 1000 }), [])
})

test('the segment being written counts for the budget but is never taken', () => {
  assert.deepEqual(segmentsToDelete([], { ...disk, activeBytes: 5000 }, rules), [])
  assert.deepEqual(segmentsToDelete([segment('a', 1, 0)], { ...disk, activeBytes: 5000 }, rules), ['a'])
})

test('a clock that jumped back deletes nothing', () => {
  assert.deepEqual(segmentsToDelete([segment('a', 1, -30)], disk, { ...rules, days: 1 }), [])
})
