import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ConsumedRecord, FromKafka, Sink } from '../../src/consumer.ts'
import { useKafka } from '../kafka/brokers.ts'
import { createTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { makeConsumer } from './journal.ts'
import { committed, messages, produce } from './kafka.ts'

async function makeTopic(partitions = 1): Promise<{ topic: string; from: FromKafka }> {
  const brokers = await useKafka()
  const topic = uniqueTopic('gather')
  await createTopic(brokers, topic, { partitions })
  return { topic, from: { brokers, topics: [topic], group: `${topic}-group` } }
}

interface Units extends Sink {
  readonly units: ConsumedRecord[][]
}

function unitSink(batch: Sink['batch']): Units {
  const units: ConsumedRecord[][] = []
  return { name: 'units', batch: batch ?? {}, units, write: (records) => void units.push([...records]) }
}

const numbers = (units: readonly ConsumedRecord[][]): number[] =>
  units
    .flat()
    .map((record) => record.get('n') as number)
    .sort((a, b) => a - b)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

test('records are gathered over fetches, and written when enough is there or their time has come', async (t) => {
  const { topic, from } = await makeTopic()
  const sink = unitSink({ records: 100, time: 1500 })
  const { consumer } = makeConsumer(t, { from, sinks: [sink] })
  void consumer.run()
  for (let sent = 0; sent < 130; sent += 10) await produce(from.brokers, topic, messages(10, 1, sent))
  while (sink.units.length < 2) await setTimeout(20)
  assert.deepEqual(
    sink.units.map(({ length }) => length),
    [100, 30],
  )
  while ((await committed(from.brokers, from.group, topic))[0] !== '130') await setTimeout(20)
})

test('at a stop what is gathered is written and committed', async (t) => {
  const { topic, from } = await makeTopic(2)
  await produce(from.brokers, topic, messages(50, 2))
  const sink = unitSink({ records: 1000, time: 60_000 })
  const { consumer } = makeConsumer(t, { from, sinks: [sink] })
  void consumer.run()
  while (consumer.stats().buffered.records < 50) await setTimeout(10)
  assert.deepEqual(sink.units, [])
  await consumer.close()
  assert.deepEqual(numbers(sink.units), upTo(50))
  assert.deepEqual(await committed(from.brokers, from.group, topic), ['25', '25'])
  assert.deepEqual(consumer.stats().buffered, { records: 0, bytes: 0 })
})

test('when the group changes, what is gathered is written before others get the partitions', async (t) => {
  const { topic, from } = await makeTopic(2)
  await produce(from.brokers, topic, messages(50, 2))
  const sink = unitSink({ records: 1000, time: 60_000 })
  const one = makeConsumer(t, { from, sinks: [sink] })
  void one.consumer.run()
  while (one.consumer.stats().buffered.records < 50) await setTimeout(10)
  const other = unitSink({ records: 1000, time: 500 })
  const two = makeConsumer(t, { from, sinks: [other] })
  void two.consumer.run()
  while (sink.units.length < 2) await setTimeout(20)
  while (two.consumer.stats().state !== 'running') await setTimeout(20)
  await produce(from.brokers, topic, messages(50, 2, 50))
  while (other.units.length === 0) await setTimeout(20)
  await one.consumer.close()
  while (numbers([...sink.units, ...other.units]).length < 100) await setTimeout(20)
  assert.deepEqual(numbers([...sink.units, ...other.units]), upTo(100))
})

test('one partition that is held up leaves the others their way, within the bound', async (t) => {
  const { topic, from } = await makeTopic(2)
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  const taken: number[] = []
  const sink: Sink = {
    name: 'held',
    concurrency: 2,
    batch: { records: 10, time: 100 },
    async write(records) {
      const [first] = records
      if (first?.place.partition === 0) await held
      taken.push(...records.map((record) => record.get('n') as number))
    },
  }
  const maxBufferedBytes = 200_000
  const { consumer } = makeConsumer(t, { from, sinks: [sink], maxBufferedBytes })
  void consumer.run()
  const big = (n: number, partition: number): { partition: number; value: string } => ({
    partition,
    value: JSON.stringify({ n, pad: 'x'.repeat(1000) }),
  })
  for (let round = 0; round < 5; round++) {
    const first = round * 40
    await produce(
      from.brokers,
      topic,
      Array.from({ length: 40 }, (_, index) => big(first + index, index % 2)),
    )
    while (taken.length < (round + 1) * 20) await setTimeout(20)
  }
  assert.ok(consumer.stats().buffered.bytes < maxBufferedBytes + 100_000)
  assert.ok(taken.every((n) => n % 2 === 1))
  release()
  while (taken.length < 200) await setTimeout(20)
  assert.deepEqual(
    taken.sort((a, b) => a - b),
    upTo(200),
  )
})
