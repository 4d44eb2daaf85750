import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from 'logflume'
import { linesOnDisk, temporaryDirectory } from '../journal/open-journal.ts'
import { useKafka } from '../kafka/brokers.ts'
import { startKafka } from '../kafka/cluster.ts'
import { uniqueTopic } from '../kafka/read-topic.ts'
import { killThenPause } from './kill-then-pause.ts'
import { assertSame, linesInKafka } from './lines.ts'
import { runApp } from './run-app.ts'

test('by @platformatic/kafka, over kill -9 and pause of the broker: each line is there once, in order', async (t) => {
  await using cluster = await startKafka({ nodes: 1 })
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('client')]
  const kafka = {
    client: '@platformatic/kafka' as const,
    brokers: cluster.brokers,
    topic,
    batchBytes: 20_000,
    requestTimeout: 2_000,
  }
  const app = runApp(t, { name: 'shop', dir, kafka }, { lines: 200_000, group: 50, closeTimeout: 60_000 })
  await app.started
  await delay(1500)
  await killThenPause(cluster.node(1))
  const stats = await app.closed
  assert.deepEqual([stats.forwarded, stats.pending, stats.lost], [200_000, 0, {}])
  assert.equal(stats.kafka.duplicatesPossible, 0)
  assertSame(await linesInKafka(cluster.brokers, topic), await linesOnDisk(dir))
})

test('over kill -9 of the app each line is there once, in order, also where the next process has another client', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('client')]
  for (const client of ['@platformatic/kafka', 'kafkajs', '@platformatic/kafka', 'kafkajs'] as const) {
    const options = { name: 'shop', dir, kafka: { client, brokers, topic, batchBytes: 20_000 } }
    const app = runApp(t, options, { lines: 1_000_000, group: 50, run: client })
    await app.started
    await delay(400 + Math.random() * 600) // Loading the client takes some of it.
    await app.kill()
  }
  const kafka = { client: '@platformatic/kafka' as const, brokers, topic }
  const last = await runApp(t, { name: 'shop', dir, kafka }, { lines: 100, run: 'last' }).closed
  assert.deepEqual([last.pending, last.kafka.duplicatesPossible], [0, 0])
  assertSame(await linesInKafka(brokers, topic), await linesOnDisk(dir))
})

test('a client that there is no port over is refused', async (t) => {
  const kafka = { brokers: ['127.0.0.1:1'], client: 'node-rdkafka' as 'kafkajs' }
  const dir = await temporaryDirectory(t)
  assert.throws(() => createLogger({ name: 'shop', dir, kafka }), {
    code: 'INVALID_OPTION',
    message: /^kafka\.client: expected one of kafkajs, @platformatic\/kafka, got "node-rdkafka" \(string\)$/,
  })
})
