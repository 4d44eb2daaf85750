import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { compressClosed } from '../../src/journal/compress.ts'
import { JournalReader } from '../../src/journal/reader.ts'
import { hasZstd } from '../../src/journal/segment-content.ts'
import { parseSegments, segmentFile } from '../../src/journal/segment.ts'
import { readdir } from 'node:fs/promises'
import { numbered, temporaryDirectory } from './open-journal.ts'

const never = new AbortController().signal
const PER_SEGMENT = 2000

/** Four segments of numbered lines, the last one being written. */
async function fourSegments(t: TestContext): Promise<{ dir: string; files: string[]; lines: string[] }> {
  const dir = await temporaryDirectory(t)
  const lines = numbered(4 * PER_SEGMENT)
  const files: string[] = []
  for (let index = 0; index < 4; index++) {
    const file = segmentFile('shop', 0, index * PER_SEGMENT, '20261121')
    await writeFile(
      join(dir, file),
      `${lines.slice(index * PER_SEGMENT, (index + 1) * PER_SEGMENT).join('\n')}\n`,
    )
    files.push(file)
  }
  const { mkdir } = await import('node:fs/promises')
  await mkdir(join(dir, '.logflume'))
  return { dir, files, lines }
}

const journal = (dir: string) => ({ dir, name: 'shop', slot: 0 })
const names = async (dir: string): Promise<string[]> =>
  parseSegments('shop', await readdir(dir)).map(({ file }) => file)

async function readFrom(reader: JournalReader): Promise<string[]> {
  const lines: string[] = []
  for (let block = await reader.read(10_000); block !== undefined; block = await reader.read(10_000)) {
    lines.push(...block.bytes.toString().slice(0, -1).split('\n'))
  }
  return lines
}

for (const compression of hasZstd ? (['gz', 'zst'] as const) : (['gz'] as const)) {
  test(`closed segments whose lines are settled are compressed by ${compression}, and read the same`, async (t) => {
    const { dir, files, lines } = await fourSegments(t)
    const plain = await readFile(join(dir, files[0]!))
    const longAgo = new Date(1_700_000_000_000)
    await utimes(join(dir, files[0]!), longAgo, longAgo)
    const settled = 2 * PER_SEGMENT + 1
    assert.equal(await compressClosed(journal(dir), compression, () => settled, never), 2)
    assert.deepEqual(await names(dir), [
      `${files[0]!}.${compression}`,
      `${files[1]!}.${compression}`,
      files[2],
      files[3],
    ])
    const { size, mtime } = await stat(join(dir, `${files[0]!}.${compression}`))
    assert.ok(size < plain.length / 4)
    assert.deepEqual(mtime, longAgo)
    assert.equal(await compressClosed(journal(dir), compression, () => settled, never), 0)
    const reader = await JournalReader.open(journal(dir))
    t.after(() => reader.close())
    assert.deepEqual(await readFrom(reader), lines)
    assert.deepEqual(reader.lost, {})
  })
}

test('zcat reads a compressed segment', async (t) => {
  const { dir, files, lines } = await fourSegments(t)
  await compressClosed(journal(dir), 'gz', () => Infinity, never)
  const { stdout } = await promisify(execFile)('zcat', [join(dir, `${files[1]!}.gz`)], { maxBuffer: 1e8 })
  assert.deepEqual(stdout.slice(0, -1).split('\n'), lines.slice(PER_SEGMENT, 2 * PER_SEGMENT))
})

test('reading goes on in the middle of a segment that was compressed meanwhile, and back again', async (t) => {
  const { dir, lines } = await fourSegments(t)
  const before = await JournalReader.open(journal(dir))
  for (let count = 0; count < 20; count++) await before.read(10_000)
  const { position } = before
  await compressClosed(journal(dir), 'gz', () => Infinity, never)
  assert.deepEqual(await readFrom(before), lines.slice(position.ordinal), 'an open reader')
  await before.seek(position)
  t.after(() => before.close())
  assert.deepEqual(await readFrom(before), lines.slice(position.ordinal), 'a reader that opens it again')
})

test('a truncated, damaged or empty compressed segment costs its own lines, which are counted', async (t) => {
  for (const damage of ['truncated', 'damaged', 'empty'] as const) {
    const { dir, files, lines } = await fourSegments(t)
    await compressClosed(journal(dir), 'gz', () => PER_SEGMENT * 2, never)
    const path = join(dir, `${files[1]!}.gz`)
    if (damage === 'empty') await writeFile(path, '')
    if (damage === 'truncated') await truncate(path, Math.floor((await stat(path)).size / 2))
    if (damage === 'damaged') {
      const bytes = await readFile(path)
      bytes.fill(0xff, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 100)
      await writeFile(path, bytes)
    }
    const reader = await JournalReader.open(journal(dir))
    t.after(() => reader.close())
    const read = await readFrom(reader)
    const lost = Object.values(reader.lost).reduce((sum, count) => sum + count, 0)
    assert.ok(lost > 0, damage)
    assert.equal(read.length + lost, lines.length, damage)
    assert.deepEqual(read.slice(0, PER_SEGMENT), lines.slice(0, PER_SEGMENT), damage)
    assert.deepEqual(read.slice(-2 * PER_SEGMENT), lines.slice(-2 * PER_SEGMENT), damage)
  }
})

test('several gzip members in one file are one segment', async (t) => {
  const { dir, files, lines } = await fourSegments(t)
  const text = await readFile(join(dir, files[0]!), 'utf8')
  const half = text.indexOf('\n', text.length / 2) + 1
  await writeFile(
    join(dir, `${files[0]!}.gz`),
    Buffer.concat([gzipSync(text.slice(0, half)), gzipSync(text.slice(half))]),
  )
  const { rm } = await import('node:fs/promises')
  await rm(join(dir, files[0]!))
  const reader = await JournalReader.open(journal(dir))
  t.after(() => reader.close())
  assert.deepEqual(await readFrom(reader), lines)
})
