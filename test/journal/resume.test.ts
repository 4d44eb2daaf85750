import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { LogflumeError } from '../../src/errors.ts'
import { JournalReader } from '../../src/journal/reader.ts'
import { segmentFile } from '../../src/journal/segment.ts'
import { linesOnDisk, openJournal, segmentFiles, temporaryDirectory } from './open-journal.ts'

const noon = Date.UTC(2026, 10, 21, 12)
const options = (dir: string) => ({ dir, rotate: { zone: 'utc' } }) as const
const first = segmentFile('shop', 0, 0, '20261121')

for (const [content, lines, torn] of [
  ['', ['new'], 0],
  ['\n', ['', 'new'], 0],
  ['x', ['new'], 1],
  ['a\n\0\0\0\0', ['a', 'new'], 1],
  ['\0', ['new'], 1],
] as const) {
  test(`a last segment with ${JSON.stringify(content)} in it is gone on with`, async (t) => {
    const dir = await temporaryDirectory(t)
    await writeFile(join(dir, first), content)
    const { journal } = openJournal(t, options(dir), () => noon)
    assert.equal(journal.stats().torn, torn)
    journal.append('new\n')
    await journal.close(1000)
    assert.deepEqual(await segmentFiles(dir), [first])
    assert.deepEqual(await linesOnDisk(dir), lines)
  })
}

test('an empty segment of yesterday becomes that of today: a reader may have it open already', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeFile(join(dir, segmentFile('shop', 0, 0, '20261120')), '')
  const reader = await JournalReader.open({ dir, name: 'shop', slot: 0 })
  t.after(() => reader.close())
  assert.equal(await reader.read(100), undefined)
  const { journal } = openJournal(t, options(dir), () => noon)
  journal.append('new\n')
  await journal.close(1000)
  assert.equal((await reader.read(100))?.bytes.toString(), 'new\n')
  assert.deepEqual(await segmentFiles(dir), [first])
  assert.equal(journal.stats().segments, 1)
})

test('behind a compressed segment a new one begins, with the ordinal behind its lines', async (t) => {
  const dir = await temporaryDirectory(t)
  // Two members, as `cat a.gz b.gz` makes them.
  await writeFile(join(dir, `${first}.gz`), Buffer.concat([gzipSync('a\nb\n'), gzipSync('c\n')]))
  const { journal } = openJournal(t, options(dir), () => noon)
  assert.equal(journal.end.ordinal, 3)
  journal.append('new\n')
  await journal.close(1000)
  assert.deepEqual(await segmentFiles(dir), [segmentFile('shop', 0, 3, '20261121')])
  assert.deepEqual(await linesOnDisk(dir), ['new'])
})

test('of a last segment that is there plain and compressed the plain one is gone on with', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeFile(join(dir, first), 'a\nb\n')
  await writeFile(join(dir, `${first}.gz`), gzipSync('a\nb\n'))
  const { journal } = openJournal(t, options(dir), () => noon)
  journal.append('new\n')
  await journal.close(1000)
  assert.deepEqual(await segmentFiles(dir), [first])
  assert.deepEqual(await linesOnDisk(dir), ['a', 'b', 'new'])
})

test('a compressed last segment that is damaged is refused by its name, and the slot is free again', async (t) => {
  const dir = await temporaryDirectory(t)
  const file = join(dir, `${first}.gz`)
  await writeFile(file, 'no gzip')
  assert.throws(
    () => openJournal(t, options(dir), () => noon),
    (error) => error instanceof LogflumeError && error.code === 'JOURNAL' && error.message.includes(file),
  )
  await rm(file)
  assert.equal(openJournal(t, options(dir), () => noon).journal.slot, 0)
})

test('a last segment that cannot be opened is a clear error, and the slot is free again', async (t) => {
  const dir = await temporaryDirectory(t)
  await mkdir(join(dir, first))
  assert.throws(() => openJournal(t, options(dir), () => noon), {
    code: 'JOURNAL',
    message: /^cannot open journal shop in .*EISDIR/,
  })
  await rm(join(dir, first), { recursive: true })
  assert.equal(openJournal(t, options(dir), () => noon).journal.slot, 0)
})

for (const blocked of ['.logflume', '.']) {
  test(`a file where the ${blocked === '.' ? 'journal' : 'state'} directory should be is a clear error at start`, async (t) => {
    const dir = join(await temporaryDirectory(t), 'logs')
    if (blocked !== '.') await mkdir(dir)
    await writeFile(join(dir, blocked === '.' ? '' : blocked).replace(/\/$/, ''), '')
    assert.throws(() => openJournal(t, options(dir), () => noon), {
      code: 'JOURNAL',
      message: /^cannot open journal shop in .*(EEXIST|ENOTDIR)/,
    })
  })
}

test('what a process left that died while it replaced the link does not add up', async (t) => {
  const dir = await temporaryDirectory(t)
  await mkdir(join(dir, '.logflume'))
  await symlink('nowhere', join(dir, '.logflume', 'shop.0.link.tmp'))
  const { journal } = openJournal(t, options(dir), () => noon)
  await journal.close(1000)
  const left = (await readdir(join(dir, '.logflume'))).filter((file) => file.endsWith('.tmp'))
  assert.deepEqual(left, [])
  assert.equal(await readFile(join(dir, 'shop.log'), 'utf8'), '')
})
