import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { Lease } from '../../src/consume/lease.ts'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import { TestClock } from '../../src/consume/test-clock.ts'
import type { BatchWish, Sink, StatefulTransform } from '../../src/consumer.ts'
import { collect } from './journal.ts'
import { makePipeline, TestPlace } from './lane-parts.ts'
import { makeRecord } from './make-record.ts'

const source = { lag: 0, lags: {}, lost: {}, missing: [], buffered: { records: 0, bytes: 0 } }

/** Records with these offsets, whose texts they are. */
const range = (from: number, to: number): ConsumedRecord[] =>
  Array.from({ length: to - from }, (_, index) => makeRecord(String(from + index), { offset: from + index }))

interface Gathered extends Sink {
  readonly units: string[][]
  /** Lets writes end, those to come too. */
  readonly go: () => void
}

function gathering(batch: BatchWish, { held = false, name = 'gathering' } = {}): Gathered {
  const units: string[][] = []
  let go = (): void => undefined
  const promise = new Promise<void>((resolve) => (go = resolve))
  return {
    name,
    batch,
    units,
    go: () => go(),
    async write(records) {
      units.push(records.map(({ text }) => text))
      if (held) await promise
    },
  }
}

/** What is due has had its turns. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate()
}

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; !isSo(); turn++) {
    assert.ok(turn < 10_000, 'it does not happen')
    await setImmediate()
  }
}

test('a sink is given as many records as it wishes, over several fetches, while reading goes on', async () => {
  const sink = gathering({ records: 100, time: 60_000 }, { held: true })
  const { lane, pipeline } = makePipeline({ sinks: [sink] })
  const lease = new Lease()
  const place = new TestPlace()
  const partition = lane(lease, place)
  assert.equal(await partition.take(range(0, 80)), true)
  assert.deepEqual([sink.units, place.commits], [[], ['0']])
  assert.equal(pipeline.buffered.records, 80)
  assert.equal(await partition.take(range(80, 230)), true)
  await until(() => sink.units.length === 1)
  assert.deepEqual(
    place.commits,
    ['0', '0 logflume1 {"gathering":["0","100"]}'],
    'its end is known before it is',
  )
  sink.go()
  await until(() => sink.units.length === 2)
  assert.deepEqual(
    sink.units.map((unit) => [unit[0], unit.length]),
    [
      ['0', 100],
      ['100', 100],
    ],
  )
  await until(() => place.place === 200n)
  assert.equal(pipeline.buffered.records, 30)
  lease.expire()
  assert.deepEqual(pipeline.buffered, { records: 0, bytes: 0 })
})

test('a unit is written when its time has come, though nothing more does', async () => {
  const clock = new TestClock()
  const sink = gathering({ records: 100, time: 5000 })
  const { lane } = makePipeline({ sinks: [sink], clock })
  const lease = new Lease()
  const place = new TestPlace()
  await lane(lease, place).take(range(0, 3))
  await clock.pass(4999, turns)
  assert.deepEqual(sink.units, [])
  await clock.pass(1, turns)
  assert.deepEqual(sink.units, [['0', '1', '2']])
  assert.equal(place.place, 3n)
  assert.equal(place.note, '')
  lease.expire()
})

test('a unit ends where its bytes do', async () => {
  const sink = gathering({ bytes: 200, time: 60_000 })
  const { lane } = makePipeline({ sinks: [sink] })
  const lease = new Lease()
  await lane(lease).take(range(100, 300))
  await until(() => sink.units.length === 2)
  assert.deepEqual(
    sink.units.map(({ length }) => length),
    [67, 67],
  )
  lease.expire()
})

test('the place moves when every sink has it, whatever another has behind it', async () => {
  const slow = gathering({ records: 1000, time: 60_000 }, { name: 'slow' })
  const quick = gathering({ records: 100, time: 60_000 }, { name: 'quick' })
  const direct = collect('direct')
  const { lane, meter } = makePipeline({ sinks: [slow, direct, quick] })
  const lease = new Lease()
  const place = new TestPlace()
  const partition = lane(lease, place)
  await partition.take(range(0, 250))
  await until(() => quick.units.length === 2)
  assert.equal(direct.records.length, 250)
  assert.ok(place.commits.every((commit) => commit.startsWith('0 ')))
  assert.equal(meter.snapshot(source).delivered, 0)
  await partition.finish(false)
  assert.deepEqual(
    slow.units.map(({ length }) => length),
    [250],
  )
  assert.deepEqual(
    quick.units.map(({ length }) => length),
    [100, 100, 50],
  )
  assert.equal(place.place, 250n)
  assert.equal(place.note, '')
  assert.equal(meter.snapshot(source).delivered, 250)
  lease.expire()
})

test('beyond the bound what is gathered is written early, and reading stops until there is room', async () => {
  const sink = gathering({ records: 10_000, time: 60_000 }, { held: true })
  const { lane, pipeline } = makePipeline({ sinks: [sink], maxBufferedBytes: 50_000 })
  const lease = new Lease()
  const partition = lane(lease)
  await partition.take(range(0, 60))
  assert.equal(partition.isFull, false)
  await partition.take(range(60, 120))
  assert.equal(partition.isFull, true)
  assert.deepEqual(
    sink.units.map(({ length }) => length),
    [120],
  )
  let isRoom = false
  const room = partition.room().then(() => (isRoom = true))
  await setImmediate()
  assert.equal(isRoom, false)
  sink.go()
  await room
  assert.equal(partition.isFull, false)
  assert.equal(pipeline.buffered.bytes, 0)
  lease.expire()
})

test('records that a gathered write refuses are dead letters, and the rest is delivered', async () => {
  const dead = collect('dead')
  const sink: Sink = {
    name: 'picky',
    batch: { records: 64, time: 60_000 },
    write: (records) => ({
      rejected: records
        .filter(({ text }) => text.endsWith('7'))
        .map((record) => ({ record, error: new Error('seven') })),
    }),
  }
  const { lane, meter } = makePipeline({ sinks: [sink], deadLetter: dead })
  const lease = new Lease()
  const partition = lane(lease)
  await partition.take(range(0, 40))
  await partition.take(range(40, 100))
  await partition.finish(true)
  assert.equal(dead.records.length, 10)
  const { delivered, failed } = meter.snapshot(source)
  assert.deepEqual({ delivered, failed }, { delivered: 90, failed: { 'refused by sink picky': 10 } })
  lease.expire()
})

test('a commit that fails is tried again before the sink is given anything', async () => {
  const sink = gathering({ records: 64, time: 60_000 })
  const { lane, troubles } = makePipeline({ sinks: [sink] })
  const lease = new Lease()
  const place = new TestPlace()
  place.failures = 1
  await lane(lease, place).take(range(0, 64))
  assert.deepEqual(sink.units, [])
  await until(() => troubles.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 150))
  assert.equal(sink.units.length, 1)
  assert.equal(place.place, 64n)
  lease.expire()
})

/** Joins lines that begin with a blank to the one before. */
const joining: StatefulTransform = {
  name: 'joining',
  begin() {
    let held: ConsumedRecord | undefined
    return {
      timeout: 1000,
      get held() {
        return held
      },
      apply(record) {
        if (held !== undefined && record.text.startsWith(' ')) {
          held = held.with({ message: `${String(held.get('message'))}${record.text}` })
          return undefined
        }
        const complete = held
        held = record
        return complete
      },
      flush() {
        const complete = held
        held = undefined
        return complete
      },
    }
  },
}
const texts = (from: number, ...lines: string[]): ConsumedRecord[] =>
  lines.map((line, index) => makeRecord(line, { offset: from + index }))
