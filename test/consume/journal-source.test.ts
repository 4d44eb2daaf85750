import assert from 'node:assert/strict'
import { mkdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ConsumerState, Sink } from '../../src/consumer.ts'
import { segmentFile } from '../../src/journal/segment.ts'
import { numbered, openJournal } from '../journal/open-journal.ts'
import { appendLines, collect, journalDirectory, makeConsumer, type TestConsumer } from './journal.ts'

const all = (dir: string, group = 'default') => ({ dir, name: 'shop', follow: false, group })

async function reaches({ consumer }: TestConsumer, state: ConsumerState): Promise<void> {
  while (consumer.stats().state !== state) await setTimeout(5)
}

test('lines of all slots are records, in order, with slot and ordinal as their place', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a', 'b'], { slot: 0, ordinal: 0 })
  await appendLines(dir, ['c'], { slot: 0, ordinal: 2 })
  await appendLines(dir, ['d'], { slot: 3, ordinal: 5 })
  const sink = collect()
  await makeConsumer(t, { from: all(dir), sinks: [sink] }).consumer.run()
  const seen = sink.records.map(
    ({ line, place }) => `${line} ${place.topic}/${place.partition}/${place.offset}`,
  )
  assert.deepEqual(seen.sort(), ['a shop/0/0', 'b shop/0/1', 'c shop/0/2', 'd shop/3/5'])
})

test('what a logger writes arrives while it is being written, across rotations, each line once', async (t) => {
  const dir = await journalDirectory(t)
  const { journal } = openJournal(t, { dir, rotate: { maxBytes: 100_000 } })
  const sink = collect()
  const { consumer } = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [sink] })
  const running = consumer.run()
  const lines = numbered(5000)
  for (const [index, line] of lines.entries()) {
    journal.append(`${line}\n`)
    if (index % 50 === 0) await journal.flush(1000)
  }
  await sink.until(lines.length)
  await consumer.close()
  await running
  assert.deepEqual(sink.texts(), lines)
  assert.equal(consumer.stats().delivered, lines.length)
})

test('a new line arrives at once, and not only when somebody looks again', async (t) => {
  const dir = await journalDirectory(t)
  const { journal } = openJournal(t, { dir })
  const sink = collect()
  const { consumer } = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [sink] })
  void consumer.run()
  const times: number[] = []
  for (let count = 1; count <= 10; count++) {
    await setTimeout(30)
    const start = performance.now()
    journal.append('{"n":1}\n')
    await sink.until(count)
    times.push(performance.now() - start)
  }
  assert.ok(times.sort((a, b) => a - b)[5]! < 300, `${times.map(Math.round).join(' ')} ms`)
})

test('a consumer goes on where its group stopped, and every group has its own place', async (t) => {
  const dir = await journalDirectory(t)
  const run = async (group: string): Promise<string[]> => {
    const sink = collect()
    await makeConsumer(t, { from: all(dir, group), sinks: [sink] }).consumer.run()
    return sink.texts()
  }
  await appendLines(dir, ['a', 'b'])
  assert.deepEqual(await run('one'), ['a', 'b'])
  await appendLines(dir, ['c'])
  await appendLines(dir, ['d'], { slot: 1 })
  assert.deepEqual((await run('one')).sort(), ['c', 'd'])
  assert.deepEqual(await run('one'), [])
  assert.deepEqual((await run('two')).sort(), ['a', 'b', 'c', 'd'])
})

test('a batch that no sink has is read again', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a', 'b'])
  const failing: Sink = { name: 'failing', write: () => Promise.reject(new Error('away')) }
  const first = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [failing] })
  void first.consumer.run()
  while (first.consumer.stats().retries < 2) await setTimeout(5)
  await first.consumer.close()
  const sink = collect()
  await makeConsumer(t, { from: all(dir), sinks: [sink] }).consumer.run()
  assert.deepEqual(sink.texts(), ['a', 'b'])
})

test('from the latest on, only what came later is read, also after a restart', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['old'])
  const sink = collect()
  const first = makeConsumer(t, { from: { ...all(dir), start: 'latest' }, sinks: [sink] })
  await first.consumer.run()
  await appendLines(dir, ['new'])
  const second = makeConsumer(t, { from: { dir, name: 'shop', start: 'latest' }, sinks: [sink] })
  void second.consumer.run()
  await sink.until(1)
  // A process that starts later has nothing old.
  await appendLines(dir, ['another slot'], { slot: 1 })
  await sink.until(2)
  assert.deepEqual(sink.texts(), ['new', 'another slot'])
})

