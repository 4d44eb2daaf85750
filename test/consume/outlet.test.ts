import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { test } from 'node:test'
import { LogflumeError } from '../../src/errors.ts'
import { Lease } from '../../src/consume/lease.ts'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import type { Sink, WriteResult } from '../../src/consume/sink.ts'
import { collect } from './journal.ts'
import { makePipeline } from './lane-parts.ts'
import { makeRecord } from './make-record.ts'

const records = (...texts: string[]): ConsumedRecord[] =>
  texts.map((text, index) => makeRecord(text, { offset: index }))
const source = { lag: 0, lags: {}, lost: {}, missing: [], buffered: { records: 0, bytes: 0 } }

/** A sink that answers each write with the next of these. */
function answering(
  ...answers: ((given: readonly ConsumedRecord[]) => WriteResult | undefined)[]
): Sink & { readonly writes: string[][] } {
  const writes: string[][] = []
  return {
    name: 'answering',
    writes,
    write(given) {
      writes.push(given.map(({ text }) => text))
      return answers[writes.length - 1]?.(given)
    },
  }
}

const only = (given: readonly ConsumedRecord[], ...texts: string[]): ConsumedRecord[] =>
  given.filter(({ text }) => texts.includes(text))

test('of one write some records are there, some come again alone, and some are dead letters', async () => {
  const rejected = (given: readonly ConsumedRecord[], text: string): WriteResult['rejected'] =>
    only(given, text).map((record) => ({ record, error: new Error(`no ${text}`) }))
  const sink = answering(
    (given) => ({
      retry: only(given, 'c', 'd').reverse(),
      rejected: rejected(given, 'b'),
      error: new Error('busy'),
    }),
    (given) => ({ retry: only(given, 'c'), rejected: rejected(given, 'd') }),
  )
  const dead = collect('dead')
  const { lane, meter } = makePipeline({ sinks: [sink], deadLetter: dead })
  const lease = new Lease()
  assert.equal(await lane(lease).take(records('a', 'b', 'c', 'd')), true)
  assert.deepEqual(sink.writes, [['a', 'b', 'c', 'd'], ['c', 'd'], ['c']])
  assert.deepEqual(
    dead.records.map((letter) => [letter.get('event.original'), letter.get('error.message')]),
    [
      ['b', 'sink answering: write: no b'],
      ['d', 'sink answering: write: no d'],
    ],
  )
  const { delivered, failed, retries, error } = meter.snapshot(source)
  assert.deepEqual(
    { delivered, failed, retries, error },
    { delivered: 2, failed: { 'refused by sink answering': 2 }, retries: 2, error: undefined },
  )
  lease.expire()
})

test('while some records are tried again their reason shows, and the next ones of the partition wait', async () => {
  const sink = answering(
    ...Array.from({ length: 40 }, () => (given: readonly ConsumedRecord[]) => ({
      retry: only(given, 'b'),
      error: new Error('busy'),
    })),
  )
  const { lane, meter } = makePipeline({ sinks: [sink] })
  const lease = new Lease()
  const partition = lane(lease)
  const first = partition.take(records('a', 'b'))
  const second = partition.take([makeRecord('c', { offset: 2 })])
  while (sink.writes.length < 5) await setTimeout(1)
  assert.equal(meter.snapshot(source).error?.message, 'sink answering: write: busy')
  assert.equal(meter.snapshot(source).delivered, 0)
  await first
  await second
  assert.deepEqual(sink.writes.at(-1), ['c'])
  assert.deepEqual(new Set(sink.writes.slice(1, -1).flat()), new Set(['b']))
  assert.equal(meter.snapshot(source).delivered, 3)
  lease.expire()
})

test('what a sink says about records that it was not given does no harm', async () => {
  const stranger = makeRecord('stranger')
  const sink = answering(() => ({
    retry: [stranger],
    rejected: [{ record: stranger, error: new Error('who?') }],
  }))
  const { lane, meter } = makePipeline({ sinks: [sink] })
  const lease = new Lease()
  assert.equal(await lane(lease).take(records('a')), true)
  assert.equal(sink.writes.length, 1)
  assert.deepEqual(meter.snapshot(source).failed, {})
  lease.expire()
})

test('a write that takes too long is asked to end, shown, and tried again only when it has ended', async () => {
  const log: string[] = []
  const sink: Sink = {
    name: 'slow',
    async write(_, { signal }) {
      log.push('begins')
      if (log.length > 1) return
      await once(signal, 'abort')
      log.push((signal.reason as Error).message)
      await setTimeout(30)
      log.push('ends')
      throw new Error('too slow')
    },
  }
  const { lane, meter } = makePipeline({ sinks: [sink], writeTimeout: 20 })
  const lease = new Lease()
  const taken = lane(lease).take(records('a'))
  while (log.length < 2) await setTimeout(1)
  assert.equal(meter.snapshot(source).error?.message, 'sink slow: write: no answer within 20 ms')
  assert.equal(await taken, true)
  assert.deepEqual(log, ['begins', 'no answer within 20 ms', 'ends', 'begins'])
  assert.equal(meter.snapshot(source).error, undefined)
  assert.equal(meter.snapshot(source).retries, 2)
  lease.expire()
})

test('a write that succeeds late after all is not repeated', async () => {
  let writes = 0
  const sink: Sink = {
    name: 'late',
    async write() {
      writes++
      await setTimeout(40)
    },
  }
  const { lane, meter } = makePipeline({ sinks: [sink], writeTimeout: 10 })
  const lease = new Lease()
  assert.equal(await lane(lease).take(records('a')), true)
  assert.equal(writes, 1)
  assert.equal(meter.snapshot(source).error, undefined)
  lease.expire()
})

test('a write that never ends is left alone some time after the partition was lost', async (t) => {
  let writes = 0
  const sink: Sink = {
    name: 'hung',
    write: () => (++writes === 1 ? new Promise<never>(() => undefined) : undefined),
  }
  const { lane } = makePipeline({ sinks: [sink], writeTimeout: 20 })
  // The timer that gives it up holds no process.
  const alive = setInterval(() => undefined, 1000)
  t.after(() => clearInterval(alive))
  const lost = new Lease()
  const first = lane(lost).take(records('a'))
  while (writes === 0) await setTimeout(1)
  lost.expire()
  assert.equal(await first, false)
  const lease = new Lease()
  assert.equal(await lane(lease).take(records('a')), true)
  assert.equal(writes, 2)
  lease.expire()
})

test('a refusal of the whole write concerns only what is left of it', async () => {
  const sink = answering(
    (given) => ({ retry: only(given, 'b') }),
    () => {
      throw new LogflumeError('SINK', 'never')
    },
  )
  const { lane, meter } = makePipeline({ sinks: [sink] })
  const lease = new Lease()
  await lane(lease).take(records('a', 'b'))
  assert.equal(meter.snapshot(source).delivered, 1)
  assert.deepEqual(meter.snapshot(source).failed, { 'refused by sink answering': 1 })
  lease.expire()
})