const said = (records: readonly ConsumedRecord[]): unknown[] => records.map((record) => record.get('message'))

test('the place does not move past what a transform holds, over batches', async () => {
  const sink = collect()
  const clock = new TestClock()
  const { lane, meter } = makePipeline({ sinks: [sink], transforms: [joining], clock })
  const lease = new Lease()
  const place = new TestPlace()
  const partition = lane(lease, place)
  await partition.take(texts(0, 'a', ' 1', 'b'))
  await partition.take(texts(3, ' 2'))
  assert.deepEqual(said(sink.records), ['a 1'])
  assert.equal(place.place, 2n)
  await clock.pass(999, turns)
  await partition.take(texts(4, ' 3'))
  await clock.pass(999, turns)
  assert.deepEqual(said(sink.records), ['a 1'])
  await clock.pass(1, turns)
  assert.deepEqual(said(sink.records), ['a 1', 'b 2 3'])
  assert.equal(place.place, 5n)
  const { consumed, added, delivered, dropped } = meter.snapshot(source)
  assert.equal(consumed + added, delivered + dropped)
  assert.equal(delivered, 2)
  lease.expire()
})

test('what is held at a stop comes again, and at the end of the source it is given out', async () => {
  const sink = collect()
  const { lane } = makePipeline({ sinks: [sink], transforms: [joining] })
  const place = new TestPlace()
  const first = new Lease()
  const one = lane(first, place)
  await one.take(texts(0, 'a', 'b', ' 1'))
  await one.finish(false)
  first.expire()
  assert.deepEqual(said(sink.records), ['a'])
  assert.equal(place.place, 1n)
  const second = new Lease()
  const other = lane(second, place)
  await other.take(texts(1, 'b', ' 1'))
  await other.take(texts(3, ' 2'))
  await other.finish(true)
  assert.deepEqual(said(sink.records), ['a', 'b 1 2'])
  assert.equal(place.place, 4n)
  second.expire()
})

