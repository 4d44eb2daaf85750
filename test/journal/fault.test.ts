import assert from 'node:assert/strict'
import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { mkdtemp, open as openFile, readFile, readlink, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import { nodeFiles, type FileDriver } from '../../src/journal/file-driver.ts'
import { FaultyFiles } from './faulty-files.ts'
import {
  assertAccounted,
  linesOnDisk,
  numbered,
  openFaultyJournal,
  openJournal,
  segmentFiles,
  temporaryDirectory,
  until,
} from './open-journal.ts'

const WRITES = ['write', 'writeSync'] as const
const OPENS = ['open', 'openSync'] as const

for (const [code, calls] of [
  ['ENOSPC', WRITES],
  ['EIO', WRITES],
  ['EROFS', WRITES],
  ['nothing', WRITES],
  ['EMFILE', OPENS],
  ['EACCES', OPENS],
  ['EROFS', [...OPENS, ...WRITES]],
  ['ENOSPC', ['mkdir', 'mkdirSync']],
  ['EIO', ['stat', 'statSync', ...WRITES]],
] as const) {
  for (const flush of ['tick', 'async'] as const)
    test(`flush '${flush}', ${code} from ${calls.join(', ')}: calls go on, lines wait, all are written when it is over`, async (t) => {
      const { dir, files, journal, diagnostics } = await openFaultyJournal(t, {
        flush,
        rotate: { maxBytes: 20_000 },
      })
      const lines = numbered(900)
      for (const [index, line] of lines.entries()) {
        if (index === 300) files.fail(code, ...calls)
        if (index === 600) {
          await until(() => journal.stats().error !== undefined)
          assertAccounted(journal)
          files.fail(undefined, ...calls)
        }
        journal.append(`${line}\n`)
        if (index % 30 === 0) await tick()
        if (index % 170 === 0) journal.flushSync()
      }
      await journal.flush(10_000)
      assertAccounted(journal)
      assert.deepEqual(await linesOnDisk(dir), lines)
      assert.equal(journal.stats().lostTotal, 0)
      assert.equal(journal.stats().error, undefined)
      assert.ok(diagnostics.some(({ message }) => message.endsWith('writing works again')))
    })
}

for (const [flush, call] of [
  ['tick', 'writeSync'],
  ['async', 'write'],
] as const)
  test(`flush '${flush}': short writes lose and double nothing, also where one of them is followed by an error`, async (t) => {
    const { dir, files, journal } = await openFaultyJournal(t, { flush, rotate: { maxBytes: 20_000 } })
    files.fail('short', ...WRITES)
    const lines = numbered(1000)
    for (const [index, line] of lines.entries()) {
      journal.append(`${line}\n`)
      if (index % 40 === 0) await tick()
      if (index % 90 === 0) journal.flushSync()
      if (index % 100 === 50) {
        await until(() => files.count(call) > 0)
        files.fail('EIO', ...WRITES)
        await tick()
        files.fail('short', ...WRITES)
      }
    }
    await journal.flush(10_000)
    assertAccounted(journal)
    assert.deepEqual(await linesOnDisk(dir), lines)
  })

test('a line that a short write brought to the disk stays there, also where a synchronous write fails next', async (t) => {
  const dir = await temporaryDirectory(t)
  const full = Object.assign(new Error('ENOSPC: injected'), { code: 'ENOSPC' })
  let writes = 0
  const files: FileDriver = {
    ...nodeFiles,
    write: (fd, bytes, from, _length, position, done) => {
      // The first line and a bit of the second, which a reader may have seen; then nothing more.
      if (++writes === 1) nodeFiles.write(fd, bytes, from, 4, position, done)
      else setTimeout(done, 20, full, 0)
    },
    writeSync: () => {
      throw full
    },
  }
  const { journal } = openJournal(t, { dir, flush: 'async' }, Date.now, files)
  journal.append('1\n')
  journal.append('2222\n')
  await until(() => writes === 2)
  journal.flushSync()
  await journal.close(100)
  assert.deepEqual(journal.stats().lost, { 'disk failed': 1 })
  assert.deepEqual(await linesOnDisk(dir), ['1'])
})

test('a disk that answers late: calls return, memory is bounded to the byte, every line too many is counted', async (t) => {
  const { dir, files, journal } = await openFaultyJournal(t, { flush: 'async', maxBufferBytes: 65_536 })
  files.hold()
  journal.append('first\n')
  await until(() => files.held === 1)
  await isSlow()
  journal.append('second\n')
  await tick()
  const line = `${'x'.repeat(99)}\n`
  const room = Math.floor((65_536 - 'first\n'.length - 'second\n'.length) / line.length)
  for (let n = 0; n < room + 7; n++) {
    journal.append(line)
    assert.ok(journal.stats().bufferedBytes <= 65_536)
  }
  assert.deepEqual(journal.stats().lost, { 'disk too slow': 7 })
  // What is left of the room is for a line that fits exactly, and for none that is a byte longer.
  const rest = 65_536 - journal.stats().bufferedBytes
  journal.append(`${'y'.repeat(rest)}\n`)
  assert.equal(journal.stats().lostTotal, 8)
  journal.append(`${'z'.repeat(rest - 1)}\n`)
  assert.equal(journal.stats().lostTotal, 8)
  assert.equal(journal.stats().bufferedBytes, 65_536)
  assertAccounted(journal)
  files.answer()
  await journal.flush(5000)
  assertAccounted(journal)
  const expected = ['first', 'second', ...Array<string>(room).fill(line.trimEnd()), 'z'.repeat(rest - 1)]
  assert.deepEqual(await linesOnDisk(dir), expected)
  journal.append('after\n')
  await journal.flush(5000)
  assert.equal(journal.stats().lostTotal, 8)
})

test('a line larger than all of the memory is written where it is alone, and counted where it is not', async (t) => {
  const { dir, files, journal } = await openFaultyJournal(t, { flush: 'async', maxBufferBytes: 65_536 })
  const large = 'x'.repeat(100_000)
  journal.append(`${large}\n`)
  await journal.flush(5000)
  files.hold()
  journal.append('small\n')
  await until(() => files.held === 1)
  await isSlow()
  await tick()
  journal.append(`${large}\n`)
  assert.deepEqual(journal.stats().lost, { 'disk too slow': 1 })
  files.answer()
  await journal.flush(5000)
  assert.deepEqual(await linesOnDisk(dir), [large, 'small'])
})

test('the end of a close does not wait for a dead disk; the slot stays taken until that has answered', async (t) => {
  const { dir, files, journal } = await openFaultyJournal(t, { flush: 'async' })
  files.hold()
  journal.append('a\n')
  await until(() => files.held === 1)
  const startedAt = performance.now()
  await journal.close(200)
  assert.ok(performance.now() - startedAt < 2000)
  assert.deepEqual(journal.stats().lost, { 'disk too slow': 1 })
  const { journal: beside } = openJournal(t, { dir })
  assert.equal(beside.slot, 1)
  await beside.close(1000)
  files.answer()
  await until(() => files.count('close') === 1)
  await until(async () => (await readFile(join(dir, '.logflume', 'shop.0.lock.1'), 'utf8')) === 'released')
  // It was counted as lost, so it is not there.
  assert.deepEqual(await linesOnDisk(dir), [])
})

for (const [what, remove] of [
  ['its segment', (dir: string, file: string) => rm(join(dir, file))],
  ['its directory', (dir: string) => rm(dir, { recursive: true })],
] as const) {
  test(`somebody deletes ${what}: what was written since the last look is in the next segment`, async (t) => {
    const { dir, journal, diagnostics, files } = await openFaultyJournal(t)
    const lines = numbered(60)
    for (const line of lines.slice(0, 20)) journal.append(`${line}\n`)
    await journal.flush(1000)
    await until(() => files.count('stat') > 0) // It was seen in its place, with 20 lines.
    for (const line of lines.slice(20, 40)) journal.append(`${line}\n`)
    await journal.flush(1000)
    await remove(dir, journal.stats().file)
    for (const line of lines.slice(40)) journal.append(`${line}\n`)
    await until(async () => (await segmentFiles(dir).catch(() => [])).length === 1, 3000)
    await journal.flush(1000)
    assertAccounted(journal)
    assert.deepEqual(await linesOnDisk(dir), lines.slice(20))
    const [file = ''] = await segmentFiles(dir)
    assert.equal(Number(file.split('.')[2]), 20)
    assert.equal(await readlink(join(dir, 'shop.log')), file)
    assert.ok(diagnostics.some(({ message }) => message.includes('was deleted or moved')))
    journal.append('after\n')
    await journal.close(1000)
    assert.deepEqual(await linesOnDisk(dir), [...lines.slice(20), 'after'])
  })
}

test('somebody moves the directory: what was written is there, the rest in a new one, nothing twice', async (t) => {
  const { dir, journal } = await openFaultyJournal(t)
  const lines = numbered(60)
  for (const line of lines.slice(0, 20)) journal.append(`${line}\n`)
  await journal.flush(1000)
  const moved = `${dir}.moved`
  t.after(() => rm(moved, { recursive: true, force: true }))
  await rename(dir, moved)
  for (const line of lines.slice(20, 40)) journal.append(`${line}\n`)
  await until(
    () =>
      stat(dir).then(
        () => true,
        () => false,
      ),
    3000,
  )
  for (const line of lines.slice(40)) journal.append(`${line}\n`)
  await journal.flush(1000)
  assertAccounted(journal)
  assert.deepEqual([...(await linesOnDisk(moved)), ...(await linesOnDisk(dir))], lines)
})

test('a fatal line is not left in a deleted file, and neither is the last one of the process', async (t) => {
  const { dir, journal, files } = await openFaultyJournal(t)
  journal.append('1\n')
  await journal.flush(1000)
  await until(() => files.count('stat') > 0)
  await rm(join(dir, journal.stats().file))
  await new Promise((resolve) => setTimeout(resolve, 1000))
  journal.append('2\n')
  journal.flushSync()
  assert.deepEqual(await linesOnDisk(dir), ['2'])
  await rm(join(dir, journal.stats().file))
  journal.append('3\n')
  journal.writeThrough()
  // The second was seen in its place: whoever deleted that file deleted it.
  assert.deepEqual(await linesOnDisk(dir), ['3'])
  assertAccounted(journal)
})

test('a directory that was removed as a whole does not come back for the end of the process', async (t) => {
  const { dir, journal } = await openFaultyJournal(t)
  journal.append('1\n')
  await journal.flush(1000)
  await rm(dir, { recursive: true })
  journal.append('2\n')
  await journal.close(1000)
  assert.deepEqual(journal.stats().lost, { 'segment deleted': 2 })
  assertAccounted(journal)
  await assert.rejects(stat(dir), { code: 'ENOENT' })
})

test('a deleted segment that cannot be read any more: its last lines are counted, later ones are written', async (t) => {
  const { dir, journal, files } = await openFaultyJournal(t)
  journal.append('1\n')
  await journal.flush(1000)
  await rm(join(dir, journal.stats().file))
  files.fail('ESTALE', 'readSync')
  journal.append('2\n')
  await journal.flush(1000)
  await until(() => journal.stats().lostTotal > 0, 4000)
  journal.append('3\n')
  await journal.flush(5000)
  assertAccounted(journal)
  assert.deepEqual(journal.stats().lost, { 'segment deleted': 2 })
  assert.deepEqual(await linesOnDisk(dir), ['3'])
})

test('a full disk: lines wait, then are counted, and it heals by itself when there is room again', async (t) => {
  const { dir, files, fill, free } = await smallDisk(t)
  const options = { dir, maxBufferBytes: 100_000, rotate: { maxBytes: 60_000 } }
  const { journal } = openJournal(t, options, Date.now, files)
  const lines = numbered(4000)
  for (const [index, line] of lines.entries()) {
    if (index === 1000) await fill()
    if (index === 2500) {
      assert.match(journal.stats().error ?? '', /ENOSPC/)
      assert.ok((journal.stats().lost['disk failed'] ?? 0) > 500)
      assertAccounted(journal)
      await free()
      await until(() => journal.stats().error === undefined)
    }
    journal.append(`${line}\n`)
    if (index % 50 === 0) await tick()
    if (index < 1000 && index % 100 === 0) await journal.flush(1000)
    assert.ok(journal.stats().bufferedBytes <= 100_000)
  }
  await journal.flush(5000)
  assertAccounted(journal)
  const { onDisk, lostTotal } = journal.stats()
  const expected = [...lines.slice(0, onDisk - 1500), ...lines.slice(2500)]
  assert.deepEqual(await linesOnDisk(dir), expected)
  assert.equal(lostTotal, 2500 - (onDisk - 1500))
})

/** The loop turns for so long that what the disk has not answered by then is its own fault. */
async function isSlow(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 200))
}

