import assert from 'node:assert/strict'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { crc32 } from '@node-rs/crc32'
import fc from 'fast-check'
import { partitionOf } from '../../src/kafka/murmur2.ts'
import { segmentFiles, temporaryDirectory } from '../journal/open-journal.ts'
import { CheckpointFile } from '../../src/forward/checkpoint.ts'
import { Signal } from '../../src/forward/signal.ts'
import { FakeKafka, FakePartition, type Fate } from './fake-kafka.ts'
import { Life, route, writeSegment } from './run-forwarder.ts'

const routes = [
  route({ match: 'audit', topic: 'audits' }),
  route({ match: 'error', topic: 'errors' }),
  route({ match: 'noise' }),
]
const topicOf: Readonly<Record<string, string | undefined>> = {
  audit: 'audits',
  error: 'errors',
  noise: undefined,
}
const KINDS = ['plain', 'plain', 'audit', 'error', 'noise']

const line = (n: number, kind: string, padding = 0): string =>
  `{"n":${n},"user":{"id":0},"kind":"${kind}","pad":"${'x'.repeat(padding)}","id":"u${n % 7}"}`

/** A number from 0 up to `below` for each call, the same ones for the same seed. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed | 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 8) % below
  }
}

interface Expected {
  readonly refused?: readonly string[]
  /** So many lines may be there twice. */
  readonly duplicates?: number
  /** What keeps its order: all lines of a topic, those of one key, or nothing. */
  readonly order?: 'topic' | 'key' | 'none'
}

/** Each line is in the topic of its kind, and once but for `duplicates`. */
function assertOnce(
  kafka: FakeKafka,
  lines: readonly string[],
  { refused = [], duplicates = 0, order = 'topic' }: Expected = {},
): void {
  let twice = 0
  const groupOf = (one: string): string => (order === 'key' ? (/"id":"(u\d)"/.exec(one)?.[1] ?? '') : '')
  const arranged = (all: readonly string[]): string[] => {
    if (order === 'none') return all.toSorted()
    return order === 'topic'
      ? [...all]
      : ['u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6'].flatMap((key) => all.filter((one) => groupOf(one) === key))
  }
  for (const topic of ['logs', 'audits', 'errors']) {
    const expected = arranged(
      lines.filter((one) => {
        const { kind } = JSON.parse(one) as { kind: string }
        return !refused.includes(one) && (kind in topicOf ? topicOf[kind] : 'logs') === topic
      }),
    )
    const all = arranged(kafka.lines(topic))
    const there = duplicates > 0 ? [...new Set(all)] : all
    twice += all.length - there.length
    const at = expected.findIndex((one, index) => one !== there[index])
    assert.equal(
      there[at]?.slice(0, 60),
      expected[at]?.slice(0, 60),
      `${topic}, line ${at} of ${expected.length}`,
    )
    assert.equal(there.length, expected.length, topic)
  }
  assert.ok(twice <= duplicates, `${twice} lines twice, ${duplicates} counted`)
}