/**
 * Deaths at any moment: everything in memory is gone, the place and what sinks have written is not. A unit
 * that a sink was given before must come again as it was.
 */
test('after any death a unit is cut where it was cut before, and no record is in two units', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ fetch: fc.integer({ min: 1, max: 300 }), takes: fc.integer({ min: 1, max: 4 }) }),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 400 }),
      fc.boolean(),
      async (lives, wishOne, wishTwo, dropSome) => {
        const place = new TestPlace()
        const objects = [new Map<string, string>(), new Map<string, string>()]
        const clock = new TestClock()
        const total = 1500
        const live = async (fetch: number, takes: number, isLast: boolean): Promise<void> => {
          let writes = 0
          const sinks = [wishOne, wishTwo].map((records, index): Sink => ({
            name: `sink ${index}`,
            batch: { records, time: 10 },
            async write(given) {
              const key = given[0]?.place.offset ?? ''
              const body = given.map(({ text }) => text).join()
              const before = objects[index]?.get(key)
              assert.ok(before === undefined || before === body, `another unit at ${key}`)
              objects[index]?.set(key, body)
              // The other one may be behind when death comes, or the commit.
              if (!isLast && (++writes + index) % 3 === 0) await new Promise(() => undefined)
            },
          }))
          const drop = (record: ConsumedRecord): ConsumedRecord | undefined =>
            dropSome && Number(record.text) % 5 < 3 ? undefined : record
          const { lane } = makePipeline({ sinks, transforms: [drop], clock, writeTimeout: 100_000 })
          const lease = new Lease()
          const partition = lane(lease, place)
          let offset = Number(place.place ?? 0n)
          for (let take = 0; (isLast || take < takes) && offset < total; take++) {
            const to = Math.min(total, offset + fetch)
            await partition.take(range(offset, to))
            if (take % 2 === 1) await clock.pass(10, turns)
            offset = to
          }
          if (isLast) await partition.finish(true)
          else for (let turn = 0; turn < 3; turn++) await setImmediate()
          lease.expire()
        }
        for (const { fetch, takes } of lives) await live(fetch, takes, false)
        await live(200, Infinity, true)
        const expected = range(0, total)
          .map(({ text }) => text)
          .filter((text) => !dropSome || Number(text) % 5 >= 3)
        for (const written of objects) {
          const all = [...written].sort(([a], [b]) => Number(a) - Number(b)).map(([, body]) => body)
          assert.deepEqual(all.join().split(','), expected)
        }
      },
    ),
    { numRuns: 60 },
  )
})