interface SmallDisk {
  readonly dir: string
  readonly files: FileDriver
  readonly fill: () => Promise<void>
  readonly free: () => Promise<void>
}

/** A file system of 1 MiB. Only root can mount one, and only on Linux; for others it is errors that are injected. */
async function smallDisk(t: TestContext): Promise<SmallDisk> {
  const dir = await mkdtemp(join(tmpdir(), 'logflume-disk-'))
  const mounted = run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir)
  t.after(async () => {
    // Lazily: the journal in it closes after this.
    if (mounted.status === 0) run('umount', '-l', dir)
    await rm(dir, { recursive: true })
  })
  if (mounted.status !== 0) {
    t.diagnostic(`no disk of 1 MiB to fill (${mounted.error?.message ?? mounted.stderr}): ENOSPC is injected`)
    const faulty = new FaultyFiles()
    const set = (code?: string): Promise<void> => {
      faulty.fail(code, ...WRITES, ...OPENS)
      return Promise.resolve()
    }
    return { dir, files: faulty.driver, fill: () => set('ENOSPC'), free: () => set() }
  }
  const ballast = join(dir, 'ballast')
  const fill = async (): Promise<void> => {
    const file = await openFile(ballast, 'w')
    try {
      for (;;) await file.write(Buffer.alloc(4096))
    } catch (thrown) {
      assert.equal((thrown as NodeJS.ErrnoException).code, 'ENOSPC')
    } finally {
      await file.close()
    }
  }
  return { dir, files: nodeFiles, fill, free: () => rm(ballast) }
}

function run(command: string, ...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(command, args, { encoding: 'utf8' })
}
