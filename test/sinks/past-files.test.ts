import assert from 'node:assert/strict'
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Sink } from '../../src/consumer.ts'
import { dailyFiles, type DailyFilesOptions } from '../../src/sinks/daily-files.ts'
import { WriteNote } from '../../src/sinks/write-note.ts'
import { makeRecord } from '../consume/make-record.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

const context = { signal: new AbortController().signal, committed: undefined }
const DAY = 24 * 60 * 60 * 1000
let offset = 0

function makeSink(t: TestContext, dir: string, options: Partial<DailyFilesOptions>): Sink {
  const sink = dailyFiles({ dir, path: 'a/{YYYYMMDD}.log', zone: 'utc', ...options })
  t.after(() => sink.close?.())
  return sink
}

const name = (daysAgo: number): string =>
  `${new Date(Date.now() - daysAgo * DAY).toISOString().slice(0, 10).replaceAll('-', '')}.log`

/** Writes one line a day, and makes all files look as if nothing had come for an hour. */
async function write(sink: Sink, dir: string, ...daysAgo: number[]): Promise<void> {
  for (const days of daysAgo) {
    const line = { '@timestamp': new Date(Date.now() - days * DAY).toISOString(), n: offset }
    await sink.write([makeRecord(line, { offset: offset++ })], context)
  }
  const past = new Date(Date.now() - 60 * 60 * 1000)
  for (const file of await readdir(join(dir, 'a'))) await utimes(join(dir, 'a', file), past, past)
}

async function until(dir: string, expected: readonly string[]): Promise<void> {
  for (let turn = 0; ; turn++) {
    const files = (await readdir(join(dir, 'a'))).sort()
    if (files.join() === [...expected].sort().join()) return
    if (turn > 200) assert.deepEqual(files, expected)
    await setTimeout(10)
  }
}

const lines = (text: string): number => text.split('\n').length - 1

test('files of past days are compressed, late lines are added, and old days are deleted', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = makeSink(t, dir, {})
  await write(first, dir, 0, 1, 2, 5)
  await writeFile(join(dir, 'a', 'other.log'), 'not ours\n')
  await first.close?.()
  const second = makeSink(t, dir, { compress: true, keepDays: 3 })
  await second.open?.()
  await until(dir, [name(0), `${name(1)}.gz`, `${name(2)}.gz`, 'other.log'])
  await write(second, dir, 1)
  await until(dir, [name(0), name(1), `${name(1)}.gz`, `${name(2)}.gz`, 'other.log'])
  await second.close?.()
  const third = makeSink(t, dir, { compress: true, keepDays: 1 })
  await third.open?.()
  await until(dir, [name(0), `${name(1)}.gz`, 'other.log'])
  assert.equal(lines(gunzipSync(await readFile(join(dir, 'a', `${name(1)}.gz`))).toString()), 2)
})

test('a death between the compressed file and the end of the other leaves no line twice', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = makeSink(t, dir, {})
  await write(first, dir, 1)
  await first.close?.()
  const plain = join(dir, 'a', name(1))
  const packed = gzipSync(await readFile(plain))
  await writeFile(`${plain}.gz`, packed)
  const state = join(dir, '.logflume')
  const note = join(state, (await readdir(state)).find((file) => file.endsWith('.note')) ?? '')
  const opened = await WriteNote.open(note, false)
  await opened.beginPack({ path: `a/${name(1)}`, ino: (await stat(plain)).ino, size: packed.length })
  await opened.close()
  const second = makeSink(t, dir, { compress: true })
  await second.open?.()
  await until(dir, [`${name(1)}.gz`])
  assert.equal(lines(gunzipSync(await readFile(`${plain}.gz`)).toString()), 1)
})

test('past files are left alone without a day in their path, and where several write', () => {
  const refused = (options: object, message: RegExp): void => {
    assert.throws(() => dailyFiles({ dir: 'a', ...options }), { code: 'INVALID_OPTION', message })
  }
  refused({ compress: true, path: '{YYYYMM}' }, /^path: expected a path with YYYY, MM and DD/)
  refused({ keepDays: 7, exactlyOnce: false }, /^exactlyOnce: expected true/)
  refused({ keepDays: -1 }, /^keepDays: expected/)
})