test('lines that were deleted before they were read are counted', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a', 'b', 'c'])
  await makeConsumer(t, { from: all(dir), sinks: [collect()] }).consumer.run()
  await appendLines(dir, ['d', 'e'], { ordinal: 3 })
  await appendLines(dir, ['f'], { ordinal: 5 })
  await unlink(join(dir, segmentFile('shop', 0, 0, '20261121')))
  await unlink(join(dir, segmentFile('shop', 0, 3, '20261121')))
  const sink = collect()
  const { consumer } = makeConsumer(t, { from: all(dir), sinks: [sink] })
  await consumer.run()
  assert.deepEqual(sink.texts(), ['f'])
  assert.deepEqual(consumer.stats().lost, { 'deleted before it was read': 2 })
})

test('two consumers of a group do not read the same: one waits, and takes over', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  const [one, two] = [collect(), collect()]
  const first = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [one] })
  void first.consumer.run()
  await one.until(1)
  const second = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [two] })
  void second.consumer.run()
  await reaches(second, 'waiting')
  assert.match(
    second.consumer.stats().error?.message ?? '',
    /^another consumer of group default reads journal shop/,
  )
  const third = makeConsumer(t, { from: all(dir), sinks: [two] })
  await assert.rejects(third.consumer.run(), {
    code: 'JOURNAL',
    message: /^another consumer of group default/,
  })
  await first.consumer.close()
  await reaches(second, 'running')
  assert.equal(second.consumer.stats().error, undefined)
  await appendLines(dir, ['b'])
  await two.until(1)
  assert.deepEqual([one.texts(), two.texts()], [['a'], ['b']])
})

test('a directory that is not there is waited for, or refused where nothing is followed', async (t) => {
  const dir = join(await journalDirectory(t), 'logs')
  const sink = collect()
  await assert.rejects(makeConsumer(t, { from: all(dir), sinks: [sink] }).consumer.run(), {
    code: 'JOURNAL',
    message: `there is no directory ${dir}`,
  })
  const following = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [sink] })
  void following.consumer.run()
  await reaches(following, 'waiting')
  await mkdir(dir)
  await appendLines(dir, ['a'])
  await sink.until(1)
  assert.equal(following.consumer.stats().state, 'running')
})

test('a directory that is renamed and made again is read on', async (t) => {
  const dir = join(await journalDirectory(t), 'logs')
  await mkdir(dir)
  await appendLines(dir, ['a'])
  const sink = collect()
  const following = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [sink] })
  void following.consumer.run()
  await sink.until(1)
  await rename(dir, `${dir}.old`)
  await reaches(following, 'waiting')
  await mkdir(dir)
  await appendLines(dir, ['b'], { ordinal: 1 })
  await sink.until(2)
  assert.deepEqual(sink.texts(), ['a', 'b'])
  await following.consumer.close()
  assert.match(await readFile(join(dir, '.logflume/shop.default.offsets'), 'utf8'), /"ordinal":2/)
})

for (const damage of [
  '',
  '\0'.repeat(100),
  '{"version":1,"positions":{"0":{"seg',
  '{"version":1,"positions":{"0":7}}',
]) {
  test(`a place that a power loss left as ${JSON.stringify(damage.slice(0, 20))} is the one before it`, async (t) => {
    const dir = await journalDirectory(t)
    const file = join(dir, '.logflume/shop.default.offsets')
    const run = async (): Promise<string[]> => {
      const sink = collect()
      await makeConsumer(t, { from: all(dir), sinks: [sink] }).consumer.run()
      return sink.texts()
    }
    await appendLines(dir, ['a'])
    await run()
    await appendLines(dir, ['b'])
    await run()
    await writeFile(file, damage)
    assert.ok(['', 'b'].includes((await run()).join()), 'at most the last batch again')
    assert.deepEqual(await run(), [])
    await rm(file)
    await rm(`${file}.old`)
    assert.deepEqual(await run(), ['a', 'b'])
  })
}

test('a place that cannot be kept is told at the start', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  await mkdir(join(dir, '.logflume/shop.default.offsets.tmp'), { recursive: true })
  const sink = collect()
  const { consumer } = makeConsumer(t, { from: all(dir), sinks: [sink] })
  await assert.rejects(consumer.run(), { code: 'JOURNAL', message: /^cannot keep the place in .*EISDIR/ })
  assert.deepEqual(sink.texts(), [])
})

test('a state directory that cannot be made is told at the start', async (t) => {
  const dir = await journalDirectory(t)
  await writeFile(join(dir, '.logflume'), 'a file where a directory should be')
  const { consumer } = makeConsumer(t, { from: all(dir), sinks: [collect()] })
  await assert.rejects(consumer.run(), { code: 'JOURNAL', message: /^cannot claim journal shop in / })
  assert.equal(consumer.stats().state, 'stopped')
})

test('nothing keeps the program alive when the consumer is done', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  const active = (): string[] =>
    process.getActiveResourcesInfo().filter((kind) => ['Timeout', 'FSEventWrap'].includes(kind))
  const before = active().length
  const sink = collect()
  const { consumer } = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [sink] })
  const running = consumer.run()
  await sink.until(1)
  assert.ok(active().length > before)
  await consumer.close()
  await running
  assert.equal(active().length, before)
})
