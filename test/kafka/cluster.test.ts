import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { kafkaClient, registeredBrokers } from './client.ts'
import { startKafka } from './cluster.ts'
import { createTopic, readTopic, uniqueTopic } from './read-topic.ts'

async function send(brokers: readonly string[], topic: string, values: readonly string[]): Promise<void> {
  const producer = kafkaClient(brokers).producer()
  await producer.connect()
  await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) })
  await producer.disconnect()
}

async function valuesOf(brokers: readonly string[], topic: string, count?: number): Promise<string[]> {
  const messages = await readTopic(brokers, topic, count === undefined ? {} : { count })
  return messages.map(({ value }) => String(value))
}

test('one node', async (t) => {
  const kafka = await startKafka({ config: { 'message.max.bytes': '1000' } })
  t.after(() => kafka.stop())
  const node = kafka.node(1)
  const topic = uniqueTopic('cluster')

  await t.test('answers, with the given configuration', async () => {
    await createTopic(kafka.brokers, topic)
    assert.deepEqual(await readTopic(kafka.brokers, topic), [])
    await send(kafka.brokers, topic, ['a', 'b'])
    assert.deepEqual(await valuesOf(kafka.brokers, topic), ['a', 'b'])
    await assert.rejects(send(kafka.brokers, topic, ['x'.repeat(1001)]), /larger than the max/)
  })

  await t.test('is silent while it is paused, and goes on after', async () => {
    node.pause()
    assert.deepEqual(await registeredBrokers(node.broker), [])
    node.resume()
    await node.ready()
    assert.deepEqual(await registeredBrokers(node.broker), [1])
  })

  await t.test('has its data still after kill -9 and a restart on the same port', async () => {
    const { pid, broker } = node
    assert.ok(pid !== undefined)
    await node.kill()
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'the JVM itself is dead')
    assert.equal(node.pid, undefined)
    await node.restart()
    assert.equal(node.broker, broker)
    await send([broker], topic, ['c'])
    assert.deepEqual(await valuesOf(kafka.brokers, topic, 3), ['a', 'b', 'c'])
  })

  await t.test('is gone with its folder after stop, although it was paused', async () => {
    const { pid } = node
    node.pause()
    await kafka.stop()
    assert.ok(pid !== undefined)
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    assert.ok(!existsSync(kafka.folder))
  })
})

test('three nodes go on without the one that led', async (t) => {
  const kafka = await startKafka({ nodes: 3 })
  t.after(() => kafka.stop())
  const topic = uniqueTopic('cluster')
  await createTopic(kafka.brokers, topic, { replicationFactor: 2, config: { 'min.insync.replicas': '1' } })
  await send(kafka.brokers, topic, ['a'])

  const led = await leader(kafka.brokers, topic)
  await kafka.node(led).kill()
  const survivors = kafka.nodes.filter(({ id }) => id !== led).map(({ broker }) => broker)
  await send(survivors, topic, ['b'])
  assert.notEqual(await leader(survivors, topic), led)
  assert.deepEqual(await valuesOf(survivors, topic), ['a', 'b'])

  await kafka.node(led).restart()
  await kafka.ready()
  assert.deepEqual(await registeredBrokers(survivors[0]!), [1, 2, 3])
  assert.throws(() => kafka.node(4), /No Kafka node 4: they are 1 to 3/)
})

async function leader(brokers: readonly string[], topic: string): Promise<number> {
  const admin = kafkaClient(brokers).admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  await admin.disconnect()
  return topics[0]!.partitions[0]!.leader
}

test('a node that cannot start says why, with its log', async () => {
  await assert.rejects(
    startKafka({ config: { 'process.roles': 'tomato' } }),
    /StorageTool format [^]*failed:[^]*tomato/,
  )
  await assert.rejects(
    startKafka({ config: { listeners: 'PLAINTEXT://203.0.113.1:9,CONTROLLER://203.0.113.1:10' } }),
    /has ended instead of starting, its log ends with:[^]*203\.0\.113\.1/,
  )
})

test('Kafka ends with the process that started it, also by kill -9', async (t) => {
  const fixture = fileURLToPath(import.meta.resolve('./fixtures/start-kafka.ts'))
  const parent = spawn(process.execPath, ['--import', 'tsx', fixture], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => parent.kill('SIGKILL'))
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string]
  const { pid, folder } = JSON.parse(line) as { pid: number; folder: string }
  process.kill(pid, 0)

  parent.kill('SIGKILL')
  await once(parent, 'exit')
  const gone = () => !isAlive(pid) && !existsSync(folder)
  for (const deadline = Date.now() + 10_000; !gone() && Date.now() < deadline;) await sleep(50)
  assert.deepEqual({ alive: isAlive(pid), folder: existsSync(folder) }, { alive: false, folder: false })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
