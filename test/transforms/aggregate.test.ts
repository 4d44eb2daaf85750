import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import { aggregate, type AggregateOptions } from '../../src/transforms/aggregate.ts'
import { Quantiles } from '../../src/transforms/aggregate/quantiles.ts'
import { arrived, feed, several } from './run.ts'

const START = Date.UTC(2026, 10, 21, 13, 10)
const at = (second: number, fields: object = {}, offset = 0): ConsumedRecord =>
  arrived(
    { '@timestamp': new Date(START + second * 1000).toISOString(), ...fields },
    START + 3_600_000,
    offset,
  )

/** Key, value and time of what came out. */
const told = (records: readonly ConsumedRecord[]): unknown[] =>
  records.map((record) => [
    record.get('metric.key'),
    record.get('metric.value'),
    (Date.parse(String(record.get('@timestamp'))) - START) / 1000,
  ])

function run(options: AggregateOptions, records: readonly ConsumedRecord[]): unknown[] {
  const state = aggregate(options).begin()
  return told([...feed(state, records).flat(), ...several(state.flush?.())])
}

test('all numbers of a window, at its end', () => {
  const metrics: AggregateOptions['metrics'] = {
    n: 'count',
    perSecond: 'rate',
    errors: { type: 'count', if: (record) => record.get('status') === 503 },
    bytes: { type: 'sum', field: 'bytes' },
    mean: { type: 'average', field: 'bytes' },
    least: { type: 'min', field: 'bytes' },
    most: { type: 'max', field: 'bytes' },
    p50: { type: 'percentile', percentile: 50, field: 'bytes' },
  }
  const records = [
    at(0, { bytes: 100, status: 200 }),
    at(59, { bytes: '300', status: 503 }),
    at(30, { bytes: 'x' }),
  ]
  assert.deepEqual(run({ metrics }, records), [
    ['n', 3, 60],
    ['perSecond', 0.05, 60],
    ['errors', 1, 60],
    ['bytes', 400, 60],
    ['mean', 200, 60],
    ['least', 100, 60],
    ['most', 300, 60],
    ['p50', 100, 60],
  ])
  assert.deepEqual(
    run({ metrics: { mean: { type: 'average', field: 'no' } } }, records),
    [],
    'nothing to say',
  )
})

test('what comes out has what a Zabbix sink takes, and the fields of the key', () => {
  const state = aggregate({
    metrics: { requests: 'count' },
    by: ['service', 'status'],
    window: 10_000,
  }).begin()
  feed(state, [
    at(0, { service: 'shop', status: 503, 'host.hostname': 'web1' }),
    at(1, { service: 'a,"b"]' }),
  ])
  assert.deepEqual(
    several(state.flush?.()).map((record) => record.toJSON()),
    [
      {
        '@timestamp': '2026-11-21T13:10:10.000Z',
        'metric.key': 'requests[shop,503]',
        'metric.name': 'requests',
        'metric.value': 1,
        'metric.window': 10,
        host: 'web1',
        service: 'shop',
        status: 503,
      },
      {
        '@timestamp': '2026-11-21T13:10:10.000Z',
        'metric.key': 'requests["a,\\"b\\"]",]',
        'metric.name': 'requests',
        'metric.value': 1,
        'metric.window': 10,
        service: 'a,"b"]',
        status: null,
      },
    ],
  )
})

test('a window waits for late records; those that come later still are counted in the next one', () => {
  const options = { metrics: { n: 'count' }, window: 10_000, lateness: 5000 } as const
  const state = aggregate(options).begin()
  const out = feed(state, [at(1), at(11), at(9), at(14.9), at(15), at(3), at(19)])
  assert.deepEqual(out.map(told), [[], [], [], [], [['n', 2, 10]], [], []])
  assert.deepEqual(told(several(state.flush?.())), [['n', 5, 20]])
  assert.deepEqual(told(feed(state, [at(2)]).flat()), [])
  assert.deepEqual(told(several(state.flush?.())), [['n', 1, 30]], 'no window comes out twice')
})

test('a clock that is far ahead ends nothing', () => {
  const state = aggregate({ metrics: { n: 'count' }, window: 10_000, lateness: 0 }).begin()
  const future = arrived({ '@timestamp': '2099-01-01T00:00:00.000Z' }, START + 1000)
  assert.deepEqual(feed(state, [at(0), future, at(1)]).flat(), [])
  assert.deepEqual(told(several(state.flush?.())), [['n', 3, 10]])
})