test('lines of several topics: once, in order per lane, over lost answers, refusals and kills', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer(),
        lines: fc.integer({ min: 1, max: 400 }),
        batchBytes: fc.integer({ min: 50, max: 3000 }),
        trouble: fc.integer({ min: 0, max: 30 }),
        lives: fc.integer({ min: 1, max: 6 }),
        maxBytes: fc.option(fc.integer({ min: 60, max: 600 })),
        mode: fc.constantFrom('journal', 'spread', 'key', 'one'),
      }),
      async ({ seed, lines: count, batchBytes, trouble, lives, maxBytes, mode }) => {
        const dir = await temporaryDirectory(t)
        const random = numbersFrom(seed)
        const lines = Array.from({ length: count }, (_, n) =>
          line(n, KINDS[random(KINDS.length)] ?? 'plain', random(20) === 0 ? 300 : random(40)),
        )
        const half = Math.floor(count / 2)
        await writeSegment(dir, lines.slice(0, half))
        await writeSegment(dir, lines.slice(half), half)
        let calm = false
        const fates: readonly Fate[] = ['lost before', 'lost after', 6, 19, 3]
        const kafka = new FakeKafka({
          partitions: { logs: 4, audits: 1, errors: 2 },
          fate: () => (!calm && random(100) < trouble ? (fates[random(fates.length)] ?? 'taken') : 'taken'),
        })
        if (maxBytes !== null) for (const one of kafka.partitions('errors')) one.maxBytes = maxBytes
        const refused = lines.filter(
          (one) => one.includes('"error"') && maxBytes !== null && one.length + 2 > maxBytes,
        )
        const options = {
          dir,
          kafka,
          batchBytes,
          routing: { routes },
          settings: { partition: mode === 'spread' ? mode : mode === 'one' ? 0 : 'journal' },
          ...(mode === 'key' && { key: { field: 'id' } }),
        } as const
        const putAside: string[] = []
        let duplicates = 0
        let life = await Life.begin(options, join(dir, 'checkpoint.0'))
        for (let number = 1; number < lives; number++) {
          for (let turns = random(120); turns > 0; turns--) await turn()
          const next = join(dir, `checkpoint.${number}`)
          await life.kill(next, random(2) === 0)
          putAside.push(...life.refused.map(({ line: one }) => one.trimEnd()))
          duplicates += life.ledger.counts.duplicatesPossible ?? 0
          life = await Life.begin(options, next)
        }
        calm = true
        await life.forwarder.reached(count)
        await life.stop()
        putAside.push(...life.refused.map(({ line: one }) => one.trimEnd()))
        duplicates += life.ledger.counts.duplicatesPossible ?? 0
        // A batch without an answer, and then refused for its size: its numbers are in doubt, and that is counted.
        if (maxBytes === null) assert.equal(duplicates, 0)
        const order = mode === 'spread' ? 'none' : mode === 'key' ? 'key' : 'topic'
        assertOnce(kafka, lines, { refused, duplicates, order })
        assert.deepEqual([...new Set(putAside)].toSorted(), refused.toSorted())
        if (mode === 'key')
          for (const [partition, { log }] of kafka.partitions('logs').entries())
            for (const one of log)
              assert.equal(
                partitionOf(Buffer.from(`u${(JSON.parse(one) as { n: number }).n % 7}`), 4),
                partition,
              )
        assert.ok(kafka.mostInFlight <= 5)
      },
    ),
    { numRuns: Number(process.env.RUNS ?? 60), includeErrorInReport: true },
  )
})

const quick = { settings: { leaderTimeout: 0 } }
const plain = (count: number): string[] => Array.from({ length: count }, (_, n) => line(n, 'plain'))

test('a partition that has no leader is left for one that has: what may be there twice is counted', async (t) => {
  const dir = await temporaryDirectory(t)
  const lines = plain(100)
  await writeSegment(dir, lines)
  let answers = 0
  const kafka: FakeKafka = new FakeKafka({
    partitions: { logs: 3 },
    fate: (topic, partition) => {
      if (++answers !== 5) return 'taken'
      // The leader dies with an answer under way, and nobody takes its place.
      kafka.partition(topic, partition).leader = undefined
      return 'lost after'
    },
  })
  const life = await Life.begin({ dir, kafka, batchBytes: 500, ...quick }, join(dir, 'checkpoint'))
  await life.forwarder.reached(100)
  await life.stop()
  const { moved, duplicatesPossible = 0 } = life.ledger.counts
  assert.equal(moved, 1)
  assert.ok(duplicatesPossible > 0 && duplicatesPossible <= 60)
  assertOnce(kafka, lines, { duplicates: duplicatesPossible, order: 'none' })
  assert.equal(kafka.partitions('logs').filter(({ log }) => log.length > 0).length, 2)
  assert.match(life.diagnostics.map(({ message }) => message).join('\n'), /logs-\d has no leader/)
})

