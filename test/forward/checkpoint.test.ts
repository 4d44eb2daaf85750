import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { CheckpointFile, type Checkpoint } from '../../src/forward/checkpoint.ts'
import { startingPoint } from '../../src/forward/starting-point.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

const at = (ordinal: number): Checkpoint['position'] => ({ segment: 0, offset: ordinal * 10, ordinal })
const rules = 'topic logs'
const state = (ordinal: number): Checkpoint => ({
  version: 2,
  journal: 'j',
  rules,
  producer: { id: '9007199254740993', epoch: 0 },
  topics: { logs: { home: 1, next: { 1: ordinal + 5 } } },
  position: at(ordinal),
  inFlight: [
    {
      from: at(ordinal),
      to: at(ordinal + 5),
      timestamp: 1,
      parts: [{ topic: 'logs', partition: 1, records: 5, sequence: ordinal, state: 'unsure' }],
    },
  ],
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
  ['followed by half a row', (path: string) => appendFile(path, '0123abcd {"version":2,'), 100],
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
  assert.deepEqual(startingPoint(state(10), at(0), at(20), 'new', rules), state(10))
})

test('without a checkpoint forwarding begins with the oldest line', () => {
  const { position, producer, inFlight } = startingPoint(undefined, at(3), at(20), 'new', rules)
  assert.deepEqual({ position, producer, inFlight }, { position: at(3), producer: undefined, inFlight: [] })
})

test('a checkpoint ahead of its journal, after a power cut, begins with what is written from now on', () => {
  const { position, producer, inFlight } = startingPoint(state(30), at(0), at(20), 'new', rules)
  assert.deepEqual({ position, producer, inFlight }, { position: at(20), producer: undefined, inFlight: [] })
})

test('a worker that follows on another one takes the checkpoint, however far it has moved', () => {
  assert.deepEqual(startingPoint(state(30), at(0), undefined, 'new', rules), state(30))
})

/** As version 0.1.0 wrote it, to the last byte. */
const ROW_OF_VERSION_1 =
  'c0a174e4 {"version":1,"journal":"7b0f9c3e-1111-4222-8333-944455566677","topic":"logs","partition":2,' +
  '"producer":{"id":"4711","epoch":0},"sequence":120,"position":{"segment":0,"offset":1000,"ordinal":100},' +
  '"inFlight":[{"from":{"segment":0,"offset":1000,"ordinal":100},"to":{"segment":0,"offset":1100,"ordinal":110},' +
  '"records":10,"sequence":100,"timestamp":1795257000000},{"from":{"segment":0,"offset":1100,"ordinal":110},' +
  '"to":{"segment":0,"offset":1200,"ordinal":120},"records":10,"sequence":110,"timestamp":-1}]}\n'

test('a checkpoint of version 1 is read, with its producer, its partition and what was in flight', async (t) => {
  const path = join(await temporaryDirectory(t), 'shop.0.checkpoint')
  await writeFile(path, ROW_OF_VERSION_1)
  const part = { topic: 'logs', partition: 2, records: 10, state: 'unsure' }
  assert.deepEqual(new CheckpointFile(path).load(), {
    version: 2,
    journal: '7b0f9c3e-1111-4222-8333-944455566677',
    rules: 'topic logs',
    producer: { id: '4711', epoch: 0 },
    topics: { logs: { home: 2, next: { 2: 120 } } },
    position: { segment: 0, offset: 1000, ordinal: 100 },
    inFlight: [
      {
        from: { segment: 0, offset: 1000, ordinal: 100 },
        to: { segment: 0, offset: 1100, ordinal: 110 },
        timestamp: 1795257000000,
        parts: [{ ...part, sequence: 100 }],
      },
      {
        from: { segment: 0, offset: 1100, ordinal: 110 },
        to: { segment: 0, offset: 1200, ordinal: 120 },
        timestamp: -1,
        parts: [{ ...part, sequence: 110, untimed: true }],
      },
    ],
  })
})
