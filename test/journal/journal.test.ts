import assert from 'node:assert/strict'
import { appendFile, mkdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import { linesOnDisk, numbered, openJournal, segmentFiles, temporaryDirectory } from './open-journal.ts'

test('lines reach the segment in the order of the calls, and the link names it at once', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir })
  assert.equal(await readlink(join(dir, 'shop.log')), journal.stats().file)
  const lines = numbered(1000)
  for (const line of lines) journal.append(`${line}\n`)
  await journal.flush(5000)
  assert.deepEqual(await linesOnDisk(dir), lines)
  const { written, onDisk, lostTotal, bufferedBytes } = journal.stats()
  assert.deepEqual(
    { written, onDisk, lostTotal, bufferedBytes },
    { written: 1000, onDisk: 1000, lostTotal: 0, bufferedBytes: 0 },
  )
})

test('a tick that logs 40 MB loses nothing and keeps the memory within its bound', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir, maxBufferBytes: 4 * 1024 * 1024 })
  const lines = numbered(200_000)
  let most = 0
  for (const [index, line] of lines.entries()) {
    journal.append(`${line}\n`)
    if (index % 1000 === 0) most = Math.max(most, journal.stats().bufferedBytes)
  }
  assert.ok(most < 4 * 1024 * 1024, `${most} bytes waited`)
  await journal.flush(10_000)
  assert.deepEqual(await linesOnDisk(dir), lines)
})

test('a synchronous flush in the middle of an asynchronous write doubles and loses nothing', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir, rotate: { maxBytes: 100_000 } })
  const lines = numbered(5000)
  for (const [index, line] of lines.entries()) {
    journal.append(`${line}\n`)
    if (index % 97 === 0) await tick() // a write begins
    if (index % 131 === 0) journal.flushSync()
  }
  journal.flushSync()
  assert.deepEqual(await linesOnDisk(dir), lines)
  await journal.flush(1000)
  assert.deepEqual(await linesOnDisk(dir), lines)
})

test('each segment is named by the ordinal of its first line, and none is larger than allowed', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir, rotate: { maxBytes: 50_000 } })
  for (const [index, line] of numbered(2000).entries()) {
    journal.append(`${line}\n`)
    if (index % 50 === 49) await journal.flush(5000)
  }
  const files = await segmentFiles(dir)
  assert.ok(files.length > 6, `${files.length} segments`)
  let ordinal = 0
  for (const file of files) {
    assert.equal(Number(file.split('.')[2]), ordinal)
    assert.ok((await stat(join(dir, file))).size <= 50_000)
    ordinal += (await readFile(join(dir, file), 'utf8')).split('\n').length - 1
  }
  assert.equal(journal.stats().segments, files.length)
  assert.equal(await readlink(join(dir, 'shop.log')), files.at(-1))
})

test('midnight begins a new segment, named by the new day', async (t) => {
  const dir = await temporaryDirectory(t)
  let now = Date.UTC(2026, 10, 21, 23, 59, 59)
  const { journal } = openJournal(t, { dir, rotate: { zone: 'utc' } }, () => now)
  journal.append('1\n')
  await journal.flush(1000)
  now += 1000
  journal.append('2\n')
  await journal.flush(1000)
  assert.deepEqual(await segmentFiles(dir), [
    'shop.0.000000000000000.20261121.log',
    'shop.0.000000000000001.20261122.log',
  ])
})

test('the next owner of a slot goes on in the same segment on the same day, in a new one on the next', async (t) => {
  const dir = await temporaryDirectory(t)
  let now = Date.UTC(2026, 10, 21, 12)
  const options = { dir, rotate: { zone: 'utc' } } as const
  for (const expected of [1, 1, 2]) {
    if (expected === 2) now += 86_400_000
    const { journal } = openJournal(t, options, () => now)
    assert.equal(journal.slot, 0)
    journal.append(`${now}\n`)
    await journal.close(1000)
    assert.equal((await segmentFiles(dir)).length, expected)
  }
  assert.deepEqual(await segmentFiles(dir), [
    'shop.0.000000000000000.20261121.log',
    'shop.0.000000000000002.20261122.log',
  ])
})

test('two journals of one name in one directory never share a file', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal: first } = openJournal(t, { dir })
  const { journal: second } = openJournal(t, { dir })
  assert.deepEqual([first.slot, second.slot], [0, 1])
  first.append('first\n')
  second.append('second\n')
  await first.close(1000)
  const { journal: third } = openJournal(t, { dir })
  assert.equal(third.slot, 0)
  third.append('third\n')
  await Promise.all([second.close(1000), third.close(1000)])
  assert.deepEqual(await linesOnDisk(dir), ['first', 'third', 'second'])
})