test('a key and a fixed partition wait for their leader', async (t) => {
  for (const options of [{ key: { field: 'id' } }, { settings: { ...quick.settings, partition: 0 } }]) {
    const dir = await temporaryDirectory(t)
    const lines = plain(50)
    await writeSegment(dir, lines)
    const kafka = new FakeKafka({ partitions: { logs: 2 } })
    for (const one of kafka.partitions('logs')) one.leader = undefined
    kafka.partition('logs', 1).leader = 1
    const life = await Life.begin({ dir, kafka, ...quick, ...options }, join(dir, 'checkpoint'))
    while ((life.ledger.counts.retries ?? 0) < 3) await turn()
    assert.equal(life.ledger.counts.moved, undefined)
    assert.match(life.states.at(-1)?.[1] ?? '', /logs-0/)
    kafka.partition('logs', 0).leader = 1
    await life.forwarder.reached(50)
    await life.stop()
    assertOnce(kafka, lines, { order: 'key' })
  }
})

test('a topic that is made again with fewer partitions is forwarded to', async (t) => {
  for (const options of [{}, { key: { field: 'id' } }]) {
    const dir = await temporaryDirectory(t)
    const lines = plain(100)
    await writeSegment(dir, lines)
    let answers = 0
    const kafka: FakeKafka = new FakeKafka({
      partitions: { logs: 4 },
      fate: () => {
        if (++answers === 6) kafka.topics.set('logs', [new FakePartition()])
        return 'taken'
      },
    })
    const life = await Life.begin({ dir, kafka, batchBytes: 500, ...options }, join(dir, 'checkpoint'))
    await life.forwarder.reached(100)
    await life.stop()
    assert.ok(kafka.lines('logs').includes(lines.at(-1) ?? ''))
  }
})

test('a topic that is missing or not permitted is told by name, and the others go on until the window is full', async (t) => {
  const dir = await temporaryDirectory(t)
  const lines = [...plain(20), line(20, 'error'), ...plain(20)]
  await writeSegment(dir, lines)
  const kafka = new FakeKafka()
  kafka.missing.set('errors', 29)
  const life = await Life.begin({ dir, kafka, batchBytes: 300, routing: { routes } }, join(dir, 'checkpoint'))
  while ((life.ledger.counts.retries ?? 0) < 3) await turn()
  const [state, error] = life.states.at(-1) ?? []
  assert.equal(state, 'retrying')
  assert.match(error ?? '', /errors.*29/)
  assert.ok(kafka.lines('logs').length >= 15)
  kafka.missing.clear()
  await life.forwarder.reached(41)
  assert.deepEqual(life.states.at(-1), ['connected', undefined])
  await life.stop()
  assertOnce(kafka, lines)
})

test('without permission for a producer id lines go one batch at a time, and what is sent again is counted', async (t) => {
  const dir = await temporaryDirectory(t)
  const lines = plain(100)
  await writeSegment(dir, lines)
  let answers = 0
  const kafka = new FakeKafka({ fate: () => (++answers === 3 ? 'lost after' : 'taken') })
  kafka.producerRefusal = 31
  const life = await Life.begin({ dir, kafka, batchBytes: 500 }, join(dir, 'checkpoint'))
  await life.forwarder.reached(100)
  await life.stop()
  assert.deepEqual(life.deliveries, ['at-least-once'])
  assert.equal(kafka.mostInFlight, 1)
  const { duplicatesPossible = 0 } = life.ledger.counts
  assert.ok(duplicatesPossible > 0)
  assertOnce(kafka, lines, { duplicates: duplicatesPossible })
  // With the permission the next process has an id, and goes on where this one was.
  kafka.producerRefusal = undefined
  const more = plain(120).slice(100)
  await writeSegment(dir, more, 100)
  const next = await Life.begin({ dir, kafka, batchBytes: 500 }, join(dir, 'checkpoint'))
  await next.forwarder.reached(120)
  await next.stop()
  assert.equal(next.ledger.counts.duplicatesPossible, undefined)
  assertOnce(kafka, [...lines, ...more], { duplicates: duplicatesPossible })
})

