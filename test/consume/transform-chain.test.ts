import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { test } from 'node:test'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import { systemClock } from '../../src/consume/clock.ts'
import { TransformChain } from '../../src/consume/transform-chain.ts'
import type { TransformFunction, TransformedBatch } from '../../src/consume/transform.ts'
import { makeRecord } from './make-record.ts'

const never = new AbortController().signal
const options = { clock: systemClock, onError: () => undefined, backoff: {} }

function apply(texts: readonly string[], ...transforms: TransformFunction[]): Promise<TransformedBatch> {
  return new TransformChain(transforms, options).apply(
    texts.map((text) => makeRecord(text)),
    never,
  )
}

const lines = (batch: TransformedBatch): string[] => batch.records.map(({ line }) => line)
const message = (record: ConsumedRecord): string => (record.get('m') as string | undefined) ?? record.text
const suffix = (end: string) => (record: ConsumedRecord) => record.with({ m: message(record) + end })
const m = (...values: string[]): string[] => values.map((value) => JSON.stringify({ m: value }))

test('without transforms records go through as they are', async () => {
  const batch = await apply(['a', 'b'])
  assert.deepEqual(lines(batch), ['a', 'b'])
})

test('a record can be kept, replaced, dropped and multiplied, and goes on from there in order', async () => {
  const batch = await apply(
    ['keep', 'drop', 'several', 'none', 'swap'],
    (record) => {
      if (record.text === 'drop') return undefined
      if (record.text === 'none') return []
      if (record.text === 'several') return [record, record.with({ m: 'extra' })]
      return record.text === 'swap' ? record.with({ m: 'swapped' }) : record
    },
    suffix('!'),
    (record) => (record.line.includes('swapped') ? null : record),
  )
  assert.deepEqual(lines(batch), m('keep!', 'several!', 'extra!'))
  assert.equal(batch.dropped, 3)
  assert.equal(batch.added, 1)
})

test('promises are as good, and the order stays', async () => {
  const batch = await apply(
    ['1', '2', '3', '4'],
    async (record) => {
      await setImmediate()
      return Number(record.text) % 2 === 0 ? record : [record, record.with({ m: `${record.text}b` })]
    },
    suffix('!'),
    (record) => (record.line.includes('2') ? Promise.resolve(undefined) : record),
  )
  assert.deepEqual(lines(batch), m('1!', '1b!', '3!', '3b!', '4!'))
  assert.equal(batch.dropped, 1)
  assert.equal(batch.added, 2)
})

test('a transform that throws or rejects makes one dead record each, and the others go on', async () => {
  const error = new RangeError('no')
  const batch = await apply(['a', 'sync', 'b', 'async', 'c'], (record) => {
    if (record.text === 'sync') throw error
    return record.text === 'async' ? Promise.reject(error) : record
  })
  assert.deepEqual(lines(batch), ['a', 'b', 'c'])
  assert.deepEqual(
    batch.dead.map((dead) => [dead.record.text, dead.reason, dead.error]),
    [
      ['sync', 'transform failed', error],
      ['async', 'transform failed', error],
    ],
  )
})

test('what is neither a record, nor several, nor nothing is an error that says so', async () => {
  for (const wrong of [true, 'text', { fields: {} }, 17]) {
    const batch = await apply(['a'], () => wrong as unknown as undefined)
    assert.match(batch.dead[0]?.error.message ?? '', new RegExp(`returned a ${typeof wrong}`))
  }
  const partly = await apply(['a'], (record) => [record, 'text' as unknown as ConsumedRecord])
  assert.equal(partly.records.length, 1)
  assert.equal(partly.dead.length, 1)
  assert.equal(partly.added, 1)
})

test('a record without a value is dead before any transform sees it', async () => {
  const seen: unknown[] = []
  const look: TransformFunction = (record) => {
    seen.push(record)
    return record
  }
  const batch = await new TransformChain([look], options).apply([makeRecord(null)], never)
  assert.equal(batch.dead[0]?.reason, 'no value')
  assert.deepEqual(seen, [])
})

test('slow transforms leave the thread to others now and then, and stop when nobody waits any more', async () => {
  const controller = new AbortController()
  const records = Array.from({ length: 2000 }, () => makeRecord('a'))
  let calls = 0
  const slow: TransformFunction = (record) => {
    calls++
    const end = performance.now() + 1
    while (performance.now() < end);
    return record
  }
  setTimeout(() => controller.abort(), 100)
  await assert.rejects(new TransformChain([slow], options).apply(records, controller.signal), {
    name: 'AbortError',
  })
  assert.ok(calls < 1000, `${calls} calls`)
})
