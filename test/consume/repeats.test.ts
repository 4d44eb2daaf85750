import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KafkaMessage } from 'kafkajs'
import { Repeats } from '../../src/consume/repeats.ts'

function batch(from: number, to: number, topic = 'first'): KafkaMessage[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    key: null,
    value: Buffer.from(`${topic} ${from + index}`),
    timestamp: '1700000000000',
    attributes: 0,
    headers: {},
    offset: String(from + index),
  }))
}

test('a batch that comes again is recognised, cut as before, shorter or longer', () => {
  for (const [to, repeated] of [
    [9, 5],
    [12, 5],
    [7, 3],
  ] as const) {
    const repeats = new Repeats()
    repeats.note('t', 0, batch(5, 9))
    assert.equal(repeats.count('t', 0, batch(5, to)), repeated, `up to ${to}`)
  }
})

test('the rest of a batch that came again in part is recognised as well', () => {
  const repeats = new Repeats()
  repeats.note('t', 0, batch(5, 9))
  assert.equal(repeats.count('t', 0, batch(5, 6)), 2)
  repeats.committed('t', 0, 6n)
  assert.equal(repeats.count('t', 0, batch(7, 20)), 3)
  repeats.committed('t', 0, 9n)
  assert.equal(repeats.count('t', 0, batch(5, 9)), 0)
})

test('what was committed is forgotten', () => {
  const repeats = new Repeats()
  repeats.note('t', 0, batch(5, 9))
  repeats.committed('t', 0, 9n)
  assert.equal(repeats.count('t', 0, batch(5, 9)), 0)
})

test('the same offsets of a topic that was made anew are something else', () => {
  const repeats = new Repeats()
  repeats.note('t', 0, batch(0, 9))
  assert.equal(repeats.count('t', 0, batch(0, 20, 'second')), 0)
  assert.equal(repeats.count('t', 0, batch(0, 20)), 0, 'and then the first is forgotten')
})

test('where somebody else went on meanwhile, nothing is a repeat', () => {
  const repeats = new Repeats()
  repeats.note('t', 0, batch(5, 9))
  assert.equal(repeats.count('t', 0, batch(10, 12)), 0)
  repeats.note('t', 0, batch(5, 9))
  assert.equal(repeats.count('t', 0, batch(7, 12)), 0, 'it does not begin where the batch began')
})

test('partitions and topics have nothing to do with each other', () => {
  const repeats = new Repeats()
  repeats.note('t', 0, batch(5, 9))
  assert.equal(repeats.count('t', 1, batch(5, 9)), 0)
  assert.equal(repeats.count('u', 0, batch(5, 9)), 0)
  assert.equal(repeats.count('t', 0, batch(5, 9)), 5)
})
