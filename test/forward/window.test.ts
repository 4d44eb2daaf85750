import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choosePartition } from '../../src/forward/partition.ts'
import { verdict } from '../../src/forward/verdict.ts'
import { Window, type BatchEntry, type LossEntry } from '../../src/forward/window.ts'

const at = (ordinal: number) => ({ segment: 0, offset: ordinal * 10, ordinal })
const batch = (from: number, records = 10): BatchEntry => ({
  kind: 'batch',
  from: at(from),
  to: at(from + records),
  records,
  sequence: from,
  timestamp: 0,
  bytes: Buffer.alloc(records * 10),
  state: 'ready',
  attempted: false,
})
const loss = (from: number, records: number): LossEntry => ({
  kind: 'loss',
  from: at(from),
  to: at(from + records),
  records,
  reason: 'deleted',
})

test('what is acknowledged out of order leaves only when everything before it has', () => {
  const window = new Window({ maxBytes: 1e6, maxRecords: 1e6 })
  const [a, b, c] = [batch(0), batch(10), batch(20)]
  for (const entry of [a, b, c]) window.push(entry)
  c.state = 'acknowledged'
  assert.deepEqual([...window.settle()], [])
  a.state = 'acknowledged'
  assert.deepEqual([...window.settle()], [a])
  b.state = 'acknowledged'
  assert.deepEqual([...window.settle()], [b, c])
  assert.ok(window.isEmpty)
})

test('lost lines keep their place between batches', () => {
  const window = new Window({ maxBytes: 1e6, maxRecords: 1e6 })
  const [a, gap, b] = [batch(0), loss(10, 7), batch(17)]
  for (const entry of [a, gap, b]) window.push(entry)
  b.state = 'acknowledged'
  assert.deepEqual([...window.settle()], [])
  a.state = 'acknowledged'
  assert.deepEqual([...window.settle()], [a, gap, b])
})

test('the window is full by bytes or by records, at the bound and not before', () => {
  const byBytes = new Window({ maxBytes: 200, maxRecords: 1e6 })
  byBytes.push(batch(0))
  assert.equal(byBytes.isFull, false)
  const second = batch(10)
  byBytes.push(second)
  assert.equal(byBytes.isFull, true)
  byBytes.dropFrom(second)
  assert.equal(byBytes.isFull, false)
  const byRecords = new Window({ maxBytes: 1e6, maxRecords: 10 })
  byRecords.push(batch(0))
  assert.equal(byRecords.isFull, true)
})

test('dropping forgets a batch and all behind it, and leaves those before', () => {
  const window = new Window({ maxBytes: 1e6, maxRecords: 1e6 })
  const [a, b, c] = [batch(0), batch(10), batch(20)]
  for (const entry of [a, b, c]) window.push(entry)
  window.dropFrom(b)
  assert.deepEqual(window.batches, [a])
  assert.equal(window.last, a)
})

for (const [code, expected] of [
  [undefined, 'again'],
  [3, 'again'],
  [6, 'again'],
  [7, 'again'],
  [19, 'again'],
  [29, 'again'],
  [10, 'split'],
  [18, 'split'],
  [87, 'split'],
  [32, 'unstamp'],
  [45, 'renumber'],
  [47, 'renumber'],
  [59, 'renumber'],
] as const) {
  test(`a batch refused with ${code ?? 'no answer'}: ${expected}`, () =>
    assert.equal(verdict(code), expected))
}

test('journals spread over all partitions, each always to the same', () => {
  const ids = Array.from({ length: 1000 }, (_, index) => `journal-${index}`)
  const counts = [0, 0, 0, 0]
  for (const id of ids) {
    const partition = choosePartition(id, 4)
    assert.equal(partition, choosePartition(id, 4))
    counts[partition]! += 1
  }
  for (const count of counts) assert.ok(count > 150, String(counts))
})