test('a half line of a crashed writer is cut off, kept apart and told; later lines are whole', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir })
  const { file } = journal.stats()
  journal.append('{"n":1}\n')
  await journal.close(1000)
  await appendFile(join(dir, file), '{"n":2}\n{"n":')
  const { journal: next, diagnostics } = openJournal(t, { dir })
  assert.equal(next.stats().torn, 1)
  assert.match(diagnostics[0]?.message ?? '', /half line of 5 bytes/)
  next.append('{"n":3}\n')
  await next.close(1000)
  assert.deepEqual(await linesOnDisk(dir), ['{"n":1}', '{"n":2}', '{"n":3}'])
  assert.equal(await readFile(join(dir, '.logflume', 'shop.0.torn'), 'utf8'), '{"n":\n')
})

test('retention deletes the oldest past the budget, and spares what Kafka lacks within it', async (t) => {
  const dir = await temporaryDirectory(t)
  const options = { dir, rotate: { maxBytes: 20_000 }, retain: { bytes: 100_000 } }
  const { journal } = openJournal(t, options)
  journal.sparedFrom = () => 0
  for (const [index, line] of numbered(3000).entries()) {
    journal.append(`${line}\n`)
    if (index % 50 === 49) await journal.flush(5000)
  }
  await journal.close(5000)
  const { journal: again } = openJournal(t, options)
  await again.close(1000)
  const files = await segmentFiles(dir)
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(dir, file))).size))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  assert.ok(total <= 120_000, `${total} bytes are left`)
  assert.ok(total >= 60_000, `${total} bytes are left`)
  assert.ok(Number(files[0]?.split('.')[2]) > 2000)
})

test('a directory that vanishes and comes back is written to again, nothing lost, nothing counted twice', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal, diagnostics } = openJournal(t, { dir, rotate: { maxBytes: 4096 } })
  const first = 'a'.repeat(4095)
  journal.append(`${first}\n`)
  await journal.flush(1000)
  await rm(dir, { recursive: true })
  await writeFile(dir, 'in the way')
  journal.append('b\n')
  await journal.flush(300)
  assert.match(journal.stats().error ?? '', /EEXIST|ENOTDIR/)
  assert.equal(journal.stats().onDisk, 1)
  await rm(dir)
  await mkdir(dir)
  await journal.flush(10_000)
  // The first was written a moment before the directory went.
  assert.deepEqual(await linesOnDisk(dir), [first, 'b'])
  const { written, onDisk, lostTotal, error } = journal.stats()
  assert.deepEqual(
    { written, onDisk, lostTotal, error },
    { written: 2, onDisk: 2, lostTotal: 0, error: undefined },
  )
  assert.ok(diagnostics.some(({ level }) => level === 'error'))
  assert.ok(diagnostics.some(({ message }) => message.endsWith('writing works again')))
})

test('when the disk fails for long, memory stays bounded and every line too many is counted', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir, rotate: { maxBytes: 4096 }, maxBufferBytes: 100_000 })
  const first = 'a'.repeat(4095)
  journal.append(`${first}\n`)
  await journal.flush(1000)
  await rm(dir, { recursive: true })
  await writeFile(dir, 'in the way')
  journal.append('b\n')
  await journal.flush(100)
  const lines = numbered(5000)
  for (const line of lines) {
    journal.append(`${line}\n`)
    assert.ok(journal.stats().bufferedBytes <= 100_000)
  }
  await rm(dir)
  await journal.flush(10_000)
  const { written, onDisk, lost, lostTotal } = journal.stats()
  assert.equal(written, 5002)
  assert.equal(onDisk + lostTotal, written)
  assert.ok((lost['disk failed'] ?? 0) > 0)
  assert.deepEqual(await linesOnDisk(dir), [first, 'b', ...lines.slice(0, onDisk - 2)])
})

test('lines after close are counted, not written', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir })
  await journal.close(1000)
  journal.append('late\n')
  assert.deepEqual(journal.stats().lost, { 'logged after close': 1 })
  assert.deepEqual(await linesOnDisk(dir), [])
})

test('a closed journal leaves no listener behind', async (t) => {
  const dir = await temporaryDirectory(t)
  const before = process.listenerCount('SIGTERM') + process.listenerCount('exit')
  const { journal } = openJournal(t, { dir })
  assert.equal(process.listenerCount('SIGTERM') + process.listenerCount('exit'), before + 2)
  await journal.close(1000)
  assert.equal(process.listenerCount('SIGTERM') + process.listenerCount('exit'), before)
})