test('a partition that the topic does not have is told', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeSegment(dir, plain(1))
  const kafka = new FakeKafka({ partitions: { logs: 4 } })
  const life = await Life.begin({ dir, kafka, settings: { partition: 7 } }, join(dir, 'checkpoint'))
  while ((life.ledger.counts.retries ?? 0) < 2) await turn()
  assert.match(life.states.at(-1)?.[1] ?? '', /logs has 4 partitions, none of number 7/)
  await life.stop()
})

test('rules that have changed: what was under way is sent by the new ones, and counted', async (t) => {
  const dir = await temporaryDirectory(t)
  const lines = plain(60)
  await writeSegment(dir, lines)
  const kafka: FakeKafka = new FakeKafka({ fate: () => (kafka.batches >= 3 ? 'lost after' : 'taken') })
  const life = await Life.begin({ dir, kafka, batchBytes: 500 }, join(dir, 'checkpoint'))
  while ((life.ledger.counts.retries ?? 0) < 1) await turn()
  await life.kill(join(dir, 'next'), false)
  const { inFlight } = new CheckpointFile(join(dir, 'next')).load() ?? {}
  const underWay = (inFlight ?? [])
    .flatMap(({ parts }) => parts)
    .reduce((sum, { records }) => sum + records, 0)
  assert.ok(underWay > 0)
  const calm = new FakeKafka()
  const next = await Life.begin(
    { dir, kafka: calm, batchBytes: 500, routing: { topic: 'errors' } },
    join(dir, 'next'),
  )
  await next.forwarder.reached(60)
  await next.stop()
  assert.equal(next.ledger.counts.duplicatesPossible, underWay)
  assert.deepEqual(
    [...kafka.lines('logs'), ...calm.lines('errors')].toSorted(),
    [
      ...lines,
      ...lines.filter((one) => kafka.lines('logs').includes(one) && calm.lines('errors').includes(one)),
    ].toSorted(),
  )
})

test('a checkpoint of version 1: what was under way is sent again with its numbers, and known', async (t) => {
  const dir = await temporaryDirectory(t)
  const lines = plain(60)
  await writeSegment(dir, lines)
  const offset = (ordinal: number): number =>
    Buffer.byteLength(
      lines
        .slice(0, ordinal)
        .map((one) => `${one}\n`)
        .join(''),
    )
  const at = (ordinal: number) => ({ segment: 0, offset: offset(ordinal), ordinal })
  const row = JSON.stringify({
    version: 1,
    journal: 'j',
    topic: 'logs',
    partition: 2,
    producer: { id: '17', epoch: 0 },
    sequence: 40,
    position: at(20),
    inFlight: [
      { from: at(20), to: at(30), records: 10, sequence: 20, timestamp: 1 },
      { from: at(30), to: at(40), records: 10, sequence: 30, timestamp: 1 },
    ],
  })
  await writeFile(join(dir, 'checkpoint'), `${crc32(row).toString(16).padStart(8, '0')} ${row}\n`)
  const kafka = new FakeKafka({ partitions: { logs: 4 } })
  const partition = kafka.partition('logs', 2)
  // The first of the two had arrived.
  partition.log.push(...lines.slice(0, 30))
  partition.producers.set('17', {
    epoch: 0,
    batches: [
      [0, 19],
      [20, 29],
    ],
  })
  const life = await Life.begin({ dir, kafka }, join(dir, 'checkpoint'))
  await life.forwarder.reached(60)
  await life.stop()
  assert.deepEqual(life.ledger.counts, { forwarded: 40 })
  assert.deepEqual(partition.log, lines)
})

