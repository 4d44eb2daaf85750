import assert from 'node:assert/strict'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { compressClosed } from '../../src/journal/compress.ts'
import { readJournal, type JournalLine } from '../../src/journal/read-journal.ts'
import type { ReadJournalOptions } from '../../src/journal/read-options.ts'
import { segmentFile } from '../../src/journal/segment.ts'
import { numbered, openJournal, segmentFiles, temporaryDirectory, until } from './open-journal.ts'

const never = new AbortController().signal

async function collect(options: ReadJournalOptions): Promise<JournalLine[]> {
  const lines: JournalLine[] = []
  for await (const line of readJournal(options)) lines.push(line)
  return lines
}

/** Segments of ten lines each, with the ordinals given. */
async function writeSegments(dir: string, slot: number, ordinals: readonly number[]): Promise<void> {
  for (const ordinal of ordinals)
    await writeFile(
      join(dir, segmentFile('shop', slot, ordinal, '20261121')),
      `${numbered(10, ordinal).join('\n')}\n`,
    )
}

test('all lines, in order, with their numbers, over plain and compressed segments', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeSegments(dir, 0, [0, 10, 20])
  await mkdir(join(dir, '.logflume'))
  await compressClosed({ dir, name: 'shop', slot: 0 }, 'gz', () => 20, never)
  const lines = await collect({ dir, name: 'shop' })
  assert.deepEqual(
    lines.map(({ line }) => line),
    numbered(30),
  )
  assert.deepEqual(
    lines.map(({ ordinal }) => ordinal),
    Array.from({ length: 30 }, (_, index) => index),
  )
  assert.ok(lines.every(({ missing, slot }) => missing === 0 && slot === 0))
})

test('in blocks it is the same bytes, and each block says where it is', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeSegments(dir, 0, [0, 10])
  const reading = readJournal({ dir, name: 'shop' })
  const blocks: string[] = []
  for await (const { bytes, lines, from, to } of reading.blocks()) {
    assert.equal(to.ordinal - from.ordinal, lines)
    assert.equal(to.offset - from.offset, bytes.length)
    blocks.push(bytes.toString())
    assert.deepEqual(reading.positions, [to])
  }
  assert.deepEqual(blocks.join('').split('\n').slice(0, -1), numbered(20))
})

test('the position of each line is where another reading goes on', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeSegments(dir, 0, [0, 10])
  const all = numbered(20)
  const lines = await collect({ dir, name: 'shop' })
  for (const { position, ordinal } of lines) {
    const rest = await collect({ dir, name: 'shop', from: position })
    assert.deepEqual(
      rest.map(({ line }) => line),
      all.slice(ordinal + 1),
    )
  }
})

test('a reading that is broken off says where it was, in each slot', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeSegments(dir, 0, [0])
  await writeSegments(dir, 3, [0])
  const first = readJournal({ dir, name: 'shop' })
  let count = 0
  for await (const { slot } of first) if (slot === 3 && ++count === 4) break
  const rest = await collect({ dir, name: 'shop', from: first.positions })
  assert.deepEqual(
    rest.map(({ slot, ordinal }) => [slot, ordinal]),
    [4, 5, 6, 7, 8, 9].map((ordinal) => [3, ordinal]),
  )
  await assert.rejects(async () => {
    for await (const line of first) assert.fail(line.line)
  }, /^LogflumeError: a reading is gone through once/)
})

test('one slot is read where it is asked for, all where not', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeSegments(dir, 0, [0])
  await writeSegments(dir, 1, [0])
  assert.deepEqual(new Set((await collect({ dir, name: 'shop' })).map(({ slot }) => slot)), new Set([0, 1]))
  const only = await collect({ dir, name: 'shop', slot: 1 })
  assert.ok(only.length === 10 && only.every(({ slot }) => slot === 1))
})

test('a deleted segment is told in front of the line that follows it, and counted', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeSegments(dir, 0, [0, 10, 25])
  const reading = readJournal({ dir, name: 'shop' })
  const missing: [number, number][] = []
  for await (const { ordinal, missing: gone } of reading) {
    if (ordinal === 5) await rm(join(dir, segmentFile('shop', 0, 10, '20261121')))
    if (gone > 0) missing.push([ordinal, gone])
  }
  assert.deepEqual(missing, [[25, 15]])
  assert.deepEqual(reading.lost, { 'deleted before it was read': 15 })
})

