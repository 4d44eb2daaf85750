import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BatchBuffers } from '../../src/forward/batch-buffers.ts'

const KIB = 1024

test('memory that was given back is used again where it is large enough, and by one at a time', () => {
  const buffers = new BatchBuffers()
  const first = buffers.take(500 * KIB)
  assert.equal(first.length, 500 * KIB)
  const second = buffers.take(500 * KIB)
  assert.notEqual(second.buffer, first.buffer)
  buffers.give(first.subarray(0, 100))
  assert.notEqual(buffers.take(600 * KIB).buffer, first.buffer)
  const again = buffers.take(400 * KIB)
  assert.equal(again.buffer, first.buffer)
  assert.equal(again.length, 400 * KIB)
  assert.notEqual(buffers.take(400 * KIB).buffer, first.buffer)
})

test('what is given back twice, or is not from here, is not lent', () => {
  const buffers = new BatchBuffers()
  const one = buffers.take(100 * KIB)
  buffers.give(one)
  buffers.give(one)
  buffers.give(Buffer.alloc(200 * KIB))
  const [first, second] = [buffers.take(100 * KIB), buffers.take(100 * KIB)]
  assert.equal(first.buffer, one.buffer)
  assert.notEqual(second.buffer, one.buffer)
})

test('small ones are no trouble', () => {
  const buffers = new BatchBuffers()
  const small = buffers.take(100)
  assert.equal(small.length, 100)
  buffers.give(small)
  assert.notEqual(buffers.take(100).buffer, small.buffer)
})

test('no more than a few wait', () => {
  const buffers = new BatchBuffers()
  const taken = Array.from({ length: 20 }, () => buffers.take(100 * KIB))
  for (const one of taken) buffers.give(one)
  const known = new Set(taken.map(({ buffer }) => buffer))
  const again = Array.from({ length: 20 }, () => buffers.take(100 * KIB))
  assert.equal(again.filter(({ buffer }) => known.has(buffer)).length, 8)
})
