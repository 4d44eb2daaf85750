import assert from 'node:assert/strict'
import { readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodeFiles, type FileDriver } from '../../src/journal/file-driver.ts'
import { FaultyFiles } from './faulty-files.ts'
import {
  assertAccounted,
  linesOnDisk,
  numbered,
  openJournal,
  segmentFiles,
  temporaryDirectory,
  until,
} from './open-journal.ts'

const HOUR = 3_600_000

test('rotate: the lines before it are in the old segment, the next one begins a new one', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir })
  journal.append('1\n')
  journal.append('2\n')
  journal.rotate()
  journal.append('3\n')
  await journal.flush(1000)
  const files = await segmentFiles(dir)
  const texts = await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8')))
  assert.deepEqual(texts, ['1\n2\n', '3\n'])
  assert.equal(await readlink(join(dir, 'shop.log')), files[1])
  assert.equal(journal.stats().rotations, 1)
  assert.equal(journal.stats().segments, 2)
})

test('rotate: an empty segment is never left, however often it is asked for', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir })
  journal.rotate()
  journal.rotate()
  journal.append('1\n')
  await journal.flush(1000)
  journal.append('2\n')
  await journal.flush(1000)
  journal.rotate()
  journal.rotate()
  assert.equal((await segmentFiles(dir)).length, 1)
  journal.append('3\n')
  journal.flushSync()
  journal.append('4\n')
  await journal.close(1000)
  journal.rotate()
  const texts = (await segmentFiles(dir)).map((file) => readFile(join(dir, file), 'utf8'))
  assert.deepEqual(await Promise.all(texts), ['1\n2\n', '3\n4\n'])
})

test('rotate while writing fails loses nothing', async (t) => {
  const dir = await temporaryDirectory(t)
  const files = new FaultyFiles()
  const { journal } = openJournal(t, { dir }, Date.now, files.driver)
  journal.append('1\n')
  await journal.flush(1000)
  files.fail('EIO', 'write', 'writeSync')
  journal.append('2\n')
  journal.rotate()
  journal.append('3\n')
  files.fail(undefined, 'write', 'writeSync')
  await journal.flush(5000)
  assert.deepEqual(await linesOnDisk(dir), ['1', '2', '3'])
  assertAccounted(journal)
})

for (const [meanwhile, jump] of [
  ['nothing else happens', 0],
  ['midnight passes', 24 * HOUR],
] as const) {
  // The lines went to the old segment, and the new one kept the number that the first of them had been given;
  // or there were two files of one number, of which a reader sees but one.
  test(`a synchronous flush while the next segment is being opened, and ${meanwhile}: one file, right numbers`, async (t) => {
    const dir = await temporaryDirectory(t)
    let now = Date.UTC(2026, 10, 21, 12)
    // The file is there long before its opener is told.
    const open: FileDriver['open'] = (path, flags, done) =>
      nodeFiles.open(path, flags, (error, fd) => setTimeout(done, 100, error, fd))
    const options = { dir, rotate: { maxBytes: 4096, zone: 'utc' } } as const
    const { journal } = openJournal(t, options, () => now, { ...nodeFiles, open })
    const lines = numbered(25)
    for (const line of lines.slice(0, 19)) journal.append(`${line}\n`)
    await journal.flush(1000)
    for (const line of lines.slice(19, 22)) journal.append(`${line}\n`)
    await until(async () => (await segmentFiles(dir)).length === 2)
    now += jump
    journal.flushSync()
    for (const line of lines.slice(22)) journal.append(`${line}\n`)
    await journal.flush(1000)
    await journal.close(1000)
    const ordinals = (await segmentFiles(dir)).map((file) => Number(file.split('.')[2]))
    assert.deepEqual(ordinals, jump === 0 ? [0, 19] : [0, 19, 22])
    assert.deepEqual(await linesOnDisk(dir), lines)
  })
}

test('hourly segments are named with the hour; the next owner goes on in that of this hour only', async (t) => {
  const dir = await temporaryDirectory(t)
  let now = Date.UTC(2026, 10, 21, 22, 59)
  const options = { dir, rotate: { every: 'hour', zone: 'utc' } } as const
  const { journal } = openJournal(t, options, () => now)
  for (const minutes of [0, 1, 60, 30]) {
    now += minutes * 60_000
    journal.append(`${minutes}\n`)
    await journal.flush(1000)
  }
  await journal.close(1000)
  const { journal: next } = openJournal(t, options, () => now)
  next.append('same hour\n')
  await next.close(1000)
  now += HOUR
  const { journal: later } = openJournal(t, options, () => now)
  later.append('later\n')
  await later.close(1000)
  assert.deepEqual(await segmentFiles(dir), [
    'shop.0.000000000000000.2026112122.log',
    'shop.0.000000000000001.2026112123.log',
    'shop.0.000000000000002.2026112200.log',
    'shop.0.000000000000005.2026112201.log',
  ])
})

test("without 'every' periods only the size rotates, also for the next owner", async (t) => {
  const dir = await temporaryDirectory(t)
  let now = Date.UTC(2026, 10, 21)
  for (let day = 0; day < 3; day++) {
    const { journal } = openJournal(t, { dir, rotate: { every: 'never', zone: 'utc' } }, () => now)
    journal.append(`${day}\n`)
    now += 24 * HOUR
    await journal.flush(1000)
    journal.append(`${day} later\n`)
    await journal.close(1000)
  }
  assert.deepEqual(await segmentFiles(dir), ['shop.0.000000000000000.20261121.log'])
})

for (const [what, jumps, names] of [
  ['back an hour', [0, -HOUR, HOUR], ['2026112112', '2026112111', '2026112112']],
  ['forward a day and back', [0, 24 * HOUR, -24 * HOUR], ['2026112112', '2026112212', '2026112112']],
] as const) {
  test(`a clock that jumps ${what}: names tell the hour, order and ordinals hold`, async (t) => {
    const dir = await temporaryDirectory(t)
    let now = Date.UTC(2026, 10, 21, 12, 10)
    const { journal } = openJournal(t, { dir, rotate: { every: 'hour', zone: 'utc' } }, () => now)
    const lines = numbered(30)
    for (const [index, line] of lines.entries()) {
      if (index % 10 === 0) now += jumps[index / 10] ?? 0
      journal.append(`${line}\n`)
      await journal.flush(1000)
    }
    assert.deepEqual(
      await segmentFiles(dir),
      names.map((name, index) => `shop.0.${String(index * 10).padStart(15, '0')}.${name}.log`),
    )
    assert.deepEqual(await linesOnDisk(dir), lines)
  })
}
