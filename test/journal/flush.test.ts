import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as tick, setTimeout as delay } from 'node:timers/promises'
import { LogflumeError } from '../../src/errors.ts'
import { nodeFiles, type FileDriver } from '../../src/journal/file-driver.ts'
import { readJournalOptions } from '../../src/journal/options.ts'
import { OptionReader } from '../../src/options.ts'
import {
  assertAccounted,
  linesOnDisk,
  numbered,
  openFaultyJournal,
  openJournal,
  segmentFiles,
  temporaryDirectory,
  until,
  type TestJournal,
} from './open-journal.ts'

for (const [option, value, expected] of [
  ['flush', 'always', /^flush: expected one of tick, line, async, got "always"/],
  ['fsync', 0, /^fsync: expected 'never', 'write' or milliseconds from 1 to 3600000, got 0/],
  ['fsync', 2.5, /^fsync: expected/],
  ['fsync', 'always', /^fsync: expected/],
  ['fsync', true, /^fsync: expected/],
  ['rotate', { every: 'week' }, /^rotate\.every: expected one of day, hour, never, got "week"/],
  ['rotate', { onSighup: 1 }, /^rotate\.onSighup: expected true or false, got 1/],
  ['rotate', { daily: true }, /^rotate\.daily: no such option/],
] as const) {
  test(`the option ${option} refuses ${JSON.stringify(value)} and says what it wants`, () => {
    const read = (): unknown => readJournalOptions(new OptionReader('options', { [option]: value }), 'shop')
    assert.throws(read, (error) => error instanceof LogflumeError && expected.test(error.message))
  })
}

test("flush 'line': each line is with the kernel before its call returns", async (t) => {
  const { dir, journal } = await openFaultyJournal(t, { flush: 'line' })
  const path = join(dir, journal.stats().file)
  for (const [index, line] of numbered(20).entries()) {
    journal.append(`${line}\n`)
    assert.equal(readFileSync(path, 'utf8').split('\n').length - 1, index + 1)
  }
  assertAccounted(journal)
})

test("flush 'tick': when the tick is over, its lines are with the kernel, also those that began a segment", async (t) => {
  const { dir, journal, diagnostics } = await openFaultyJournal(t, { rotate: { maxBytes: 100_000 } })
  const lines = numbered(2000)
  for (let from = 0; from < lines.length; from += 500) {
    for (const line of lines.slice(from, from + 500)) journal.append(`${line}\n`)
    await tick()
    if (diagnostics.some(({ message }) => message.includes('not waited for'))) continue // A busy machine.
    const found = (await segmentFiles(dir)).map((file) => readFileSync(join(dir, file), 'latin1')).join('')
    assert.equal(found.split('\n').length - 1, from + 500)
  }
  await journal.flush(5000)
  assert.deepEqual(await linesOnDisk(dir), lines)
  assert.ok(journal.stats().rotations >= 3)
})

test("flush 'async': no write holds the thread", async (t) => {
  const { dir, files, journal } = await openFaultyJournal(t, {
    flush: 'async',
    rotate: { maxBytes: 100_000 },
  })
  const lines = numbered(1000)
  for (const [index, line] of lines.entries()) {
    journal.append(`${line}\n`)
    if (index % 200 === 0) await tick()
  }
  await journal.flush(5000)
  assert.equal(files.count('writeSync'), 0)
  assert.deepEqual(await linesOnDisk(dir), lines)
})

test("flush 'tick': a disk that was slow is not waited for again, and that is told", async (t) => {
  const dir = await temporaryDirectory(t)
  const calls: string[] = []
  const files: FileDriver = {
    ...nodeFiles,
    writeSync: (...args) => {
      calls.push('writeSync')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)
      return nodeFiles.writeSync(...args)
    },
    write: (...args) => {
      calls.push('write')
      nodeFiles.write(...args)
    },
  }
  const { journal, diagnostics } = openJournal(t, { dir }, Date.now, files)
  for (const line of ['a', 'b', 'c']) {
    journal.append(`${line}\n`)
    await tick()
    await until(() => journal.stats().bufferedBytes === 0)
  }
  assert.deepEqual(calls, ['writeSync', 'write', 'write'])
  assert.match(diagnostics[0]?.message ?? '', /a write took \d+ ms, the next ones are not waited for/)
  assert.deepEqual(await linesOnDisk(dir), ['a', 'b', 'c'])
})

