import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from 'logflume'
import { JournalReader } from '../../src/journal/reader.ts'
import { segmentFile } from '../../src/journal/segment.ts'
import { linesOnDisk, temporaryDirectory } from '../journal/open-journal.ts'
import { useKafka } from '../kafka/brokers.ts'
import { startKafka } from '../kafka/cluster.ts'
import { createTopic, readTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { killThenPause } from './kill-then-pause.ts'
import { assertSame, linesInKafka } from './lines.ts'
import { runApp } from './run-app.ts'

const quiet = () => undefined

test('every line is in Kafka once, in order, in one partition, equal to the journal', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  const app = runApp(
    t,
    { name: 'shop', dir, rotate: { maxBytes: 300_000 }, kafka: { brokers, topic } },
    { lines: 20_000 },
  )
  const stats = await app.closed
  assert.deepEqual(
    { written: stats.written, forwarded: stats.forwarded, pending: stats.pending, lost: stats.lost },
    { written: 20_000, forwarded: 20_000, pending: 0, lost: {} },
  )
  assert.ok(stats.journal.rotations > 10)
  const messages = await readTopic(brokers, topic)
  assert.equal(new Set(messages.map(({ partition }) => partition)).size, 1)
  assert.deepEqual(
    messages.map(({ value }) => String(value)),
    await linesOnDisk(dir),
  )
  const [first] = messages
  const { '@timestamp': time } = JSON.parse(String(first?.value)) as { '@timestamp': string }
  assert.equal(first?.timestamp, Date.parse(time))
})

test('the missing topic is made with four partitions', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  await runApp(t, { name: 'shop', dir, kafka: { brokers, topic } }, { lines: 1 }).closed
  const { kafkaClient } = await import('../kafka/client.ts')
  const admin = kafkaClient(brokers).admin()
  await admin.connect()
  t.after(() => admin.disconnect())
  assert.equal((await admin.fetchTopicOffsets(topic)).length, 4)
})

test('closing at once, before the worker thread has begun, waits for Kafka and no longer', async (t) => {
  const brokers = await useKafka()
  const log = createLogger({
    name: 'shop',
    dir: await temporaryDirectory(t),
    kafka: { brokers, topic: uniqueTopic('forward') },
  })
  log.info('the only line')
  const from = performance.now()
  const { forwarded, pending } = await log.close({ timeout: 20_000 })
  assert.deepEqual([forwarded, pending], [1, 0])
  assert.ok(performance.now() - from < 15_000)
})

test('gzip batches arrive the same', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  await runApp(t, { name: 'shop', dir, kafka: { brokers, topic, compression: 'gzip' } }, { lines: 5000 })
    .closed
  assertSame(await linesInKafka(brokers, topic), await linesOnDisk(dir))
})

test('kill -9 of the app at random moments: what is in the journal is in Kafka once, in order', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  const options = {
    name: 'shop',
    dir,
    rotate: { maxBytes: 2_000_000 },
    kafka: { brokers, topic, batchBytes: 20_000 },
  }
  const waits: number[] = []
  for (let run = 0; run < 8; run++) {
    const app = runApp(t, options, { lines: 1_000_000, group: 50, run: `kill ${run}` })
    await app.started
    const wait = Math.round(Math.random() * 600)
    waits.push(wait)
    await delay(wait)
    await app.kill()
  }
  const last = await runApp(t, options, { lines: 100, run: 'last' }).closed
  assert.equal(last.pending, 0)
  assert.equal(last.kafka.duplicatesPossible, 0)
  const [disk, kafka] = [await linesOnDisk(dir), await linesInKafka(brokers, topic)]
  const where = `killed after ${waits.join(', ')} ms`
  t.diagnostic(where)
  assertSame(kafka, disk)
  assert.ok(disk.length > 1000)
})

test('Kafka is not there at first: lines wait on disk, and are all forwarded when it comes', async (t) => {
  await using cluster = await startKafka({ nodes: 1 })
  await cluster.node(1).stop()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  const app = runApp(
    t,
    { name: 'shop', dir, kafka: { brokers: cluster.brokers, topic } },
    { lines: 50_000, closeTimeout: 60_000 },
  )
  await app.logged
  await cluster.node(1).restart()
  const stats = await app.closed
  assert.equal(stats.forwarded, 50_000)
  assert.ok(stats.kafka.retries > 0)
  assertSame(await linesInKafka(cluster.brokers, topic), await linesOnDisk(dir))
})

