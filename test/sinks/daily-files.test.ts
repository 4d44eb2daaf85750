import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { dailyFiles, type DailyFilesOptions } from '../../src/sinks/daily-files.ts'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import { makeRecord } from '../consume/make-record.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

const context = { signal: new AbortController().signal, committed: undefined }

interface TestFiles {
  readonly dir: string
  readonly write: (...records: ConsumedRecord[]) => Promise<void>
  readonly read: (path: string) => Promise<string>
}

async function makeFiles(t: TestContext, options: Partial<DailyFilesOptions> = {}): Promise<TestFiles> {
  const parent = await temporaryDirectory(t)
  const dir = join(parent, 'archive')
  const sink = dailyFiles({ dir, zone: 'utc', ...options })
  t.after(() => sink.close?.())
  return {
    dir,
    write: async (...records) => {
      await sink.write(records, context)
    },
    read: (path) => readFile(join(dir, path), 'utf8'),
  }
}

function line(fields: Readonly<Record<string, unknown>>): ConsumedRecord {
  return makeRecord({ '@timestamp': '2026-11-21T10:00:00.000Z', 'service.name': 'shop', ...fields })
}

test('each logger has a file for each day, and lines are what came, in order', async (t) => {
  const { write, read, dir } = await makeFiles(t)
  const records = [
    line({ 'log.logger': 'shop', n: 1 }),
    line({ 'log.logger': 'shop::db', n: 2 }),
    line({ 'log.logger': 'shop', n: 3 }),
    line({ 'log.logger': 'shop', n: 4, '@timestamp': '2026-11-22T00:00:00.000Z' }),
  ]
  await write(...records)
  const [one, two, three, four] = records.map(({ text }) => `${text}\n`)
  assert.equal(await read('shop/shop.20261121'), `${one}${three}`)
  assert.equal(await read('shop/shop~db.20261121'), two)
  assert.equal(await read('shop/shop.20261122'), four)
  assert.deepEqual((await readdir(join(dir, 'shop'))).length, 3)
})

test('a late record goes to its day, behind what is there', async (t) => {
  const { write, read } = await makeFiles(t, { path: '{YYYYMMDD}' })
  await write(line({ n: 1 }), line({ n: 2, '@timestamp': '2026-11-22T00:00:01.000Z' }))
  await write(line({ n: 3, '@timestamp': '2026-11-21T23:59:59.999Z' }))
  const numbers = (text: string): number[] =>
    text
      .trimEnd()
      .split('\n')
      .map((json) => (JSON.parse(json) as { n: number }).n)
  assert.deepEqual(numbers(await read('20261121')), [1, 3])
  assert.deepEqual(numbers(await read('20261122')), [2])
})

test('by arrival, the time in the record does not matter', async (t) => {
  const { write, read } = await makeFiles(t, { path: '{YYYYMMDD}', clock: 'arrival' })
  const record = line({ '@timestamp': '1999-01-01T00:00:00.000Z' })
  await write(record)
  assert.equal(await read('20261121'), `${record.text}\n`)
})

test('a record that names nothing is in unknown, and changed fields decide and are written', async (t) => {
  const { write, read } = await makeFiles(t)
  const changed = line({ 'log.logger': 'old' })
  changed.fields['log.logger'] = 'new'
  await write(makeRecord('no JSON at all'), changed)
  assert.equal(await read('unknown/unknown.20261121'), 'no JSON at all\n')
  assert.equal(await read('shop/new.20261121'), `${changed.line}\n`)
})

test('bytes that are no UTF-8 are written as they came', async (t) => {
  const { write, dir } = await makeFiles(t, { path: 'all' })
  const bytes = Buffer.from([0xff, 0x80, 0x41])
  await write(makeRecord(bytes))
  assert.deepEqual(await readFile(join(dir, 'all')), Buffer.concat([bytes, Buffer.from('\n')]))
})

test('whatever a record says, nothing is written outside of the directory', async (t) => {
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.array(fc.constantFrom('..', '/', '\\', '\0', '.', 'etc', '::', '~')).map((parts) => parts.join('')),
    fc.constantFrom('../../../../tmp/logflume-escaped', '/tmp/logflume-escaped', '..'),
  )
  const { write, dir } = await makeFiles(t)
  let written = 0
  await fc.assert(
    fc.asyncProperty(name, name, async (service, logger) => {
      const record = line({ 'service.name': service, 'log.logger': logger, n: ++written })
      await write(record)
    }),
    { numRuns: 300 },
  )
  assert.deepEqual(await readdir(join(dir, '..')), ['archive'])
  assert.equal(existsSync('/tmp/logflume-escaped'), false)
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.endsWith('.logflume'))
  const lines = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
  )
  assert.equal(lines.join('').split('\n').length - 1, written)
})

test('options that make no sense are refused by name', () => {
  const refused = (options: object, message: RegExp): void => {
    assert.throws(() => dailyFiles(options as DailyFilesOptions), { code: 'INVALID_OPTION', message })
  }
  refused({}, /^dir: expected a non-empty string/)
  refused({ dir: 'a', path: '../{x}' }, /^path: expected a path inside/)
  refused({ dir: 'a', maxOpenFiles: 0 }, /^maxOpenFiles: expected/)
  refused({ dir: 'a', clock: 'now' }, /^clock: expected one of record, arrival/)
  refused({ dir: 'a', zone: 'Europe/Berlin' }, /^zone: expected one of local, utc/)
  refused({ dir: 'a', gzip: true }, /^gzip: no such option/)
})
