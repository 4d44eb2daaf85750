import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ConsumedRecord, Sink } from '../../src/consumer.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'
import { startKafka, type KafkaCluster } from '../kafka/cluster.ts'
import { createTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { collect, makeConsumer } from './journal.ts'
import { committed, messages, produce } from './kafka.ts'

// A broker of its own, since it dies here.
let cluster: KafkaCluster
before(async () => {
  cluster = await startKafka()
})
after(() => cluster.stop())

const numbers = (records: readonly ConsumedRecord[]): number[] =>
  records.map((record) => record.get('n') as number).sort((a, b) => a - b)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

test('a broker that dies between the write and the commit costs no record, and none comes twice', async (t) => {
  const { brokers, nodes } = cluster
  const topic = uniqueTopic('outage')
  await createTopic(brokers, topic, { partitions: 2 })
  await produce(brokers, topic, messages(100, 2))
  const sink = collect()
  const deadly: Sink = {
    name: 'deadly',
    async write(records) {
      if (sink.records.length === 0) await nodes[0]?.kill()
      await sink.write(records, { signal: new AbortController().signal, committed: undefined })
    },
  }
  const from = { brokers, topics: [topic], group: `${topic}-group` }
  const { consumer } = makeConsumer(t, { from, sinks: [deadly] })
  const running = consumer.run()
  while (consumer.stats().state !== 'waiting') await setTimeout(20)
  assert.ok(sink.records.length >= 50, 'a write was finished without a broker')
  assert.notEqual(consumer.stats().error, undefined)
  await nodes[0]?.restart()
  const start = performance.now()
  await produce(brokers, topic, messages(100, 2, 100))
  await sink.until(200)
  // The session of the lost member would take 30 s to time out.
  assert.ok(performance.now() - start < 20_000, `${performance.now() - start} ms`)
  while (consumer.stats().lag !== 0) await setTimeout(20)
  await consumer.close()
  await running
  assert.deepEqual(numbers(sink.records), upTo(200))
  assert.deepEqual(await committed(brokers, from.group, topic), ['100', '100'])
})

test('a broker that hangs and wakes up again costs no record, and none comes twice', async (t) => {
  const { brokers, nodes } = cluster
  const topic = uniqueTopic('pause')
  await createTopic(brokers, topic, { partitions: 2 })
  await produce(brokers, topic, messages(100, 2))
  const sink = collect()
  const from = { brokers, topics: [topic], group: `${topic}-group` }
  const { consumer } = makeConsumer(t, { from, sinks: [sink] })
  const running = consumer.run()
  await sink.until(100)
  nodes[0]?.pause()
  await setTimeout(3000)
  nodes[0]?.resume()
  await produce(brokers, topic, messages(100, 2, 100))
  await sink.until(200)
  await consumer.close()
  await running
  assert.deepEqual(numbers(sink.records), upTo(200))
})

test('a consumer stops in time though its broker is gone', async (t) => {
  const { brokers, nodes } = cluster
  const topic = uniqueTopic('gone')
  await createTopic(brokers, topic)
  await produce(brokers, topic, messages(10))
  const sink = collect()
  const from = { brokers, topics: [topic], group: `${topic}-group` }
  const { consumer } = makeConsumer(t, { from, sinks: [sink], stopTimeout: 500 })
  const running = consumer.run()
  await sink.until(10)
  nodes[0]?.pause()
  const start = performance.now()
  await consumer.close()
  await running
  assert.ok(performance.now() - start < 3000, `${performance.now() - start} ms`)
  nodes[0]?.resume()
})

test('a process ends soon after its consumer though the broker hangs', async (t) => {
  const { brokers, nodes } = cluster
  const topic = uniqueTopic('hung')
  await createTopic(brokers, topic)
  await produce(brokers, topic, messages(10))
  const dir = await temporaryDirectory(t)
  await mkdir(join(dir, 'objects'))
  const script = new URL('fixtures/killed-consumer.ts', import.meta.url)
  const child = fork(script, [brokers[0] ?? '', topic, dir, '500'], { execArgv: ['--import', 'tsx'] })
  t.after(() => child.kill('SIGKILL'))
  const warnings: string[] = []
  await new Promise<void>((resolve) => {
    child.on('message', (message: { delivered?: number; warning?: string }) => {
      if (message.warning !== undefined) warnings.push(message.warning)
      if ((message.delivered ?? 0) >= 10) resolve()
    })
  })
  nodes[0]?.pause()
  t.after(() => nodes[0]?.resume())
  const start = performance.now()
  child.kill('SIGTERM')
  await once(child, 'exit')
  assert.ok(performance.now() - start < 6000, `${performance.now() - start} ms`)
  assert.deepEqual(warnings, [])
})