test('kill -9 and pause of the only broker while lines are forwarded: each is there once, in order', async (t) => {
  await using cluster = await startKafka({ nodes: 1 })
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  const kafka = { brokers: cluster.brokers, topic, batchBytes: 20_000, requestTimeout: 2_000 }
  const app = runApp(t, { name: 'shop', dir, kafka }, { lines: 300_000, group: 50, closeTimeout: 60_000 })
  await app.started
  await delay(1500)
  await killThenPause(cluster.node(1))
  const stats = await app.closed
  assert.deepEqual([stats.forwarded, stats.pending, stats.lost], [300_000, 0, {}])
  const [disk, there] = [await linesOnDisk(dir), await linesInKafka(cluster.brokers, topic)]
  assertSame(there, disk)
})

test('close returns in its time while Kafka is paused, and says what is pending; the next process sends it', async (t) => {
  await using cluster = await startKafka({ nodes: 1 })
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  const options = { name: 'shop', dir, kafka: { brokers: cluster.brokers, topic } }
  await runApp(t, options, { lines: 10, run: 'before' }).closed
  cluster.node(1).pause()
  const log = createLogger({ ...options, onDiagnostic: quiet })
  for (let n = 0; n < 1000; n++) log.info('paused', { n })
  const from = performance.now()
  const stats = await log.close({ timeout: 500 })
  assert.ok(performance.now() - from < 5_000)
  assert.deepEqual([stats.written, stats.forwarded, stats.pending], [1000, 0, 1000])
  cluster.node(1).resume()
  const next = await runApp(t, options, { lines: 10, run: 'after' }).closed
  assert.deepEqual([next.recovered, next.written, next.forwarded, next.pending], [1000, 1010, 1010, 0])
  assertSame(await linesInKafka(cluster.brokers, topic), await linesOnDisk(dir))
})

test('a batch that the broker finds too large is cut smaller; a line too large alone is lost and counted', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  await createTopic(brokers, topic, { config: { 'max.message.bytes': '20000' } })
  const log = createLogger({ name: 'shop', dir, kafka: { brokers, topic }, onDiagnostic: quiet })
  for (let n = 0; n < 500; n++) log.info(n === 250 ? 'x'.repeat(30_000) : 'fits', { n })
  const stats = await log.close({ timeout: 30_000 })
  assert.deepEqual(stats.lost, { 'refused by Kafka': 1 })
  assert.deepEqual([stats.written, stats.forwarded, stats.pending], [500, 499, 0])
  const disk = await linesOnDisk(dir)
  disk.splice(250, 1)
  assertSame(await linesInKafka(brokers, topic), disk)
})

test('lines of a clock that was a day ahead are forwarded, without a time where Kafka refuses theirs', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
  const lines = Array.from({ length: 100 }, (_, n) => `{"@timestamp":"${tomorrow}","n":${n}}`)
  await writeFile(join(dir, segmentFile('shop', 0, 0, '20200101')), `${lines.join('\n')}\n`)
  const stats = await runApp(t, { name: 'shop', dir, kafka: { brokers, topic } }, { lines: 10 }).closed
  assert.deepEqual([stats.recovered, stats.forwarded, stats.pending, stats.lost], [100, 110, 0, {}])
  const messages = await readTopic(brokers, topic)
  assert.deepEqual(
    messages.map(({ value }) => String(value)),
    await linesOnDisk(dir),
  )
  assert.equal(messages[0]?.timestamp, -1)
  assert.ok((messages.at(-1)?.timestamp ?? 0) > Date.now() - 60_000)
})

test('lines of two processes at once are all there, each process in order', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  const options = { name: 'shop', dir, kafka: { brokers, topic } }
  const apps = ['a', 'b'].map((run) => runApp(t, options, { lines: 5000, run }))
  for (const app of apps) assert.equal((await app.closed).forwarded, 5000)
  const there = (await linesInKafka(brokers, topic)).map(
    (line) => JSON.parse(line) as { run: string; n: number },
  )
  for (const run of ['a', 'b']) {
    assert.deepEqual(
      there.filter((line) => line.run === run).map(({ n }) => n),
      Array.from({ length: 5000 }, (_, n) => n),
    )
  }
})

test('without permission to make the topic, the state says why, and forwarding begins when it is there', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  const log = createLogger({
    name: 'shop',
    dir,
    kafka: { brokers, topic, createTopic: false },
    onDiagnostic: quiet,
  })
  t.after(() => log.close({ timeout: 0 }))
  log.info('early')
  await log.flush({ timeout: 1500 })
  assert.equal(log.stats().kafka.state, 'retrying')
  assert.match(log.stats().kafka.error ?? '', /UNKNOWN_TOPIC|topic/i)
  await createTopic(brokers, topic)
  const stats = await log.flush({ timeout: 20_000 })
  assert.equal(stats.forwarded, 1)
  assert.deepEqual([stats.kafka.state, stats.kafka.error], ['connected', undefined])
})

