import assert from 'node:assert/strict'
import { test } from 'node:test'
import { useKafka } from './brokers.ts'
import { kafkaClient } from './client.ts'
import { createTopic, readTopic, uniqueTopic } from './read-topic.ts'

const brokers = await useKafka()

async function send(topic: string, partition: number, values: readonly string[]): Promise<void> {
  const producer = kafkaClient(brokers).producer()
  await producer.connect()
  const messages = values.map((value) => ({
    partition,
    key: `key of ${value}`,
    value,
    headers: { from: 'test' },
  }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

test('reads what every partition holds, in order of partition and offset', async () => {
  const topic = uniqueTopic('read')
  await createTopic(brokers, topic, { partitions: 3 })
  const before = Date.now()
  await send(topic, 2, ['c', 'd'])
  await send(topic, 0, ['a', 'b'])
  const messages = await readTopic(brokers, topic)
  assert.deepEqual(
    messages.map(({ partition, offset, value }) => [partition, offset, String(value)]),
    [
      [0, 0n, 'a'],
      [0, 1n, 'b'],
      [2, 0n, 'c'],
      [2, 1n, 'd'],
    ],
  )
  const [first] = messages
  assert.equal(String(first?.key), 'key of a')
  assert.equal(String(first?.headers.from), 'test')
  assert.ok(first !== undefined && first.timestamp >= before - 1000 && first.timestamp <= Date.now() + 1000)
})

test('reads nothing of an empty topic, without waiting', async () => {
  const topic = uniqueTopic('read')
  await createTopic(brokers, topic)
  assert.deepEqual(await readTopic(brokers, topic, { timeout: 0 }), [])
})

test('waits for as many messages as it is told to', async () => {
  const topic = uniqueTopic('read')
  await createTopic(brokers, topic)
  await send(topic, 0, ['a'])
  const reading = readTopic(brokers, topic, { count: 3 })
  await send(topic, 0, ['b', 'c'])
  assert.deepEqual(
    (await reading).map(({ value }) => String(value)),
    ['a', 'b', 'c'],
  )
})

test('says how far it came when messages stay out', async () => {
  const topic = uniqueTopic('read')
  await createTopic(brokers, topic)
  await send(topic, 0, ['a'])
  await assert.rejects(readTopic(brokers, topic, { count: 2, timeout: 1500 }), {
    message: `1 messages of ${topic} after 1500 ms, 2 wanted`,
  })
})
