import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dedupe } from '../../src/transforms/dedupe.ts'
import { arrived, feed } from './run.ts'

const at = (time: number, fields: object): ReturnType<typeof arrived> =>
  arrived({ '@timestamp': new Date(time).toISOString(), ...fields }, 1_000_000)

test('the first of a window goes on, the others are counted in the next one', () => {
  const state = dedupe({ window: 1000 }).begin()
  const times = [0, 10, 999, 1000, 1001, 3000]
  const out = feed(
    state,
    times.map((time) => at(time, { message: 'x' })),
  )
  assert.deepEqual(
    out.map((records) => records.map((record) => record.get('suppressed'))),
    [[undefined], [], [], [2], [], [1]],
  )
  assert.deepEqual(feed(state, [at(3000, { message: 'y' })])[0]?.length, 1, 'another message')
})

test('by key, and only where the condition holds', () => {
  const state = dedupe({ key: ['a', 'b'], if: (record) => record.get('a') !== 0, countField: 'n' }).begin()
  const out = feed(state, [
    at(0, { a: 1, b: 1 }),
    at(0, { a: 1, b: 2 }),
    at(0, { a: 1, b: 1 }),
    at(0, { a: 0 }),
    at(0, { a: 0 }),
  ])
  assert.deepEqual(
    out.map(({ length }) => length),
    [1, 1, 0, 1, 1],
  )
  assert.deepEqual(feed(state, [at(60_000, { a: 1, b: 1 })])[0]?.[0]?.get('n'), 1)
})

test('a record that is much older is of another time', () => {
  const state = dedupe({ window: 1000 }).begin()
  assert.deepEqual(
    feed(state, [at(5000, {}), at(4500, {}), at(3000, {})]).map(({ length }) => length),
    [1, 0, 1],
  )
})

test('keys are remembered up to a number, the oldest is forgotten first', () => {
  const state = dedupe({ key: 'k', maxKeys: 2 }).begin()
  const out = feed(
    state,
    ['a', 'b', 'c', 'c', 'b', 'a'].map((k) => at(0, { k })),
  )
  assert.deepEqual(
    out.map(({ length }) => length),
    [1, 1, 1, 0, 0, 1],
  )
})

test('each record goes on, is counted, or is still to be counted', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5000), fc.constantFrom('a', 'b'))), (events) => {
      const state = dedupe({ key: 'k', window: 500 }).begin()
      const sorted = [...events].sort(([a], [b]) => a - b)
      const end = ['a', 'b'].map((k) => at(10_000, { k }))
      const out = feed(state, [...sorted.map(([time, k]) => at(time, { k })), ...end]).flat()
      const suppressed = out.map((record) => Number(record.get('suppressed') ?? 0)).reduce((a, b) => a + b, 0)
      assert.equal(out.length + suppressed, events.length + 2)
    }),
  )
})