for (const trouble of ['die', 'hang']) {
  test(`a worker that is made to ${trouble} is replaced; every line is there once, in order`, async (t) => {
    const brokers = await useKafka()
    const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
    const kafka = { brokers, topic, batchBytes: 20_000 }
    const app = runApp(t, { name: 'shop', dir, kafka }, { lines: 50_000, group: 50, closeTimeout: 60_000 })
    await app.started
    await delay(700)
    app.process.send(trouble)
    const stats = await app.closed
    assert.match(app.told(), /the worker thread stopped and will be started again/)
    assert.deepEqual([stats.written, stats.forwarded, stats.pending], [50_000, 50_000, 0])
    assert.deepEqual([stats.recovered, stats.kafka.duplicatesPossible], [0, 0])
    assertSame(await linesInKafka(brokers, topic), await linesOnDisk(dir))
  })
}

test('the journals of dead processes are forwarded by one that lives, from where they were', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  const options = { name: 'shop', dir, kafka: { brokers, topic, batchBytes: 20_000 } }
  const doomed = ['a', 'b', 'c'].map((run) => runApp(t, options, { lines: 1_000_000, group: 50, run }))
  await Promise.all(doomed.map(({ started }) => started))
  await delay(500)
  // Killed while lines are under way, so that they leave some behind.
  for (const app of doomed) await app.kill()
  const survivor = createLogger({ ...options, onDiagnostic: quiet })
  t.after(() => survivor.close())
  const disk = await linesOnDisk(dir)
  while (
    survivor.stats().forwarded < survivor.stats().written ||
    (await linesInKafka(brokers, topic)).length < disk.length
  )
    await delay(100)
  const there = (await linesInKafka(brokers, topic)).map(
    (line) => JSON.parse(line) as { run: string; n: number },
  )
  assert.equal(there.length, disk.length)
  for (const run of ['a', 'b', 'c']) {
    const mine = there.filter((line) => line.run === run).map(({ n }) => n)
    assert.deepEqual(
      mine,
      Array.from({ length: mine.length }, (_, n) => n),
    )
  }
  const { written, forwarded, pending, lost, recovered } = survivor.stats()
  assert.deepEqual(
    { pending, lost, own: written - recovered, forwarded },
    { pending: 0, lost: {}, own: 0, forwarded: recovered },
  )
})

test('closed segments are compressed once Kafka has them, and not before', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  const options = { name: 'shop', dir, rotate: { maxBytes: 20_000 }, retain: { compress: 'gzip' as const } }
  const nobody = { brokers: ['127.0.0.1:1'], topic }
  const away = createLogger({ ...options, kafka: nobody, onDiagnostic: quiet })
  for (let n = 0; n < 500; n++) {
    away.info('waits', { n })
    if (n % 50 === 49) await away.flush({ timeout: 0 })
  }
  const plain = async (): Promise<string[]> => (await readdir(dir)).filter((file) => /\d\.log$/.test(file))
  assert.ok((await plain()).length > 2)
  await delay(2500) // Longer than the worker takes to look again.
  assert.ok(!(await readdir(dir)).some((file) => file.endsWith('.gz')))
  await away.close({ timeout: 0 })

  const log = createLogger({ ...options, kafka: { brokers, topic }, onDiagnostic: quiet })
  t.after(() => log.close())
  log.info('last')
  await log.flush()
  while ((await plain()).length > 1) await delay(50)
  assert.equal((await linesInKafka(brokers, topic)).length, 501)
  const reader = await JournalReader.open({ dir, name: 'shop', slot: 0 })
  t.after(() => reader.close())
  let lines = 0
  for (let block = await reader.read(100_000); block !== undefined; block = await reader.read(100_000))
    lines += block.lines
  assert.equal(lines, 501)
})

test('the checkpoint is where docs/design.md says, in rows', async (t) => {
  const brokers = await useKafka()
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('forward')]
  await runApp(t, { name: 'shop', dir, kafka: { brokers, topic } }, { lines: 10 }).closed
  const rows = (await readFile(join(dir, '.logflume', 'shop.0.checkpoint'), 'utf8')).trimEnd().split('\n')
  const { position, inFlight } = JSON.parse(rows.at(-1)?.slice(9) ?? '') as {
    position: { ordinal: number }
    inFlight: []
  }
  assert.deepEqual([position.ordinal, inFlight], [10, []])
})
