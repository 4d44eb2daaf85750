import assert from 'node:assert/strict'
import { appendFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { JournalReader, listSlots } from '../../src/journal/reader.ts'
import { segmentFile } from '../../src/journal/segment.ts'
import { numbered, openJournal, segmentFiles, temporaryDirectory, until } from './open-journal.ts'

async function readAll(reader: JournalReader, maxBytes = 10_000): Promise<string[]> {
  const lines: string[] = []
  for (let block = await reader.read(maxBytes); block !== undefined; block = await reader.read(maxBytes)) {
    const text = block.bytes.toString()
    assert.ok(text.endsWith('\n'))
    const some = text.slice(0, -1).split('\n')
    assert.equal(block.lines, some.length)
    assert.equal(block.to.ordinal - block.from.ordinal, some.length)
    lines.push(...some)
  }
  return lines
}

test('what is written is read, in order, across rotations, while it is being written', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir, rotate: { maxBytes: 30_000 } })
  const reader = await JournalReader.open({ dir, name: 'shop', slot: 0 })
  t.after(() => reader.close())
  const lines = numbered(3000)
  const seen: string[] = []
  for (const [index, line] of lines.entries()) {
    journal.append(`${line}\n`)
    if (index % 40 === 0) await journal.flush(1000)
    if (index % 100 === 0) seen.push(...(await readAll(reader)))
  }
  await journal.flush(1000)
  seen.push(...(await readAll(reader)))
  assert.deepEqual(seen, lines)
  assert.equal(reader.position.ordinal, 3000)
  assert.deepEqual(reader.lost, {})
})

test('a half line is not taken before its end is there', async (t) => {
  const dir = await temporaryDirectory(t)
  const file = join(dir, segmentFile('shop', 0, 0, '20261121'))
  const reader = await JournalReader.open({ dir, name: 'shop', slot: 0 })
  t.after(() => reader.close())
  assert.equal(await reader.read(100), undefined)
  const line = Buffer.from('{"m":"größer €"}\n')
  for (const byte of line) {
    await appendFile(file, Buffer.of(byte))
    if (byte !== 10) assert.equal(await reader.read(100), undefined)
  }
  assert.deepEqual(await readAll(reader), ['{"m":"größer €"}'])
})

test('a line longer than a block is read whole, without its neighbours', async (t) => {
  const dir = await temporaryDirectory(t)
  const long = 'x'.repeat(100_000)
  await writeFile(join(dir, segmentFile('shop', 0, 0, '20261121')), `a\n${long}\nb\n`)
  const reader = await JournalReader.open({ dir, name: 'shop', slot: 0 })
  t.after(() => reader.close())
  const blocks: string[] = []
  for (let block = await reader.read(10); block !== undefined; block = await reader.read(10)) {
    blocks.push(block.bytes.toString())
  }
  assert.deepEqual(blocks, ['a\n', `${long}\n`, 'b\n'])
})

test('bytes without a newline for 16 MiB are damage: skipped, counted, and reading goes on behind', async (t) => {
  const dir = await temporaryDirectory(t)
  const damage = Buffer.alloc(17 * 1024 * 1024)
  await writeFile(
    join(dir, segmentFile('shop', 0, 0, '20261121')),
    Buffer.concat([damage, Buffer.from('\nafter\n')]),
  )
  const reader = await JournalReader.open({ dir, name: 'shop', slot: 0 })
  t.after(() => reader.close())
  assert.deepEqual(await readAll(reader), ['after'])
  assert.deepEqual(reader.lost, { 'line too long': 1 })
})