test('a broker that has forgotten the numbers, or refuses them: a new id, and what is unsure is counted', async (t) => {
  for (const code of [45, 47, 49, 59]) {
    const dir = await temporaryDirectory(t)
    const lines = plain(100)
    await writeSegment(dir, lines)
    const fates: readonly Fate[] = ['taken', 'taken', 'taken', 'lost after', code]
    let answers = 0
    const kafka = new FakeKafka({ fate: () => fates[answers++] ?? 'taken' })
    const life = await Life.begin({ dir, kafka, batchBytes: 500 }, join(dir, 'checkpoint'))
    await life.forwarder.reached(100)
    await life.stop()
    const { duplicatesPossible = 0 } = life.ledger.counts
    assert.ok(duplicatesPossible > 0)
    assertOnce(kafka, lines, { duplicates: duplicatesPossible })
  }
})

test('lines that were deleted before their turn are counted, and the others go on', async (t) => {
  const dir = await temporaryDirectory(t)
  const lines = plain(30)
  await writeSegment(dir, lines.slice(0, 10))
  const kafka = new FakeKafka()
  const life = await Life.begin({ dir, kafka }, join(dir, 'checkpoint'))
  await life.forwarder.reached(10)
  await writeSegment(dir, lines.slice(20), 20)
  life.ledger.wake()
  await life.forwarder.reached(30)
  await life.stop()
  assert.deepEqual(life.ledger.counts, { forwarded: 20, deleted: 10 })
  assertOnce(kafka, [...lines.slice(0, 10), ...lines.slice(20)])
})

test('topics that come and go do not make the checkpoint grow without bound', async (t) => {
  const dir = await temporaryDirectory(t)
  const lines = Array.from({ length: 1200 }, (_, n) => `{"log.logger":"logger${n}"}`)
  await writeSegment(dir, lines.slice(0, 1100))
  const kafka = new FakeKafka()
  const path = join(dir, 'checkpoint')
  const life = await Life.begin({ dir, kafka, batchBytes: 10_000, routing: { topic: '{logger}' } }, path)
  await life.forwarder.reached(1100)
  while (Object.keys(new CheckpointFile(path).load()?.topics ?? {}).length > 0) await turn()
  await writeSegment(dir, lines.slice(1100), 1100)
  life.ledger.wake()
  await life.forwarder.reached(1200)
  await life.stop()
  assert.equal(Object.keys(new CheckpointFile(path).load()?.topics ?? {}).length, 100)
  assert.deepEqual(life.ledger.counts, { duplicatesPossible: 0, forwarded: 1200 })
  for (const [n, one] of lines.entries()) assert.deepEqual(kafka.lines(`logger${n}`), [one])
})

test('lines that come one by one while answers are slow leave in a few batches, not each in its own', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeSegment(dir, plain(1))
  const kafka = new FakeKafka()
  const answers = new Signal()
  const connect = kafka.connect.bind(kafka)
  kafka.connect = () => {
    const port = connect()
    const produce = port.produce.bind(port)
    let before: Promise<unknown> = Promise.resolve()
    port.produce = (...batch) => {
      const turn = before.then(() => (lines.length < 100 ? answers.wait() : undefined))
      before = turn
      return turn.then(() => produce(...batch))
    }
    return port
  }
  const lines = plain(1)
  const life = await Life.begin({ dir, kafka, batchBytes: 100_000 }, join(dir, 'checkpoint'))
  const [file = ''] = await segmentFiles(dir)
  for (let n = 1; n < 100; n++) {
    lines.push(line(n, 'plain'))
    await appendFile(join(dir, file), `${line(n, 'plain')}\n`)
    life.ledger.wake()
    await turn()
    if (n % 20 === 0) answers.raise()
  }
  answers.raise()
  await life.forwarder.reached(100)
  await life.stop()
  assertOnce(kafka, lines)
  assert.ok(kafka.batches <= 40, `${kafka.batches} batches`)
})
