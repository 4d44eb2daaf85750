import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { CompressionTypes } from 'kafkajs'
import type { ConsumedRecord, ConsumerState, FromKafka, Sink } from '../../src/consumer.ts'
import { useKafka } from '../kafka/brokers.ts'
import { kafkaClient } from '../kafka/client.ts'
import { freePort } from '../kafka/ports.ts'
import { createTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { collect, makeConsumer, type TestConsumer } from './journal.ts'
import { committed, messages, produce } from './kafka.ts'

interface TestTopic {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly from: FromKafka
}

async function makeTopic(partitions = 1, options: Partial<FromKafka> = {}): Promise<TestTopic> {
  const brokers = await useKafka()
  const topic = uniqueTopic('consume')
  await createTopic(brokers, topic, { partitions })
  return { brokers, topic, from: { brokers, topics: [topic], group: `${topic}-group`, ...options } }
}

async function reaches({ consumer }: TestConsumer, state: ConsumerState): Promise<void> {
  while (consumer.stats().state !== state) await setTimeout(5)
}

const number = (record: ConsumedRecord): number => record.get('n') as number
const numbers = (records: readonly ConsumedRecord[]): number[] => records.map(number).sort((a, b) => a - b)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

function assertOrdered(records: readonly ConsumedRecord[]): void {
  const last = new Map<number, bigint>()
  for (const { place } of records) {
    const offset = BigInt(place.offset)
    assert.ok(offset > (last.get(place.partition) ?? -1n), `${place.partition}/${place.offset} in its turn`)
    last.set(place.partition, offset)
  }
}

test('all records arrive once, in the order of their partition, compressed or not', async (t) => {
  const { brokers, topic, from } = await makeTopic(4)
  await produce(brokers, topic, messages(2000, 4))
  await produce(brokers, topic, messages(2000, 4, 2000), CompressionTypes.GZIP)
  const sink = collect()
  const { consumer } = makeConsumer(t, { from, sinks: [sink] })
  const controller = new AbortController()
  const running = consumer.run({ signal: controller.signal })
  await sink.until(4000)
  const start = performance.now()
  controller.abort()
  await running
  assert.ok(performance.now() - start < 3000, `${performance.now() - start} ms to stop`)
  assert.deepEqual(numbers(sink.records), upTo(4000))
  assertOrdered(sink.records)
  const { state, consumed, delivered, lag } = consumer.stats()
  assert.deepEqual(
    { state, consumed, delivered, lag },
    { state: 'stopped', consumed: 4000, delivered: 4000, lag: 0 },
  )
  assert.deepEqual(await committed(brokers, from.group, topic), ['1000', '1000', '1000', '1000'])
})

test('a record has its key, headers, place and time', async (t) => {
  const { brokers, topic, from } = await makeTopic()
  await produce(brokers, topic, [
    { key: 'k', value: 'text', headers: { h: 'v' }, timestamp: '1700000000000' },
  ])
  const sink = collect()
  void makeConsumer(t, { from, sinks: [sink] }).consumer.run()
  await sink.until(1)
  const [record] = sink.records
  assert.deepEqual(record?.place, { topic, partition: 0, offset: '0' })
  assert.deepEqual(record.key, Buffer.from('k'))
  assert.deepEqual(record.headers, { h: Buffer.from('v') })
  assert.equal(record.timestamp, 1_700_000_000_000)
})

test('a group goes on where it stopped, another begins at the earliest or the latest', async (t) => {
  const { brokers, topic, from } = await makeTopic()
  await produce(brokers, topic, messages(3))
  const first = collect()
  const one = makeConsumer(t, { from, sinks: [first] })
  void one.consumer.run()
  await first.until(3)
  await one.consumer.close()
  const late = collect()
  const latest = makeConsumer(t, {
    from: { ...from, group: `${topic}-late`, start: 'latest' },
    sinks: [late],
  })
  void latest.consumer.run()
  await reaches(latest, 'running')
  // Joined is not yet fetching: what it takes as the latest is the end at its first fetch.
  await setTimeout(500)
  await produce(brokers, topic, messages(2, 1, 3))
  await late.until(2)
  const second = collect()
  void makeConsumer(t, { from, sinks: [second] }).consumer.run()
  await second.until(2)
  assert.deepEqual(numbers(first.records), [0, 1, 2])
  assert.deepEqual(numbers(second.records), [3, 4])
  assert.deepEqual(numbers(late.records), [3, 4])
})

test('nothing is committed before every sink has it', async (t) => {
  const { brokers, topic, from } = await makeTopic()
  await produce(brokers, topic, messages(5))
  const quick = collect()
  const hanging: Sink = {
    name: 'hanging',
    write: (_, { signal }) => once(signal, 'abort').then(() => undefined),
  }
  const one = makeConsumer(t, { from, sinks: [quick, hanging], stopTimeout: 100 })
  void one.consumer.run()
  await quick.until(5)
  assert.deepEqual(await committed(brokers, from.group, topic), ['-1'])
  await one.consumer.close()
  assert.deepEqual(await committed(brokers, from.group, topic), ['-1'])
  const sink = collect()
  void makeConsumer(t, { from, sinks: [sink] }).consumer.run()
  await sink.until(5)
  assert.deepEqual(numbers(sink.records), upTo(5))
})

test('a write under way at the signal is finished and committed', async (t) => {
  const { brokers, topic, from } = await makeTopic()
  await produce(brokers, topic, messages(5))
  const controller = new AbortController()
  const slow: Sink = {
    name: 'slow',
    async write() {
      controller.abort()
      await setTimeout(500)
    },
  }
  await makeConsumer(t, { from, sinks: [slow] }).consumer.run({ signal: controller.signal })
  assert.deepEqual(await committed(brokers, from.group, topic), ['5'])
})

test('a sink may fail for longer than a session: the place stays, and so does the member', async (t) => {
  const { brokers, topic, from } = await makeTopic(2, { sessionTimeout: 6000 })
  await produce(brokers, topic, messages(10, 2))
  const taken: ConsumedRecord[] = []
  const end = performance.now() + 8000
  const sink: Sink = {
    name: 'away',
    write(records) {
      if (performance.now() < end) throw new Error('away')
      taken.push(...records)
    },
  }
  const { consumer, diagnostics } = makeConsumer(t, { from, sinks: [sink], retry: { first: 50, most: 500 } })
  void consumer.run()
  while (performance.now() < end - 1000) {
    assert.notEqual(consumer.stats().state, 'waiting')
    await setTimeout(500)
  }
  assert.deepEqual(await committed(brokers, from.group, topic), ['-1', '-1'])
  while (consumer.stats().delivered < 10) await setTimeout(20)
  assert.deepEqual(numbers(taken), upTo(10))
  assert.ok(consumer.stats().retries > 10)
  assert.ok(!diagnostics.some(({ message }) => /rebalanc|re-join/i.test(message)))
})

test('poison and records without a value do not stop a partition', async (t) => {
  const { brokers, topic, from } = await makeTopic()
  const values = ['{"n":0}', '\u0000\uffff', null, '{"n":', '{"n":1}']
  await produce(
    brokers,
    topic,
    values.map((value) => ({ value })),
  )
  const [sink, dead] = [collect(), collect('dead')]
  const { consumer } = makeConsumer(t, {
    from,
    sinks: [sink],
    deadLetter: dead,
    transforms: [
      (record) => {
        if (record.get('n') === undefined) throw new Error(`no number in ${record.text}`)
        return record
      },
    ],
  })
  void consumer.run()
  await sink.until(2)
  while (consumer.stats().consumed < 5) await setTimeout(5)
  assert.deepEqual(numbers(sink.records), [0, 1])
  assert.deepEqual(
    dead.records.map((record) => record.get('kafka.offset')),
    ['1', '2', '3'],
  )
  assert.deepEqual(consumer.stats().failed, { 'transform failed': 2, 'no value': 1 })
})

test('two consumers of a group share the work, and one goes on when the other leaves', async (t) => {
  const { brokers, topic, from } = await makeTopic(4)
  const one = collect()
  const two = collect()
  const first = makeConsumer(t, { from, sinks: [one] })
  const second = makeConsumer(t, { from, sinks: [two] })
  const total = async (count: number): Promise<void> => {
    while (one.records.length + two.records.length < count) await setTimeout(10)
  }
  void first.consumer.run()
  await reaches(first, 'running')
  void second.consumer.run()
  // The group is complete when both have got something of the same round.
  let sent = 0
  while (one.records.length === 0 || two.records.length === 0) {
    await produce(brokers, topic, messages(40, 4, sent))
    await total((sent += 40))
  }
  await second.consumer.close()
  const before = two.records.length
  await produce(brokers, topic, messages(400, 4, sent))
  await total((sent += 400))
  assert.equal(two.records.length, before)
  assert.deepEqual(numbers([...one.records, ...two.records]), upTo(sent))
})

test('a write under way when the group changes is finished, committed, and not repeated', async (t) => {
  const { brokers, topic, from } = await makeTopic(2, { sessionTimeout: 6000 })
  await produce(brokers, topic, messages(20, 2))
  const taken: ConsumedRecord[] = []
  let slow = true
  const sink: Sink = {
    name: 'slow',
    async write(records) {
      if (slow) await setTimeout(3000)
      slow = false
      taken.push(...records)
    },
  }
  const first = makeConsumer(t, { from, sinks: [sink], stopTimeout: 8000 })
  void first.consumer.run()
  await reaches(first, 'running')
  const second = makeConsumer(t, { from, sinks: [sink] })
  void second.consumer.run()
  await reaches(second, 'running')
  while (taken.length < 20) await setTimeout(20)
  await produce(brokers, topic, messages(20, 2, 20))
  while (taken.length < 40) await setTimeout(20)
  await setTimeout(500)
  assert.deepEqual(numbers(taken), upTo(40))
})

test('a topic that does not exist is waited for, not made, and read when it is there', async (t) => {
  const brokers = await useKafka()
  const topic = uniqueTopic('later')
  const sink = collect()
  const from = { brokers, topics: [topic], group: `${topic}-group` }
  const waiting = makeConsumer(t, { from, sinks: [sink] })
  void waiting.consumer.run()
  await reaches(waiting, 'waiting')
  assert.match(
    waiting.consumer.stats().error?.message ?? '',
    new RegExp(`cannot read ${topic} from Kafka: there is no such topic`),
  )
  const admin = kafkaClient(brokers).admin()
  t.after(() => admin.disconnect())
  await admin.connect()
  assert.ok(!(await admin.listTopics()).includes(topic))
  await createTopic(brokers, topic)
  await produce(brokers, topic, messages(3))
  await sink.until(3)
  assert.equal(waiting.consumer.stats().error, undefined)
})

test('without a broker a consumer waits, says why, and stops at once', async (t) => {
  const from = { brokers: [`127.0.0.1:${await freePort()}`], topics: ['logs'], group: 'g' }
  const waiting = makeConsumer(t, { from, sinks: [collect()] })
  const running = waiting.consumer.run()
  await reaches(waiting, 'waiting')
  assert.match(waiting.consumer.stats().error?.message ?? '', /ECONNREFUSED/)
  assert.ok(
    waiting.diagnostics.some(({ level, message }) => level === 'info' && message.startsWith('kafkajs ERROR')),
  )
  const start = performance.now()
  await waiting.consumer.close()
  await running
  assert.ok(performance.now() - start < 1500)
})
