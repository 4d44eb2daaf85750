import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { CheckpointFile, type Checkpoint } from '../../src/forward/checkpoint.ts'
import { startingPoint } from '../../src/forward/starting-point.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

const at = (ordinal: number): Checkpoint['position'] => ({ segment: 0, offset: ordinal * 10, ordinal })
const state = (ordinal: number): Checkpoint => ({
  version: 1,
  journal: 'j',
  topic: 'logs',
  partition: 1,
  producer: { id: '9007199254740993', epoch: 0 },
  sequence: ordinal + 5,
  position: at(ordinal),
  inFlight: [{ from: at(ordinal), to: at(ordinal + 5), records: 5, sequence: ordinal, timestamp: 1 }],
})

function saved(path: string, count: number): void {
  const file = new CheckpointFile(path)
  for (let ordinal = 1; ordinal <= count; ordinal++) file.save(state(ordinal))
  file.close()
}

test('the last state saved is the one loaded, without having been closed', async (t) => {
  const path = join(await temporaryDirectory(t), 'shop.0.checkpoint')
  const file = new CheckpointFile(path)
  t.after(() => file.close())
  assert.equal(file.load(), undefined)
  for (let ordinal = 1; ordinal <= 100; ordinal++) {
    file.save(state(ordinal))
    assert.deepEqual(new CheckpointFile(path).load(), state(ordinal))
  }
})

test('the file does not grow without bound, and the one before is kept', async (t) => {
  const path = join(await temporaryDirectory(t), 'shop.0.checkpoint')
  saved(path, 5000)
  assert.ok((await stat(path)).size <= 256 * 1024)
  assert.ok(existsSync(`${path}.old`))
  assert.deepEqual(new CheckpointFile(path).load(), state(5000))
})

for (const [name, damage, expected] of [
  ['torn in its last row', async (path: string) => truncate(path, (await stat(path)).size - 7), 99],
  ['followed by zeros', (path: string) => appendFile(path, Buffer.alloc(4096)), 100],
  ['followed by half a row', (path: string) => appendFile(path, '0123abcd {"version":1,'), 100],
  [
    'changed by one byte in its last row',
    async (path: string) => {
      const text = await readFile(path, 'utf8')
      const last = text.lastIndexOf('"ordinal"')
      await writeFile(path, `${text.slice(0, last)}"0rdinal"${text.slice(last + 9)}`)
    },
    99,
  ],
] as const) {
  test(`a checkpoint ${name} gives the last good state`, async (t) => {
    const path = join(await temporaryDirectory(t), 'shop.0.checkpoint')
    saved(path, 100)
    await damage(path)
    assert.deepEqual(new CheckpointFile(path).load(), state(expected))
  })
}

for (const [name, content] of [
  ['empty', Buffer.alloc(0)],
  ['all zeros', Buffer.alloc(5000)],
  ['of one byte', Buffer.from('x')],
] as const) {
  test(`a checkpoint ${name} falls back to the one before; without that there is none`, async (t) => {
    const path = join(await temporaryDirectory(t), 'shop.0.checkpoint')
    saved(`${path}.old`, 3)
    await writeFile(path, content)
    assert.deepEqual(new CheckpointFile(path).load(), state(3))
    await writeFile(`${path}.old`, content)
    assert.equal(new CheckpointFile(path).load(), undefined)
  })
}

test('a checkpoint that fits is taken as it is', () => {
  assert.deepEqual(startingPoint(state(10), at(0), at(20), 'logs'), state(10))
})

test('without a checkpoint forwarding begins with the oldest line', () => {
  const { position, producer, inFlight } = startingPoint(undefined, at(3), at(20), 'logs')
  assert.deepEqual({ position, producer, inFlight }, { position: at(3), producer: undefined, inFlight: [] })
})

test('a checkpoint ahead of its journal, after a power cut, begins with what is written from now on', () => {
  const { position, producer, inFlight } = startingPoint(state(30), at(0), at(20), 'logs')
  assert.deepEqual({ position, producer, inFlight }, { position: at(20), producer: undefined, inFlight: [] })
})

test('a worker that follows on another one takes the checkpoint, however far it has moved', () => {
  assert.deepEqual(startingPoint(state(30), at(0), undefined, 'logs'), state(30))
})

test('another topic goes on behind what the old one has', () => {
  const { position, topic, inFlight } = startingPoint(state(10), at(0), at(20), 'other')
  assert.deepEqual({ position, topic, inFlight }, { position: at(10), topic: 'other', inFlight: [] })
})