test('follow: lines come as they are written, over rotations and in new slots, until it is stopped', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir, rotate: { maxBytes: 4096 } })
  const stop = new AbortController()
  const lines = numbered(100)
  journal.append(`${lines[0]!}\n`)
  await journal.flush(1000)
  const seen: string[] = []
  let beside: ReturnType<typeof openJournal>['journal'] | undefined
  for await (const { line, slot, ordinal } of readJournal({
    dir,
    name: 'shop',
    follow: true,
    signal: stop.signal,
  })) {
    if (slot === 1) {
      assert.equal(line, 'another process')
      stop.abort()
      continue
    }
    seen.push(line)
    if (ordinal < 99) {
      journal.append(`${lines[ordinal + 1]!}\n`)
    } else {
      beside = openJournal(t, { dir }).journal
      beside.append('another process\n')
    }
  }
  assert.deepEqual(seen, lines)
  assert.ok((await segmentFiles(dir)).length > 3)
})

test("follow from 'latest': only what comes from now on, and a directory that is moved away is waited for", async (t) => {
  const dir = join(await temporaryDirectory(t), 'logs')
  const { journal } = openJournal(t, { dir })
  journal.append('old\n')
  await journal.flush(1000)
  const stop = new AbortController()
  const reading = readJournal({ dir, name: 'shop', from: 'latest', follow: true, signal: stop.signal })
  const seen: [string, number][] = []
  void until(() => reading.positions.length > 0).then(() => journal.append('new\n'))
  for await (const { line, ordinal } of reading) {
    seen.push([line, ordinal])
    if (line === 'new') {
      await rename(dir, `${dir}.moved`)
      journal.append('in the moved one\n')
    } else if (line === 'in the moved one') {
      // The writer has looked for its file after a second, and makes it anew.
      setTimeout(() => journal.append('in the new one\n'), 1200)
    } else stop.abort()
  }
  assert.deepEqual(seen, [
    ['new', 1],
    ['in the moved one', 2],
    ['in the new one', 3],
  ])
})

test('follow waits for a name that is not there yet; a signal ends that, too', async (t) => {
  const dir = await temporaryDirectory(t)
  const stop = new AbortController()
  setTimeout(() => void writeSegments(dir, 0, [0]), 20)
  let count = 0
  for await (const { ordinal } of readJournal({ dir, name: 'shop', follow: true, signal: stop.signal })) {
    assert.equal(ordinal, count)
    if (++count === 10) stop.abort()
  }
  assert.equal(count, 10)
  assert.deepEqual(await collect({ dir, name: 'other', follow: true, signal: AbortSignal.timeout(50) }), [])
  assert.deepEqual(await collect({ dir, name: 'shop', signal: AbortSignal.abort() }), [])
})

test('what is not there is told', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeSegments(dir, 0, [0])
  await writeSegments(dir, 2, [0])
  for (const [options, message] of [
    [{ dir: join(dir, 'none'), name: 'shop' }, /^there is no directory .*none$/],
    [{ dir: join(dir, 'none'), name: 'shop', follow: true }, /^there is no directory .*none$/],
    [{ dir, name: 'cart' }, /^there is no journal cart in .*; there are shop$/],
    [{ dir, name: 'shop', slot: 1 }, /^journal shop in .* has no slot 1; there are 0, 2$/],
  ] as const)
    await assert.rejects(collect(options), { name: 'LogflumeError', code: 'JOURNAL', message })
})

test('wrong options are refused at once', () => {
  const position = { slot: 0, segment: 0, offset: 0, ordinal: 0 }
  for (const [options, message] of [
    [undefined, /^options: expected an object, got undefined$/],
    [{ name: 'shop' }, /^dir: expected a non-empty string, got undefined$/],
    [{ dir: 'logs' }, /^name: expected a non-empty string, got undefined$/],
    [{ dir: 'logs', name: 'a/b' }, /^name: expected a name without slashes/],
    [{ dir: 'logs', name: 'a', slot: -1 }, /^slot: expected a whole number of at least 0, got -1/],
    [
      { dir: 'logs', name: 'a', from: 'newest' },
      /^from: expected 'earliest', 'latest', or positions .*got "newest"/,
    ],
    [{ dir: 'logs', name: 'a', from: { segment: 0, offset: 0 } }, /^from: expected 'earliest'/],
    [{ dir: 'logs', name: 'a', from: { ...position, offset: 0.5 } }, /^from: expected 'earliest'/],
    [{ dir: 'logs', name: 'a', from: [position, position] }, /^from: expected one position of each slot/],
    [{ dir: 'logs', name: 'a', slot: 1, from: position }, /^from: expected a position in slot 1/],
    [{ dir: 'logs', name: 'a', follow: 1 }, /^follow: expected true or false/],
    [{ dir: 'logs', name: 'a', signal: {} }, /^signal: expected an AbortSignal/],
    [{ dir: 'logs', name: 'a', tail: true }, /^tail: no such option/],
  ] as const)
    assert.throws(() => readJournal(options as unknown as ReadJournalOptions), {
      code: 'INVALID_OPTION',
      message,
    })
})
