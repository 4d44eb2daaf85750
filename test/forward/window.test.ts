import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choosePartition } from '../../src/forward/partition.ts'
import { verdict } from '../../src/forward/verdict.ts'
import { Lane, type PartEntry } from '../../src/forward/lane.ts'
import { Window, type CutEntry, type LossEntry } from '../../src/forward/window.ts'

const at = (ordinal: number) => ({ segment: 0, offset: ordinal * 10, ordinal })
const lane = new Lane('logs', 0)
const part = (records: number): PartEntry => ({
  lane,
  records,
  sequence: 0,
  bytes: Buffer.alloc(records * 10),
  size: records * 10,
  state: 'ready',
  unsure: false,
  untimed: false,
  reason: undefined,
})
const cut = (from: number, ...parts: PartEntry[]): CutEntry => ({
  kind: 'cut',
  from: at(from),
  to: at(from + 10),
  timestamp: 0,
  parts: parts.length === 0 ? [part(10)] : parts,
})
const loss = (from: number, records: number): LossEntry => ({
  kind: 'loss',
  from: at(from),
  to: at(from + records),
})
const acknowledge = ({ parts }: CutEntry): void => {
  for (const one of parts) one.state = 'acknowledged'
}

test('what is acknowledged out of order leaves only when everything before it has', () => {
  const window = new Window({ maxBytes: 1e6, maxRecords: 1e6 })
  const [a, b, c] = [cut(0), cut(10), cut(20)]
  for (const entry of [a, b, c]) window.push(entry)
  acknowledge(c)
  assert.deepEqual([...window.settle()], [])
  acknowledge(a)
  assert.deepEqual([...window.settle()], [a])
  acknowledge(b)
  assert.deepEqual([...window.settle()], [b, c])
  assert.ok(window.isEmpty)
})

test('lost lines keep their place between batches', () => {
  const window = new Window({ maxBytes: 1e6, maxRecords: 1e6 })
  const [a, gap, b] = [cut(0), loss(10, 7), cut(17)]
  for (const entry of [a, gap, b]) window.push(entry)
  acknowledge(b)
  assert.deepEqual([...window.settle()], [])
  acknowledge(a)
  assert.deepEqual([...window.settle()], [a, gap, b])
})

test('the window is full by bytes or by records, at the bound and not before', () => {
  const byBytes = new Window({ maxBytes: 200, maxRecords: 1e6 })
  byBytes.push(cut(0))
  assert.equal(byBytes.isFull, false)
  byBytes.push(cut(10))
  assert.equal(byBytes.isFull, true)
  byBytes.clear()
  assert.equal(byBytes.isFull, false)
  const byRecords = new Window({ maxBytes: 1e6, maxRecords: 10 })
  byRecords.push(cut(0))
  assert.equal(byRecords.isFull, true)
})

test('however small its cuts are, it holds a hundred at most', () => {
  const window = new Window({ maxBytes: 1e9, maxRecords: 1e9 })
  for (let n = 0; n < 99; n++) window.push(cut(n * 10))
  assert.equal(window.isFull, false)
  window.push(cut(990))
  assert.equal(window.isFull, true)
})

test('a cut is settled when all its parts are, and at once where it has none', () => {
  const window = new Window({ maxBytes: 1e6, maxRecords: 1e6 })
  const [one, other] = [part(4), part(6)]
  const both = cut(0, one, other)
  const dropped: CutEntry = { ...cut(10), parts: [] }
  for (const entry of [both, dropped]) window.push(entry)
  one.state = 'acknowledged'
  assert.deepEqual([...window.settle()], [])
  other.state = 'refused'
  assert.deepEqual([...window.settle()], [both, dropped])
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