test('reading goes on from a position, also when its segment was deleted: what is missing is counted', async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir, rotate: { maxBytes: 20_000 } })
  const lines = numbered(1000)
  for (const [index, line] of lines.entries()) {
    journal.append(`${line}\n`)
    if (index % 20 === 0) await journal.flush(1000)
  }
  await journal.flush(1000)
  const reader = await JournalReader.open({ dir, name: 'shop', slot: 0 })
  await reader.read(5_000)
  const { position } = reader
  await reader.close()

  const again = await JournalReader.open({ dir, name: 'shop', slot: 0, from: position })
  assert.deepEqual(await readAll(again), lines.slice(position.ordinal))
  await again.close()

  const files = await segmentFiles(dir)
  for (const file of files.slice(0, 3)) await rm(join(dir, file))
  const first = Number(files[3]?.split('.')[2])
  const late = await JournalReader.open({ dir, name: 'shop', slot: 0, from: position })
  t.after(() => late.close())
  assert.deepEqual(await readAll(late), lines.slice(first))
  assert.deepEqual(late.lost, { 'deleted before it was read': first - position.ordinal })
})

test('a segment that begins with lines of one deleted under its writer gives only those not read before', async (t) => {
  const dir = await temporaryDirectory(t)
  const lines = numbered(15)
  const first = join(dir, segmentFile('shop', 0, 0, '20261121'))
  await writeFile(first, `${lines.slice(0, 10).join('\n')}\n`)
  const reader = await JournalReader.open({ dir, name: 'shop', slot: 0 })
  t.after(() => reader.close())
  assert.deepEqual(await readAll(reader), lines.slice(0, 10))
  await rm(first)
  await writeFile(join(dir, segmentFile('shop', 0, 6, '20261121')), `${lines.slice(6).join('\n')}\n`)
  assert.deepEqual(await readAll(reader, 500), lines.slice(10))
  assert.equal(reader.position.ordinal, 15)
  assert.deepEqual(reader.lost, {})
})

for (const read of [0, 2] as const) {
  // The reader kept the deleted file open and waited for a segment of another name, until the next rotation.
  test(`a segment deleted before it was seen in its place, ${read} lines of it read: its successor of the same name is read`, async (t) => {
    const dir = await temporaryDirectory(t)
    const lines = numbered(6)
    const { journal } = openJournal(t, { dir })
    const newest = (): number => journal.end.segment
    const reader = await JournalReader.open({ dir, name: 'shop', slot: 0, newest })
    t.after(() => reader.close())
    for (const line of lines.slice(0, read)) journal.append(`${line}\n`)
    await journal.flush(1000)
    assert.deepEqual(await readAll(reader), lines.slice(0, read))
    await rm(join(dir, journal.stats().file))
    for (const line of lines.slice(read, 4)) journal.append(`${line}\n`)
    await until(async () => (await segmentFiles(dir)).length === 1)
    for (const line of lines.slice(4)) journal.append(`${line}\n`)
    await journal.flush(1000)
    assert.deepEqual(await readAll(reader), lines.slice(read))
    assert.deepEqual(reader.lost, {})
    assert.equal(journal.stats().rotations, 1)
  })
}

test("'latest' begins behind what is there", async (t) => {
  const dir = await temporaryDirectory(t)
  const { journal } = openJournal(t, { dir })
  journal.append('old\n')
  await journal.flush(1000)
  const reader = await JournalReader.open({ dir, name: 'shop', slot: 0, from: 'latest' })
  t.after(() => reader.close())
  assert.deepEqual(await readAll(reader), [])
  journal.append('new\n')
  await journal.flush(1000)
  assert.deepEqual(await readAll(reader), ['new'])
  assert.equal(reader.position.ordinal, 2)
})

test('the half line at the end of a segment that a crash left is passed by', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeFile(join(dir, segmentFile('shop', 0, 0, '20261121')), 'a\nhal')
  await writeFile(join(dir, segmentFile('shop', 0, 1, '20261121')), 'b\n')
  const reader = await JournalReader.open({ dir, name: 'shop', slot: 0 })
  t.after(() => reader.close())
  assert.deepEqual(await readAll(reader), ['a', 'b'])
  assert.deepEqual(reader.lost, {})
})

test('slots are found by their segments', async (t) => {
  const dir = await temporaryDirectory(t)
  for (const slot of [2, 0, 2]) await writeFile(join(dir, segmentFile('shop', slot, slot, '20261121')), 'x\n')
  assert.deepEqual(await listSlots(dir, 'shop'), [0, 2])
})
