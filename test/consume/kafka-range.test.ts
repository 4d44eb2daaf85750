import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ConsumedRecord, FromKafka } from '../../src/consumer.ts'
import { useKafka } from '../kafka/brokers.ts'
import { kafkaClient } from '../kafka/client.ts'
import { createTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { collect, makeConsumer } from './journal.ts'
import { committed, messages, produce } from './kafka.ts'

// Which topics, from where, up to where.

const numbers = (records: readonly ConsumedRecord[]): number[] =>
  records.map((record) => record.get('n') as number).sort((a, b) => a - b)
const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index)
const base = Date.UTC(2026, 10, 21)

/** A topic with numbered records, a second apart, spread over its partitions. */
async function timedTopic(count: number, partitions = 2): Promise<{ topic: string; from: FromKafka }> {
  const brokers = await useKafka()
  const topic = uniqueTopic('range')
  await createTopic(brokers, topic, { partitions })
  const timed = messages(count, partitions).map((message, index) => ({
    ...message,
    timestamp: String(base + index * 1000),
  }))
  await produce(brokers, topic, timed)
  return { topic, from: { brokers, topics: [topic], group: `${topic}-group` } }
}

test('a group without a place begins at a time, and ends by itself at another', async (t) => {
  const { topic, from } = await timedTopic(100)
  const sink = collect()
  const { consumer } = makeConsumer(t, {
    from: { ...from, start: { time: new Date(base + 20_000) }, end: { time: base + 50_000 } },
    sinks: [sink],
  })
  await consumer.run()
  assert.deepEqual(numbers(sink.records), upTo(30, 20))
  assert.deepEqual(await committed(from.brokers, from.group, topic), ['25', '25'])
})

test('what is read up to now ends at once where nothing is left, and partitions may be empty', async (t) => {
  const { from } = await timedTopic(1, 3)
  for (const expected of [1, 0]) {
    const sink = collect()
    const { consumer } = makeConsumer(t, { from: { ...from, end: { time: Date.now() } }, sinks: [sink] })
    await consumer.run()
    assert.equal(sink.records.length, expected)
    assert.equal(consumer.stats().state, 'stopped')
  }
})

test('a group without a place begins at given offsets, and elsewhere at the earliest', async (t) => {
  const { topic, from } = await timedTopic(20)
  const sink = collect()
  const start = { offsets: { [topic]: { 1: 7 } } }
  const { consumer } = makeConsumer(t, {
    from: { ...from, start, end: { time: Date.now() } },
    sinks: [sink],
  })
  await consumer.run()
  assert.deepEqual(
    numbers(sink.records),
    upTo(20).filter((n) => n % 2 === 0 || n >= 15),
  )
})

test('topics that come later are found by a regular expression, and a missing one holds up no other', async (t) => {
  const brokers = await useKafka()
  const prefix = uniqueTopic('many')
  await createTopic(brokers, `${prefix}-a`)
  await produce(brokers, `${prefix}-a`, messages(3))
  const sink = collect()
  const topics = [new RegExp(`^${prefix}-[a-m]$`), `${prefix}-z`]
  const { consumer } = makeConsumer(t, {
    from: { brokers, topics, group: `${prefix}-group` },
    sinks: [sink],
  })
  void consumer.run()
  await sink.until(3)
  assert.deepEqual(consumer.stats().missing, [`${prefix}-z`])
  for (const [index, name] of ['b', 'z'].entries()) {
    await createTopic(brokers, `${prefix}-${name}`)
    await produce(brokers, `${prefix}-${name}`, messages(3, 1, 3 + index * 3))
  }
  await sink.until(9)
  await produce(brokers, `${prefix}-a`, messages(3, 1, 9))
  await sink.until(12)
  assert.deepEqual(numbers(sink.records), upTo(12))
  assert.deepEqual(consumer.stats().missing, [])
  assert.deepEqual(Object.values(consumer.stats().lags), [0, 0, 0])
})

test('paused topics are not read until they are resumed, and others are', async (t) => {
  const one = await timedTopic(4)
  const other = await timedTopic(4)
  const sink = collect()
  const from = { ...one.from, topics: [one.topic, other.topic] }
  const { consumer } = makeConsumer(t, { from, sinks: [sink] })
  consumer.pause([one.topic])
  void consumer.run()
  await sink.until(4)
  await setTimeout(700)
  assert.ok(sink.records.every(({ place }) => place.topic === other.topic))
  consumer.resume([one.topic])
  await sink.until(8)
  consumer.pause()
  await produce(from.brokers, one.topic, messages(4))
  await setTimeout(1200)
  assert.equal(sink.records.length, 8)
  consumer.resume()
  await sink.until(12)
})

test('a partition is read again from where it is sent, and records before are passed over', async (t) => {
  const { topic, from } = await timedTopic(20, 1)
  const sink = collect()
  const { consumer } = makeConsumer(t, { from, sinks: [sink] })
  await assert.rejects(consumer.seek({ topic, partition: 0, offset: 1 }), { retryable: true })
  void consumer.run()
  await sink.until(20)
  await consumer.seek({ topic, partition: 0, offset: 15 })
  await sink.until(25)
  await consumer.seek({ topic, partition: 0, time: base + 18_000 })
  await sink.until(27)
  assert.deepEqual(
    sink.records.map((record) => record.get('n')),
    [...upTo(20), ...upTo(5, 15), 18, 19],
  )
  await assert.rejects(consumer.seek({ topic, partition: 7, offset: 0 }), { message: /not at hand/ })
  while ((await committed(from.brokers, from.group, topic))[0] !== '20') await setTimeout(20)
})

test('records that were gone before they were read are counted as lost', async (t) => {
  const { topic, from } = await timedTopic(20, 1)
  const first = collect()
  const one = makeConsumer(t, { from, sinks: [first] })
  void one.consumer.run()
  await first.until(20)
  await one.consumer.close()
  await produce(from.brokers, topic, messages(20, 1, 20))
  const admin = kafkaClient(from.brokers).admin()
  t.after(() => admin.disconnect())
  await admin.connect()
  // It looks for the leader in what it knows of the topic by then.
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '35' }] })
  const second = collect()
  const { consumer } = makeConsumer(t, { from, sinks: [second] })
  void consumer.run()
  await second.until(5)
  assert.deepEqual(numbers(second.records), upTo(5, 35))
  assert.deepEqual(consumer.stats().lost, { 'gone from Kafka before they were read': 15 })
})