test('by the time of arrival', () => {
  const state = aggregate({ metrics: { n: 'count' }, window: 1000, lateness: 0, clock: 'arrival' }).begin()
  assert.deepEqual(feed(state, [arrived('x', START), arrived('x', START + 1000)]).map(told), [
    [],
    [['n', 1, 1]],
  ])
  assert.equal(aggregate({ metrics: { n: 'count' }, window: 1000, lateness: 10 }).begin().timeout, 1010)
})

test('originals go on behind what they brought to an end; the place waits where they do not', () => {
  const passing = aggregate({ metrics: { n: 'count' }, window: 1000, lateness: 0, originals: 'pass' }).begin()
  const [first, second] = [at(0, {}, 1), at(1, {}, 2)]
  const out = feed(passing, [first, second])
  assert.equal(out[0]?.[0], first)
  assert.deepEqual([out[1]?.length, out[1]?.[1]], [2, second])
  assert.equal(passing.held, undefined)

  const holding = aggregate({ metrics: { n: 'count' }, window: 1000, lateness: 5000 }).begin()
  feed(holding, [at(3, {}, 1), at(0, {}, 2)])
  assert.equal(holding.held?.place.offset, '1', 'the first one, though its window is not')
  holding.flush?.()
  assert.equal(holding.held, undefined)
})

test('of too many combinations the further ones are one', () => {
  const records = ['a', 'b', 'c', 'd', 'a'].map((k) => at(0, { k }))
  assert.deepEqual(run({ metrics: { n: 'count' }, by: 'k', maxKeys: 2 }, records), [
    ['n[a]', 2, 60],
    ['n[b]', 1, 60],
    ['n[(other)]', 2, 60],
  ])
})

test('whatever the times and the keys are, each record is counted once', () => {
  const event = fc.record({ second: fc.nat(100), k: fc.constantFrom('a', 'b', 'c') })
  fc.assert(
    fc.property(fc.array(event), fc.nat(20), fc.integer({ min: 1, max: 3 }), (events, lateness, maxKeys) => {
      const options = {
        metrics: { n: 'count' },
        by: 'k',
        window: 7000,
        lateness: lateness * 1000,
        maxKeys,
      } as const
      const out = run(
        options,
        events.map(({ second, k }) => at(second, { k })),
      ) as [string, number, number][]
      assert.equal(
        out.reduce((sum, [, n]) => sum + n, 0),
        events.length,
      )
      const ends = out.map(([, , end]) => end)
      assert.deepEqual(
        ends,
        [...ends].sort((a, b) => a - b),
        'windows end in order',
      )
      assert.equal(new Set(out.map(([key, , end]) => `${key} ${end}`)).size, out.length, 'and once')
    }),
  )
})

test('percentiles are right to a hundredth, in bounded memory', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }).filter((n) => n === 0 || Math.abs(n) > 1e-6),
        { minLength: 1 },
      ),
      fc.constantFrom(1, 50, 95, 99.9, 100),
      (values, percent) => {
        const quantiles = new Quantiles()
        for (const value of values) quantiles.add(value)
        const exact =
          [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil((percent / 100) * values.length)) - 1] ?? 0
        const told = quantiles.percentile(percent) ?? Number.NaN
        assert.ok(Math.abs(told - exact) <= Math.abs(exact) * 0.0101, `${told} for ${exact}`)
      },
    ),
  )
  assert.equal(new Quantiles().percentile(50), undefined)
  const wide = new Quantiles()
  for (let power = -300; power < 300; power += 0.05) wide.add(10 ** power)
  assert.ok((wide.percentile(99) ?? 0) > 1e290)
})

test('options are refused by their place', () => {
  const wrong: [AggregateOptions, RegExp][] = [
    [{ metrics: {} }, /^aggregate\.metrics: expected an object of metrics/],
    [{ metrics: { a: 'total' as 'count' } }, /^aggregate\.metrics\.a\.type: expected one of count, rate/],
    [
      { metrics: { a: { type: 'sum' } } },
      /^aggregate\.metrics\.a\.field: expected the field of which the sum is made/,
    ],
    [
      { metrics: { a: { type: 'percentile', field: 'x' } } },
      /^aggregate\.metrics\.a\.percentile: expected a number/,
    ],
    [{ metrics: { a: 'count' }, window: 0 }, /^aggregate\.window: expected a whole number of at least 1/],
  ]
  for (const [options, message] of wrong)
    assert.throws(() => aggregate(options), { code: 'INVALID_OPTION', message })
})
