import assert from 'node:assert/strict'
import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { ConsumedRecord, Sink } from '../../src/consumer.ts'
import { dailyFiles } from '../../src/sinks/daily-files.ts'
import { makeRecord } from '../consume/make-record.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

const signal = new AbortController().signal
const range = (from: number, to: number, topic = 'first'): ConsumedRecord[] =>
  Array.from({ length: to - from }, (_, index) =>
    makeRecord(
      { n: from + index, topic, file: (from + index) % 2 === 0 ? 'even' : 'odd' },
      { offset: from + index },
    ),
  )

interface Process {
  readonly sink: Sink
  readonly write: (records: readonly ConsumedRecord[], committed?: number) => Promise<void>
  /** As death does: nothing is closed. The lock is let go of, since this process lives. */
  readonly die: () => Promise<void>
}

/** One life of a writer. What is in its files at its end is all that the next one knows. */
function begin(t: TestContext, dir: string, options = {}): Process {
  const sink = dailyFiles({ dir, path: '{file}', ...options })
  t.after(() => sink.close?.())
  return {
    sink,
    write: async (records, committed) => {
      await sink.write(records, {
        signal,
        committed: committed === undefined ? undefined : String(committed),
      })
    },
    die: async () => {
      await sink.close?.()
    },
  }
}

async function numbers(dir: string): Promise<number[]> {
  const texts = await Promise.all(
    ['even', 'odd'].map((file) => readFile(join(dir, file), 'utf8').catch(() => '')),
  )
  const all = texts.map((text) =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { n: number }).n),
  )
  for (const one of all)
    assert.deepEqual(
      one,
      [...one].sort((a, b) => a - b),
      'in order',
    )
  return all.flat().sort((a, b) => a - b)
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
const noteFile = async (dir: string): Promise<string> => {
  const state = join(dir, '.logflume')
  return join(state, (await readdir(state)).find((file) => file.endsWith('.note')) ?? '')
}

test('what was written before a death and comes again is not written twice, however it is cut', async (t) => {
  for (const cut of [
    [5, 9],
    [5, 6],
    [5, 14],
  ] as const) {
    const dir = await temporaryDirectory(t)
    const first = begin(t, dir)
    await first.write(range(0, 5), 0)
    await first.write(range(5, 10), 5)
    await first.die()
    const second = begin(t, dir)
    await second.write(range(cut[0], cut[1]), 5)
    await second.write(range(cut[1], 20), 5)
    assert.deepEqual(await numbers(dir), upTo(20))
  }
})

test('what a write had begun when death came is cut off', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = begin(t, dir)
  await first.write(range(0, 5))
  await first.write(range(5, 10))
  await first.die()
  // As if death had come behind the first of the two files, and in the middle of the second.
  const note = await noteFile(dir)
  const rows = (await readFile(note, 'utf8')).trimEnd().split('\n')
  await writeFile(note, `${rows.slice(0, -1).join('\n')}\n`)
  await truncate(join(dir, 'odd'), (await stat(join(dir, 'odd'))).size - 3)
  const second = begin(t, dir)
  await second.sink.open?.()
  assert.deepEqual(await numbers(dir), upTo(5))
  await second.write(range(5, 12))
  assert.deepEqual(await numbers(dir), upTo(12))
})

test('half a row, and rows behind a damaged one, were never relied on', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = begin(t, dir)
  await first.write(range(0, 5))
  await first.die()
  await appendFile(await noteFile(dir), '0123abcd {"partition":"logs/2","done":"99","marks":[]}\n12')
  const second = begin(t, dir)
  await second.write(range(0, 8))
  assert.deepEqual(await numbers(dir), upTo(8))
})

test('a topic that was made anew begins anew, though it has the same offsets', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = begin(t, dir)
  await first.write(range(0, 5))
  await first.die()
  const second = begin(t, dir)
  await second.write(range(0, 8, 'second'))
  const even = await readFile(join(dir, 'even'), 'utf8')
  assert.equal(even.split('"second"').length - 1, 4)
})

test('a partition that goes back to what it had, at the wish of the user, is written again', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = begin(t, dir)
  await first.write(range(0, 10))
  await first.write(range(4, 6))
  await first.die()
  const second = begin(t, dir)
  await second.write(range(4, 8))
  const lines = (await readFile(join(dir, 'even'), 'utf8')).trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { n: number }).n),
    [0, 2, 4, 6, 8, 4, 6],
  )
})

test('a write that fails is not noted, and its repetition is written once', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = begin(t, dir)
  await first.write(range(0, 5))
  await rename(join(dir, 'odd'), join(dir, 'kept'))
  // A directory in a file's place.
  const blocked = range(5, 10)
  await mkdir(join(dir, 'odd'))
  await assert.rejects(first.write(blocked), { code: 'EISDIR' })
  await rmdir(join(dir, 'odd'))
  await first.write(blocked)
  await first.die()
  const second = begin(t, dir)
  await second.write(range(5, 12))
  assert.deepEqual(await numbers(dir), [0, 2, 4, 5, 6, 7, 8, 9, 10, 11])
})

test('a file that others renamed after an unfinished write is left alone', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = begin(t, dir)
  await first.write(range(0, 4))
  await first.die()
  const note = await noteFile(dir)
  const rows = (await readFile(note, 'utf8')).trimEnd().split('\n')
  await writeFile(note, `${rows.slice(0, -1).join('\n')}\n`)
  await rename(join(dir, 'odd'), join(dir, 'moved'))
  await writeFile(join(dir, 'odd'), 'somebody else\n')
  const second = begin(t, dir)
  await second.sink.open?.()
  assert.equal(await readFile(join(dir, 'odd'), 'utf8'), 'somebody else\n')
  assert.equal(await readFile(join(dir, 'even'), 'utf8'), '')
})

test('one writer at a time; other paths in the same directory are other writers', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = begin(t, dir)
  await first.write(range(0, 2))
  const second = begin(t, dir)
  await assert.rejects(second.write(range(2, 4)), { message: /another process writes to/, retryable: true })
  await begin(t, dir, { path: 'all/{file}' }).write(range(0, 2))
  await first.die()
  await second.write(range(2, 4))
  assert.deepEqual(await numbers(dir), upTo(4))
})

test('the note stays small', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = begin(t, dir)
  for (let n = 0; n < 3000; n++) await first.write(range(n, n + 1), n)
  assert.ok((await stat(await noteFile(dir))).size < 300 * 1024)
  await first.die()
  const second = begin(t, dir)
  await second.write(range(2999, 3001), 2999)
  assert.deepEqual(await numbers(dir), upTo(3001))
})
