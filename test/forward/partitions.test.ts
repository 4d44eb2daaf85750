import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLogger } from 'logflume'
import { partitionOf } from '../../src/kafka/murmur2.ts'
import { linesOnDisk, temporaryDirectory } from '../journal/open-journal.ts'
import { useKafka } from '../kafka/brokers.ts'
import { createTopic, readTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { assertSame } from './lines.ts'

test('lines of one key are in one partition, in order, the one that Java takes', async (t) => {
  const brokers = await useKafka()
  for (const key of ['order.id', (line: string) => /"order\.id":"([^"]*)"/.exec(line)?.[1]]) {
    const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('key')]
    const log = createLogger({ name: 'shop', dir, kafka: { brokers, topic, key, batchBytes: 5_000 } })
    for (let n = 0; n < 500; n++) log.info('m', n % 10 === 0 ? { n } : { 'order.id': `o${n % 37}`, n })
    const { forwarded, pending, kafka } = await log.close({ timeout: 30_000 })
    assert.deepEqual([forwarded, pending, kafka.keyErrors], [500, 0, 0])
    const messages = await readTopic(brokers, topic)
    assert.equal(new Set(messages.map(({ value }) => String(value))).size, 500)
    const last = new Map<string, number>()
    for (const message of messages) {
      const { n, 'order.id': id } = JSON.parse(String(message.value)) as { n: number; 'order.id'?: string }
      assert.equal(message.key?.toString(), id)
      if (id !== undefined) assert.equal(message.partition, partitionOf(Buffer.from(id), 4))
      assert.ok((last.get(id ?? '') ?? -1) < n)
      last.set(id ?? '', n)
    }
  }
})

test('a key that throws is told once and counted; its lines go without', async (t) => {
  const brokers = await useKafka()
  const told: string[] = []
  const key = (): string => {
    throw new Error('no key today')
  }
  const log = createLogger({
    name: 'shop',
    dir: await temporaryDirectory(t),
    kafka: { brokers, topic: uniqueTopic('key'), key },
    onDiagnostic: ({ message }) => told.push(message),
  })
  for (let n = 0; n < 10; n++) log.info('m')
  const { forwarded, kafka } = await log.close({ timeout: 30_000 })
  assert.deepEqual([forwarded, kafka.keyErrors], [10, 10])
  assert.equal(told.filter((message) => message.includes('no key today')).length, 1)
})

test('batches are spread over all partitions', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('spread')]
  const log = createLogger({
    name: 'shop',
    dir,
    kafka: { brokers, topic, partition: 'spread', batchBytes: 5_000 },
  })
  for (let n = 0; n < 1000; n++) log.info('m', { n })
  await log.close({ timeout: 30_000 })
  const messages = await readTopic(brokers, topic)
  assert.equal(new Set(messages.map(({ partition }) => partition)).size, 4)
  assertSame(messages.map(({ value }) => String(value)).toSorted(), (await linesOnDisk(dir)).toSorted())
})

test('a fixed partition takes all', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('fixed')]
  const log = createLogger({ name: 'shop', dir, kafka: { brokers, topic, partition: 2 } })
  for (let n = 0; n < 100; n++) log.info('m', { n })
  await log.close({ timeout: 30_000 })
  const messages = await readTopic(brokers, topic)
  assert.deepEqual(new Set(messages.map(({ partition }) => partition)), new Set([2]))
  assertSame(
    messages.map(({ value }) => String(value)),
    await linesOnDisk(dir),
  )
})

test('at least once: each record says which line it is, also where a cut has several topics', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('ids')]
  const log = createLogger({
    name: 'shop',
    dir,
    kafka: {
      brokers,
      topic,
      delivery: 'at-least-once',
      headers: { team: 'shop' },
      routes: [{ match: /"n":\d*3\}/, topic: `${topic}-3` }],
    },
  })
  for (let n = 0; n < 100; n++) log.info('m', { n })
  const { kafka } = await log.close({ timeout: 30_000 })
  assert.equal(kafka.delivery, 'at-least-once')
  const journals = new Set<string>()
  for (const one of [topic, `${topic}-3`])
    for (const { value, headers } of await readTopic(brokers, one)) {
      const [journal = '', ordinal] = String(headers['logflume.id']).split(':')
      journals.add(journal)
      assert.equal(ordinal, String((JSON.parse(String(value)) as { n: number }).n))
      assert.equal(String(headers.team), 'shop')
    }
  assert.equal(journals.size, 1)
})

test('a line that Kafka refuses for good is put aside as it was, with the reason beside it', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('refused')]
  await createTopic(brokers, topic, { config: { 'max.message.bytes': '20000' } })
  const log = createLogger({ name: 'shop', dir, kafka: { brokers, topic }, onDiagnostic: () => undefined })
  for (let n = 0; n < 100; n++) log.info(n % 50 === 25 ? 'x'.repeat(30_000) : 'fits', { n })
  const { lost, forwarded } = await log.close({ timeout: 30_000 })
  assert.deepEqual([lost, forwarded], [{ 'refused by Kafka': 2 }, 98])
  const disk = await linesOnDisk(dir)
  const path = join(dir, '.logflume', 'shop.0.refused')
  assert.equal(await readFile(path, 'utf8'), `${disk[25] ?? ''}\n${disk[75] ?? ''}\n`)
  const reasons = (await readFile(`${path}.reasons`, 'utf8')).trimEnd().split('\n')
  assert.deepEqual(
    reasons.map((row) => {
      const { time, reason, ...others } = JSON.parse(row) as Record<string, unknown>
      assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000)
      assert.match(String(reason), /MESSAGE_TOO_LARGE/)
      return others
    }),
    [25, 75].map((ordinal) => ({ topic, partition: 0, ordinal, bytes: (disk[ordinal]?.length ?? 0) + 1 })),
  )
  assert.ok(!existsSync(`${path}.old`))
})
