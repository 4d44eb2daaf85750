import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import * as zlib from 'node:zlib'
import kafkajs from 'kafkajs'
import { createLogger } from 'logflume'
import { codecOf } from '../../src/kafka/codecs.ts'
import { connectKafkajs } from '../../src/kafka/kafkajs.ts'
import type { Acks, CompressionName } from '../../src/kafka/port.ts'
import { compressBatch, encodeBatch, NOT_IDEMPOTENT } from '../../src/kafka/record-batch.ts'
import { headerBlock } from '../../src/kafka/record-headers.ts'
import { kafkaClient } from '../kafka/client.ts'
import { startKafka } from '../kafka/cluster.ts'
import type { KafkaCluster } from '../kafka/cluster.ts'
import { readTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { persist } from './persist.ts'

let cluster: KafkaCluster
before(async () => {
  cluster = await startKafka()
})
after(() => cluster.stop())

// A few blocks of each codec, some of it hard to compress.
const lines = Array.from({ length: 3_000 }, (_, index) => {
  const noise = Math.sin(index)
    .toString(36)
    .repeat(1 + (index % 9))
  return `{"n":${index},"message":"order placed","noise":"${noise}"}`
})

for (const name of ['gzip', 'snappy', 'lz4', 'zstd'] as const satisfies readonly CompressionName[]) {
  if (name === 'zstd' && !('zstdCompress' in zlib)) continue // its refusal is tested with the options
  test(`${name}: smaller, and unpacked by Java's client`, async (t) => {
    const topic = uniqueTopic(name)
    const port = connectKafkajs({
      brokers: cluster.brokers,
      clientId: 'codecs',
      // So the broker unpacks each batch, by the classes with which Java's consumer does.
      createTopic: { partitions: 1, replicationFactor: 1, config: { 'compression.type': 'uncompressed' } },
      requestTimeout: 10_000,
      connectionTimeout: 5_000,
    })
    t.after(() => port.close())
    await port.partitions(topic)
    const { id, epoch } = await port.initProducerId()
    const header = { producerId: id, producerEpoch: epoch, baseSequence: 0, timestamp: Date.now() }
    const plain = encodeBatch(Buffer.from(`${lines.join('\n')}\n`), header, {
      headers: headerBlock({ team: 'shop' }),
      ids: { journal: 'journal', ordinal: 0 },
    })
    const packed = await compressBatch(plain, codecOf(name)!)
    assert.ok(packed.bytes.length < plain.bytes.length / 2, `${packed.bytes.length} bytes`)
    const answer = await persist(() => port.produce(topic, 0, packed.bytes))
    assert.deepEqual(answer, { baseOffset: 0n })
    const read = await readTopic(cluster.brokers, topic)
    assert.equal(read.length, lines.length)
    for (const [index, { value, headers }] of read.entries()) {
      assert.equal(String(value), lines[index])
      assert.deepEqual([String(headers.team), String(headers['logflume.id'])], ['shop', `journal:${index}`])
    }
  })
}

async function folder(t: { after(done: () => Promise<void>): void }): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'logflume-codecs-'))
  t.after(() => rm(made, { recursive: true, force: true }))
  return made
}

test('a logger with a codec, headers and settings of the topic', async (t) => {
  const topic = uniqueTopic('whole')
  const log = createLogger({
    name: 'shop',
    dir: await folder(t),
    kafka: {
      brokers: cluster.brokers,
      topic,
      compression: 'gzip',
      headers: { team: 'shop' },
      createTopic: { partitions: 1, config: { 'retention.ms': '123456789' } },
    },
  })
  for (let order = 0; order < 100; order++) log.info('order placed', { order })
  assert.equal((await log.close({ timeout: 20_000 })).forwarded, 100)
  const read = await readTopic(cluster.brokers, topic, { count: 100 })
  assert.ok(read.every(({ headers }) => String(headers.team) === 'shop'))
  const admin = kafkaClient(cluster.brokers).admin()
  await admin.connect()
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ['retention.ms'] }],
  })
  await admin.disconnect()
  assert.equal(resources[0]?.configEntries[0]?.configValue, '123456789')
})

for (const acks of ['leader', 'none'] as const satisfies readonly Acks[]) {
  test(`acks '${acks}': lines arrive, without numbers against repeats`, async (t) => {
    const topic = uniqueTopic('acks')
    const kafka = { brokers: cluster.brokers, topic, acks, createTopic: { partitions: 1 } }
    const log = createLogger({ name: 'shop', dir: await folder(t), kafka })
    for (let order = 0; order < 100; order++) log.info('order placed', { order })
    assert.equal((await log.close({ timeout: 20_000 })).forwarded, 100)
    assert.equal((await readTopic(cluster.brokers, topic, { count: 100 })).length, 100)

    const options = { brokers: cluster.brokers, clientId: 'acks', requestTimeout: 10_000, acks } as const
    const port = connectKafkajs({ ...options, createTopic: false, connectionTimeout: 5_000 })
    t.after(() => port.close())
    const header = { ...NOT_IDEMPOTENT, timestamp: Date.now() }
    const sends = ['a\n', 'b\n'].map((line) =>
      port.produce(topic, 0, encodeBatch(Buffer.from(line), header).bytes),
    )
    const offsets = (await Promise.all(sends)).map(({ baseOffset }) => baseOffset)
    assert.deepEqual(offsets, acks === 'none' ? [-1n, -1n] : [100n, 101n])
    const values = (await readTopic(cluster.brokers, topic, { count: 102 })).map(({ value }) => String(value))
    assert.deepEqual(values.slice(100), ['a', 'b'])
  })
}