test("flush 'line' on a disk that fails: the calls do not try again each, and nothing is lost", async (t) => {
  const { dir, files, journal } = await openFaultyJournal(t, { flush: 'line' })
  files.fail('ENOSPC', 'write', 'writeSync')
  const lines = numbered(200)
  for (const line of lines) journal.append(`${line}\n`)
  assert.ok(files.count('writeSync') < 5, `${files.count('writeSync')} tries for 200 lines`)
  files.fail(undefined, 'write', 'writeSync')
  await journal.flush(5000)
  assert.deepEqual(await linesOnDisk(dir), lines)
  assertAccounted(journal)
})

test("fsync 'never' never syncs", async (t) => {
  const { files, journal } = await openFaultyJournal(t)
  journal.append('a\n')
  journal.flushSync()
  journal.append('b\n')
  await journal.close(1000)
  assert.equal(files.count('fdatasync') + files.count('fdatasyncSync'), 0)
})

test("fsync 'write': a line counts as on disk when it is synced, not before", async (t) => {
  const { dir, files, journal } = await openFaultyJournal(t, { fsync: 'write' })
  files.fail('EIO', 'fdatasync')
  journal.append('a\n')
  await until(() => files.count('fdatasync') >= 2)
  assert.equal(journal.stats().onDisk, 0)
  assert.match(journal.stats().error ?? '', /EIO/)
  files.fail(undefined, 'fdatasync')
  await journal.flush(5000)
  assert.equal(journal.stats().onDisk, 1)
  assert.equal(journal.stats().error, undefined)
  assert.deepEqual(await linesOnDisk(dir), ['a'])
  journal.append('b\n')
  journal.flushSync()
  assert.equal(files.calls.at(-1), 'fdatasyncSync')
})

test('fsync every N ms: one sync for all writes of that time, and none while nothing is new', async (t) => {
  const { files, journal } = await openFaultyJournal(t, { fsync: 30 })
  for (let n = 0; n < 10; n++) {
    journal.append(`${n}\n`)
    await journal.flush(1000)
  }
  await until(() => files.count('fdatasync') > 0)
  const syncs = files.count('fdatasync')
  assert.ok(syncs <= 3, `${syncs} syncs for 10 writes`)
  await delay(150)
  assert.ok(files.count('fdatasync') <= syncs + 1)
  const idle = files.count('fdatasync')
  await delay(100)
  assert.equal(files.count('fdatasync'), idle)
})

test('fsync every N ms: a failed sync is told and tried again', async (t) => {
  const { files, journal, diagnostics } = await openFaultyJournal(t, { fsync: 10 })
  files.fail('EIO', 'fdatasync')
  journal.append('a\n')
  await until(() => files.count('fdatasync') >= 2)
  assert.ok(diagnostics.some(({ message }) => message.includes('EIO')))
  files.fail(undefined, 'fdatasync')
  const before = files.count('fdatasync')
  await until(() => files.count('fdatasync') > before)
})

for (const [what, act] of [
  ['a synchronous flush', (journal: TestJournal['journal']) => journal.flushSync()],
  ['the end of the process', (journal: TestJournal['journal']) => journal.writeThrough()],
] as const) {
  test(`fsync every N ms: ${what} syncs at once`, async (t) => {
    const { files, journal } = await openFaultyJournal(t, { fsync: 60_000 })
    journal.append('a\n')
    act(journal)
    assert.equal(files.count('fdatasyncSync'), 1)
    act(journal)
    assert.equal(files.count('fdatasyncSync'), 1)
  })
}

test('fsync every N ms: a rotated segment and a closed one are synced before their descriptors close', async (t) => {
  const { files, journal } = await openFaultyJournal(t, { fsync: 60_000, rotate: { maxBytes: 4096 } })
  for (const line of numbered(30)) {
    journal.append(`${line}\n`)
    await journal.flush(1000)
  }
  await journal.close(1000)
  const rotations = journal.stats().rotations
  assert.ok(rotations > 0)
  const ends = files.calls.filter((call) => call === 'close' || call.startsWith('fdatasync'))
  assert.equal(ends.filter((call) => call === 'close').length, rotations + 1)
  // Two may end at once, so it is by their numbers.
  let unclosed = 0
  for (const call of ends) {
    unclosed += call === 'close' ? -1 : 1
    assert.ok(unclosed >= 0, ends.join())
  }
})
