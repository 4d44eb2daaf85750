import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createConsumer, defineSink, type ConsumerOptions, type Sink } from '../../src/consumer.ts'

const sink: Sink = { name: 'nothing', write: () => undefined }
const kafka = { brokers: ['127.0.0.1:9092'], topics: ['logs'], group: 'archive' }
const journal = { dir: 'logs', name: 'shop' }

test('a consumer that was not run yet is idle and has counted nothing', () => {
  const stats = createConsumer({ from: kafka, sinks: [sink] }).stats()
  assert.deepEqual(stats, {
    state: 'idle',
    consumed: 0,
    added: 0,
    delivered: 0,
    dropped: 0,
    failed: {},
    lost: {},
    buffered: { records: 0, bytes: 0 },
    retries: 0,
    lag: undefined,
    lags: {},
    missing: [],
    rates: { consumed: 0, delivered: 0 },
    latency: { p50: undefined, p99: undefined },
    error: undefined,
  })
})

const refusals: readonly (readonly [string, unknown, RegExp])[] = [
  ['no source', { sinks: [sink] }, /^from\.brokers: expected/],
  ['no sinks', { from: kafka }, /^sinks: expected a non-empty array/],
  ['an empty list of sinks', { from: kafka, sinks: [] }, /^sinks: expected a non-empty array/],
  ['a sink without a name', { from: kafka, sinks: [{ write: () => 1 }] }, /^sinks\[0\]\.name: expected/],
  ['a sink that cannot write', { from: kafka, sinks: [sink, { name: 'x' }] }, /^sinks\[1\]\.write: expected/],
  ['a function as a sink', { from: kafka, sinks: [() => 1] }, /^sinks\[0\]: expected a sink/],
  ['a dead letter sink that is none', { from: kafka, sinks: [sink], deadLetter: 7 }, /^deadLetter: expected/],
  ['a transform that is none', { from: kafka, sinks: [sink], transforms: [1] }, /^transforms\[0\]: expected/],
  ['no brokers', { from: { ...kafka, brokers: [] }, sinks: [sink] }, /^from\.brokers: expected/],
  ['one topic as a text', { from: { ...kafka, topics: 'logs' }, sinks: [sink] }, /^from\.topics: expected/],
  ['no group', { from: { ...kafka, group: '' }, sinks: [sink] }, /^from\.group: expected/],
  [
    'an unknown start',
    { from: { ...kafka, start: 'now' }, sinks: [sink] },
    /^from\.start: .*earliest, latest/,
  ],
  ['no concurrency', { from: { ...kafka, concurrency: 0 }, sinks: [sink] }, /^from\.concurrency: .*from 1/],
  [
    'both sources',
    { from: { ...kafka, ...journal }, sinks: [sink] },
    /^from\.(brokers|topics): no such option/,
  ],
  [
    'a name that is a path',
    { from: { ...journal, name: '../x' }, sinks: [sink] },
    /^from\.name: .*without slashes/,
  ],
  [
    'a group that is a path',
    { from: { ...journal, group: 'a/b' }, sinks: [sink] },
    /^from\.group: .*without/,
  ],
  [
    'a spelling mistake',
    { from: kafka, sinks: [sink], transform: [] },
    /^transform: no such option; there are/,
  ],
  ['a timeout that is a text', { from: kafka, sinks: [sink], stopTimeout: '1s' }, /^stopTimeout: expected/],
  [
    'a shrinking retry',
    { from: kafka, sinks: [sink], retry: { first: 9, most: 3 } },
    /^retry\.most: .*from 9/,
  ],
]

for (const [what, options, message] of refusals) {
  test(`${what} is refused by the option's name`, () => {
    assert.throws(() => createConsumer(options as ConsumerOptions), { code: 'INVALID_OPTION', message })
  })
}

test('a sink is checked while it is being defined', () => {
  assert.equal(defineSink(sink), sink)
  assert.throws(() => defineSink({ ...sink, concurrency: 0 }), { message: /^sink\.concurrency: expected/ })
  assert.throws(() => defineSink({ ...sink, open: 1 } as unknown as Sink), {
    message: /^sink\.open: expected/,
  })
})

test('run takes nothing but a signal', async () => {
  const consumer = createConsumer({ from: kafka, sinks: [sink] })
  await assert.rejects(consumer.run({ signal: 1 } as unknown as { signal: AbortSignal }), {
    message: /^signal: expected an AbortSignal/,
  })
})

test('a consumer that was closed before it was run does not run', async () => {
  const consumer = createConsumer({ from: kafka, sinks: [sink] })
  await consumer.close()
  assert.equal(consumer.stats().state, 'stopped')
  await assert.rejects(consumer.run(), { code: 'CLOSED' })
})

test('a list with a hole in it is refused', () => {
  const holed: string[] = []
  holed[1] = 'logs'
  for (const key of ['brokers', 'topics'])
    assert.throws(() => createConsumer({ from: { ...kafka, [key]: holed }, sinks: [sink] }), {
      code: 'INVALID_OPTION',
      option: `from.${key}`,
    })
})
