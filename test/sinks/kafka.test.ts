import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import { kafka, type KafkaSinkOptions } from '../../src/sinks/kafka/sink.ts'
import { appendLines, collect, journalDirectory, makeConsumer } from '../consume/journal.ts'
import { makeRecord } from '../consume/make-record.ts'
import { useKafka } from '../kafka/brokers.ts'
import { startKafka } from '../kafka/cluster.ts'
import { freePort } from '../kafka/ports.ts'
import { createTopic, readTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { openSink, write, writeAll, writeContext } from './write.ts'

const DONE = { retry: [], error: undefined, rejected: [] }

async function start(t: TestContext, options: Partial<KafkaSinkOptions> = {}) {
  const brokers = await useKafka()
  const topic = uniqueTopic('sink')
  await createTopic(brokers, topic, { partitions: 4 })
  return { brokers, topic, sink: await openSink(t, kafka({ brokers, topic, ...options })) }
}

function records(count: number): ConsumedRecord[] {
  return Array.from({ length: count }, (_, n) =>
    makeRecord({ n }, { offset: n, timestamp: String(1000 + n) }),
  )
}

test('value, key, headers and time are kept, and those without a key stay in order', async (t) => {
  const { brokers, topic, sink } = await start(t, { compression: 'gzip' })
  const own = '2026-11-21T12:00:00.000Z'
  const keyed = makeRecord(
    { '@timestamp': own },
    { key: Buffer.from('k'), headers: { a: 'ü', b: Buffer.of(255) } },
  )
  assert.deepEqual(await write(sink, [...records(50), keyed]), DONE)
  const messages = await readTopic(brokers, topic)
  const plain = messages.filter(({ key }) => key === null)
  assert.deepEqual(
    plain.map(({ value, partition, timestamp }) => [String(value), partition, timestamp]),
    records(50).map(({ text }, n) => [text, 2, 1000 + n]),
  )
  const [one] = messages.filter(({ key }) => key !== null)
  assert.equal(String(one?.key), 'k')
  assert.equal(one?.timestamp, Date.parse(own))
  assert.deepEqual({ ...one.headers }, { a: Buffer.from('ü'), b: Buffer.of(255) })
})

test('topic and key from fields, headers of your own', async (t) => {
  const brokers = await useKafka()
  const prefix = uniqueTopic('sink')
  const name = `${prefix}-Shop.DB-202611`
  await createTopic(brokers, name)
  const options = { topic: `${prefix}-{service.name}-{YYYYMM}`, key: '{order.id}' }
  const sink = await openSink(t, kafka({ brokers, ...options, headers: ({ id }) => ({ id }) }))
  const fields = { '@timestamp': '2026-11-21T12:00:00.000Z', 'service.name': 'Shop::DB', 'order.id': 7 }
  assert.deepEqual(await write(sink, [makeRecord(fields)]), DONE)
  const [message] = await readTopic(brokers, name)
  assert.deepEqual([String(message?.key), String(message?.headers.id)], ['7', 'logs-2-7'])
})

test('dead letters go to a topic, their cause and place in headers', async (t) => {
  const { brokers, topic, sink: deadLetter } = await start(t)
  const dir = await journalDirectory(t)
  await appendLines(dir, ['{"n":0}', 'no JSON', '{"n":2}'])
  const refuse = (record: ConsumedRecord): ConsumedRecord => {
    if (record.get('n') === undefined) throw new TypeError('no number')
    return record
  }
  const from = { dir, name: 'shop', follow: false }
  await makeConsumer(t, { from, transforms: [refuse], sinks: [collect()], deadLetter }).consumer.run()
  const letters = await readTopic(brokers, topic)
  assert.equal(letters.length, 1)
  const [{ value, headers } = {}] = letters
  assert.equal((JSON.parse(String(value)) as Record<string, unknown>)['event.original'], 'no JSON')
  const told = Object.entries(headers ?? {}).map(([name, text]) => [
    name.replace(/.*errors\./, ''),
    String(text),
  ])
  const {
    topic: source,
    offset,
    'exception.message': message,
  } = Object.fromEntries(told) as Record<string, string>
  assert.deepEqual([source, offset, message], ['shop', '1', 'no number'])
})

test('a record that Kafka will never take is rejected, the others are there', async (t) => {
  const { brokers, topic, sink } = await start(t)
  const large = makeRecord({ n: 'large', text: 'x'.repeat(2_000_000) }, { offset: 99 })
  const { retry, rejected } = await write(sink, [...records(3), large, ...records(2)])
  assert.deepEqual(retry, [])
  assert.deepEqual(
    rejected.map(({ record }) => record.get('n')),
    ['large'],
  )
  assert.match(rejected[0]?.error.message ?? '', /^topic .*: MESSAGE_TOO_LARGE: /)
  const values = (await readTopic(brokers, topic)).map(({ value }) => String(value))
  assert.deepEqual(
    values,
    [...records(3), ...records(2)].map(({ text }) => text),
  )
})

test('nobody listens, or nobody waits', async (t) => {
  const brokers = [`127.0.0.1:${await freePort()}`]
  const sink = await openSink(t, kafka({ brokers, topic: 'a', timeout: 1000 }))
  await assert.rejects(write(sink, records(1)), { code: 'KAFKA', retryable: true })
  const stop = new AbortController()
  const pending = write(sink, records(1), writeContext(stop.signal))
  setImmediate(() => stop.abort())
  await assert.rejects(pending, { retryable: true })
})

test('a broker that is silent, dies and comes back has all records in the end', async (t) => {
  const cluster = await startKafka()
  t.after(() => cluster.stop())
  const topic = uniqueTopic('sink')
  await createTopic(cluster.brokers, topic)
  const sink = await openSink(t, kafka({ brokers: cluster.brokers, topic, timeout: 2000 }))
  assert.deepEqual(await write(sink, records(3)), DONE)
  cluster.node(1).pause()
  await assert.rejects(write(sink, records(5).slice(3)), {
    retryable: true,
    message: /no answer within 2000 ms/,
  })
  const restarted = cluster.node(1).restart()
  assert.deepEqual(await writeAll(sink, records(5).slice(3)), [])
  await restarted
  const values = (await readTopic(cluster.brokers, topic)).map(({ value }) => String(value))
  assert.deepEqual(
    [...new Set(values)],
    records(5).map(({ text }) => text),
  )
})

for (const [options, message] of [
  [{ topic: 'a' }, /^brokers: /],
  [{ brokers: ['a:1'] }, /^topic: /],
  [{ brokers: ['a:1'], topic: 'a b' }, /^topic: expected a topic name/],
  [{ brokers: ['a:1'], topic: '{}' }, /^topic: /],
  [{ brokers: ['a:1'], topic: 'a', compression: 'lz4' as never }, /^compression: /],
  [{ brokers: ['a:1'], topic: 'a', acks: 1 } as never, /^acks: no such option/],
] as const satisfies readonly [Partial<KafkaSinkOptions>, RegExp][]) {
  test(`refused: ${JSON.stringify(options)}`, () => {
    assert.throws(() => kafka(options as KafkaSinkOptions), { code: 'INVALID_OPTION', message })
  })
}
