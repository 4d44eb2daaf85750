import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createLogger } from 'logflume'
import { createConsumer, dailyFiles } from 'logflume/consumer'
import { Program } from '../faults/peers/program.ts'
import { linesOnDisk, temporaryDirectory } from '../journal/open-journal.ts'
import { debianFiles } from '../debian.ts'
import { useKafka } from '../kafka/brokers.ts'
import { connectCommand, type Properties } from '../kafka/connect.ts'
import { freePort } from '../kafka/ports.ts'
import { createTopic, topicOffsets, uniqueTopic } from '../kafka/read-topic.ts'

// What others of the trade make of our topic, and we of theirs.

const LINES = 5000

/** Kafka Connect with one connector; it ends with the test. */
async function runConnect(t: TestContext, worker: Properties, connector: Properties): Promise<void> {
  // Not a temporary directory of the test's: Connect has to be gone before that is removed.
  const dir = await mkdtemp(join(tmpdir(), 'logflume-connect-'))
  const options = { mode: 'standalone', dir, port: await freePort(), connectors: [connector] } as const
  const brokers = await useKafka()
  const command = await connectCommand({ ...options, brokers, worker })
  const program = new Program(command, join(dir, 'connect.txt'))
  await program.start()
  t.after(async () => {
    await program.kill()
    await rm(dir, { recursive: true })
  })
}

/** Looks until it is so, for two minutes. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 120_000
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `${what}, within two minutes`)
    await delay(100)
  }
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').slice(0, -1)
}

async function logLines(t: TestContext, topic: string): Promise<string[]> {
  const dir = await temporaryDirectory(t)
  const log = createLogger({ name: 'shop', dir, kafka: { brokers: await useKafka(), topic } })
  for (let n = 0; n < LINES; n++) log.info('order placed', { n, customer: `Zoë ${n % 7}`, total: n / 8 })
  assert.equal((await log.close({ timeout: 60_000 })).forwarded, LINES)
  return linesOnDisk(dir)
}

/** The one that is installed, else that of its Debian package. Resolves with what it printed. */
async function kcat(...args: string[]): Promise<string> {
  const run = promisify(execFile)
  const options = { maxBuffer: 1e9 }
  const all = ['-b', (await useKafka()).join(), ...args]
  try {
    return (await run('kcat', all, options)).stdout
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
    const { env } = await debianFiles('kcat')
    return (await run('kcat', all, { ...options, env: { ...process.env, ...env } })).stdout
  }
}

async function readByKcat(topic: string): Promise<string[]> {
  return (await kcat('-C', '-t', topic, '-e', '-q', '-o', 'beginning')).split('\n').slice(0, -1)
}

test('Kafka Connect takes our topic as JSON without a schema, and writes each line once, in order', async (t) => {
  const topic = uniqueTopic('to-connect')
  await createTopic(await useKafka(), topic)
  const written = await logLines(t, topic)
  const file = join(await temporaryDirectory(t), 'sunk.txt')
  const worker = {
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
  }
  await runConnect(t, worker, {
    name: 'sink',
    'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
    'tasks.max': '1',
    'consumer.override.auto.offset.reset': 'earliest',
    topics: topic,
    file,
  })
  await until(`${LINES} lines in the sink's file`, async () => (await linesOf(file)).length >= LINES)
  const lines = await linesOf(file)
  assert.equal(lines.length, LINES)
  // It writes a Java map: {message=order placed, n=17, ...}, in an order of its own.
  const numbers = lines.map((line) => Number(/\bn=(\d+)/.exec(line)?.[1]))
  assert.deepEqual(
    numbers,
    written.map((line) => (JSON.parse(line) as { n: number }).n),
  )
  assert.match(lines[3] ?? '', /customer=Zoë 3/)
})

test('our consumer takes what Kafka Connect wrote from a file: every line once, byte for byte', async (t) => {
  const [brokers, topic] = [await useKafka(), uniqueTopic('from-connect')]
  await createTopic(brokers, topic)
  const [source, archive] = [await temporaryDirectory(t), await temporaryDirectory(t)]
  const file = join(source, 'app.log')
  const written = Array.from({ length: LINES }, (_, n) => `{"message":"order ${n} placed — Zoë","n":${n}}`)
  written[17] = 'a line that is no JSON'
  await writeFile(file, written.map((line) => `${line}\n`).join(''))
  await runConnect(
    t,
    {},
    {
      name: 'source',
      'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
      'tasks.max': '1',
      file,
      topic,
    },
  )
  const consumer = createConsumer({
    from: { brokers, topics: [topic], group: topic },
    sinks: [dailyFiles({ dir: archive, path: 'all' })],
  })
  t.after(() => consumer.close())
  const running = consumer.run()
  await until(`${LINES} records delivered`, () => Promise.resolve(consumer.stats().delivered >= LINES))
  await consumer.close()
  await running
  assert.deepEqual((await readdir(archive)).sort(), ['.logflume', 'all'])
  assert.deepEqual(await linesOf(join(archive, 'all')), written)
  assert.deepEqual(await readByKcat(topic), written)
})

test('kcat takes our topic: every line once, byte for byte; and our consumer what kcat wrote', async (t) => {
  const [brokers, topic, echo] = [await useKafka(), uniqueTopic('kcat'), uniqueTopic('kcat-echo')]
  await createTopic(brokers, topic)
  await createTopic(brokers, echo)
  const written = await logLines(t, topic)
  assert.deepEqual(await readByKcat(topic), written)

  const archive = await temporaryDirectory(t)
  const file = join(archive, 'lines.txt')
  await writeFile(file, written.map((line) => `${line}\n`).join(''))
  await kcat('-P', '-t', echo, '-z', 'gzip', '-l', file)
  assert.equal((await topicOffsets(brokers, echo))[0]?.high, String(LINES))
  const consumer = createConsumer({
    from: { brokers, topics: [echo], group: echo },
    sinks: [dailyFiles({ dir: archive, path: '{service.name}/all' })],
  })
  t.after(() => consumer.close())
  const running = consumer.run()
  await until(`${LINES} records delivered`, () => Promise.resolve(consumer.stats().delivered >= LINES))
  await consumer.close()
  await running
  assert.deepEqual(await linesOf(join(archive, 'shop', 'all')), written)
})
