import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { dateFileOutputter } from '../../../src/logger/outputters/date-file-outputter.ts'
import { fileOutputter } from '../../../src/logger/outputters/file-outputter.ts'
import { DrainOutputter } from '../../../src/logger/outputters/outputter.ts'
import { rollingFileOutputter } from '../../../src/logger/outputters/rolling-file-outputter.ts'
import { temporaryDirectory, until } from '../../journal/open-journal.ts'
import { counted, linesOf, plain, withOutputter } from './files.ts'

test('records are in the file, in their order, each once', async (t) => {
  const file = join(await temporaryDirectory(t), 'deep', 'er', 'app.log')
  const { log, count, written, outputter } = withOutputter(t, fileOutputter({ file, ...plain }))
  for (let turn = 0; turn < 20; turn++) {
    count(500)
    if (turn % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await written()
  assert.deepEqual(await linesOf(file), counted(10_000))
  assert.deepEqual(outputter.stats(), {
    taken: 10_000,
    written: 10_000,
    pending: 0,
    lost: {},
    error: undefined,
  })
  const closed = await log.close()
  assert.deepEqual(closed.outputters[file], outputter.stats())
})

test('the default formatter is a pattern; a file is added to, or begun anew', async (t) => {
  const file = join(await temporaryDirectory(t), 'app.log')
  await writeFile(file, 'earlier\n')
  const first = withOutputter(t, fileOutputter({ file }))
  first.log.get('db').warn('slow')
  await first.log.close()
  assert.match(
    await readFile(file, 'utf8'),
    /^earlier\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} WARN {2}shop::db - slow\n$/,
  )
  const second = withOutputter(t, fileOutputter({ file, truncate: true, ...plain }))
  second.count(2)
  await second.log.close()
  assert.deepEqual(await linesOf(file), counted(2))
})

test('a file that is renamed is opened again, and nothing is lost or twice', async (t) => {
  const dir = await temporaryDirectory(t)
  const file = join(dir, 'app.log')
  const { count, written } = withOutputter(t, fileOutputter({ file, ...plain }))
  for (let turn = 0; turn < 10; turn++) {
    count(100)
    await written()
    await rename(file, join(dir, `app.log.${turn}`))
  }
  count(100)
  await written()
  const files = [...Array.from({ length: 10 }, (_, turn) => join(dir, `app.log.${turn}`)), file]
  assert.deepEqual(await linesOf(...files), counted(1100))
  // In the file that was there when they were logged.
  assert.equal((await linesOf(file)).length, 100)
})

test('renamed again and again while it is written: all lines are in one of the files', async (t) => {
  const dir = await temporaryDirectory(t)
  const file = join(dir, 'app.log')
  const { count, written } = withOutputter(t, fileOutputter({ file, ...plain }))
  for (let turn = 0; turn < 200; turn++) {
    count(50)
    await rename(file, join(dir, `app.log.${turn}`)).catch(() => undefined) // not opened again yet
  }
  count(1)
  await written()
  const names = (await readdir(dir)).map((name) => join(dir, name))
  assert.deepEqual((await linesOf(...names)).sort(), counted(200 * 50 + 1))
})

test('a file that is removed, or its directory, is made again, with what was in the last write', async (t) => {
  const dir = join(await temporaryDirectory(t), 'logs')
  const file = join(dir, 'app.log')
  const { count, written, outputter } = withOutputter(t, fileOutputter({ file, ...plain }))
  count(10)
  await written()
  await rm(file)
  count(10)
  await written()
  assert.deepEqual(await linesOf(file), counted(20).slice(10))
  await rm(dir, { recursive: true })
  count(10)
  await written()
  assert.deepEqual(await linesOf(file), counted(30).slice(20))
  assert.deepEqual(outputter.stats().lost, {})
})

test('truncated under way, as by copytruncate: goes on at the start', async (t) => {
  const file = join(await temporaryDirectory(t), 'app.log')
  const { count, written } = withOutputter(t, fileOutputter({ file, ...plain }))
  count(100)
  await written()
  await writeFile(file, '')
  count(10)
  await written()
  assert.deepEqual(await linesOf(file), counted(110).slice(100))
})

test('a disk that fails: what is logged waits, and is written when it is back', async (t) => {
  const dir = join(await temporaryDirectory(t), 'logs')
  const file = join(dir, 'app.log')
  await writeFile(dir, 'no directory')
  const { count, written, outputter, diagnostics } = withOutputter(t, fileOutputter({ file, ...plain }))
  count(10)
  await until(() => outputter.stats().error !== undefined)
  count(10)
  assert.equal(outputter.stats().pending, 20)
  assert.match(
    diagnostics[0]?.message ?? '',
    /^outputter .*app\.log: cannot write, tries again: (ENOTDIR|EEXIST)/,
  )
  await rm(dir)
  await written()
  assert.deepEqual(await linesOf(file), counted(20))
  assert.deepEqual(
    diagnostics.map(({ level }) => level),
    ['warn', 'info'],
  )
  assert.equal(outputter.stats().error, undefined)
})

test('a disk that is full at a byte in the middle of a record: no half lines, nothing twice', async (t) => {
  const file = join(await temporaryDirectory(t), 'app.log')
  const limit = (bytes: number | 'unlimited'): void => {
    execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`])
  }
  const ignore = (): void => undefined // which the kernel sends besides refusing the write
  process.on('SIGXFSZ', ignore)
  t.after(() => process.off('SIGXFSZ', ignore))
  const { count, written, outputter } = withOutputter(t, fileOutputter({ file, ...plain }))
  count(10)
  await written()
  limit(1000)
  t.after(() => limit('unlimited'))
  count(100)
  await until(() => outputter.stats().error !== undefined)
  assert.equal((await stat(file)).size, 1000)
  limit('unlimited')
  await written()
  assert.deepEqual(await linesOf(file), counted(110))

  // The same in a write that does not wait.
  limit((await stat(file)).size + 50)
  count(9)
  assert.ok(outputter instanceof DrainOutputter)
  outputter.flushSync()
  limit('unlimited')
  await written()
  assert.deepEqual(
    (await linesOf(file)).filter((line) => line.length === 31),
    counted(119),
  )
})

test('memory is bounded: what finds no room is counted and told', async (t) => {
  const dir = join(await temporaryDirectory(t), 'logs')
  await writeFile(dir, 'no directory')
  const outputter = fileOutputter({ file: join(dir, 'app.log'), maxBufferBytes: 32 * 100, ...plain })
  const { count, written, diagnostics } = withOutputter(t, outputter)
  count(10)
  await until(() => outputter.stats().error !== undefined)
  count(200)
  const { taken, pending, lost } = outputter.stats()
  assert.deepEqual([taken, pending, lost], [210, 100, { 'write failed': 110 }])
  assert.equal(diagnostics.filter(({ level }) => level === 'error').length, 1)
  await rm(dir)
  await written()
  assert.deepEqual(await linesOf(join(dir, 'app.log')), counted(100))
})

test('rolled by size, N are kept', async (t) => {
  const dir = await temporaryDirectory(t)
  const file = join(dir, 'app.log')
  const { count, written } = withOutputter(
    t,
    rollingFileOutputter({ file, maxBytes: 320, keep: 3, ...plain }),
  )
  count(55)
  await written()
  assert.deepEqual((await readdir(dir)).sort(), ['app.log', 'app.log.1', 'app.log.2', 'app.log.3'])
  assert.deepEqual(await linesOf(`${file}.3`, `${file}.2`, `${file}.1`, file), counted(55).slice(20))
  for (const name of ['app.log.1', 'app.log.2', 'app.log.3'])
    assert.equal((await stat(join(dir, name))).size, 320)
})

test('rolled by time: what is of an earlier period goes, nothing is rolled that is empty', async (t) => {
  const dir = await temporaryDirectory(t)
  const file = join(dir, 'app.log')
  await writeFile(file, 'yesterday\n')
  const yesterday = new Date(Date.now() - 86_400_000)
  await utimes(file, yesterday, yesterday)
  const options = { file, every: 'day', keep: 2, ...plain } as const
  const { count, written, log } = withOutputter(t, rollingFileOutputter(options))
  count(3)
  await written()
  assert.deepEqual([await linesOf(`${file}.1`), await linesOf(file)], [['yesterday'], counted(3)])
  await log.close()
  const again = withOutputter(t, rollingFileOutputter(options))
  again.count(3)
  await again.written()
  assert.deepEqual((await readdir(dir)).sort(), ['app.log', 'app.log.1'])
  assert.equal((await linesOf(file)).length, 6)
})

test('a file that cannot be rolled is written on', async (t) => {
  const dir = await temporaryDirectory(t)
  const file = join(dir, 'app.log')
  await mkdir(join(dir, 'app.log.1', 'in the way'), { recursive: true })
  const outputter = rollingFileOutputter({ file, maxBytes: 320, keep: 1, ...plain })
  const { count, written, diagnostics } = withOutputter(t, outputter)
  count(35)
  await written()
  assert.deepEqual(await linesOf(file), counted(35))
  assert.match(
    diagnostics[0]?.message ?? '',
    /cannot write, tries again: (EISDIR|ENOTEMPTY|EEXIST|ENOTDIR).*rename/,
  )
})

test('the date is in the name, N files are kept, others are left alone', async (t) => {
  const dir = await temporaryDirectory(t)
  for (const [day, name] of [
    'app_2001-01-01.log',
    'app_2001-01-02.log',
    'app_2001-01-03.log',
    'app_old.log',
  ].entries()) {
    await writeFile(join(dir, name), '')
    await utimes(join(dir, name), day, day)
  }
  const outputter = dateFileOutputter({ file: join(dir, 'app.log'), keep: 2, zone: 'utc', ...plain })
  const { count, written } = withOutputter(t, outputter)
  const before = new Date().toISOString().slice(0, 10)
  count(3)
  await written()
  const today = [before, new Date().toISOString().slice(0, 10)].map((date) => `app_${date}.log`)
  const names = (await readdir(dir)).sort()
  assert.deepEqual([names[0], names[2]], ['app_2001-01-03.log', 'app_old.log'])
  assert.ok(today.includes(names[1] ?? ''))
  assert.deepEqual(await linesOf(join(dir, names[1] ?? '')), counted(3))
})

test('another date, another file', async (t) => {
  const dir = await temporaryDirectory(t)
  const outputter = dateFileOutputter({ file: join(dir, 'app.log'), datePattern: '%s-%L', ...plain })
  const { count, written } = withOutputter(t, outputter)
  for (let turn = 0; turn < 20; turn++) {
    count(10)
    await written()
    const now = Date.now()
    await until(() => Date.now() > now)
  }
  const names = (await readdir(dir)).sort()
  assert.ok(names.length > 15, `${names.length} files`)
  assert.deepEqual(await linesOf(...names.map((name) => join(dir, name))), counted(200))
})

test('options that cannot be are refused', () => {
  const cases: [() => unknown, RegExp][] = [
    [() => fileOutputter({} as never), /^file: expected a non-empty string/],
    [() => fileOutputter({ file: 'a', level: 5 as never }), /^level: expected a non-empty string/],
    [() => fileOutputter({ file: 'a', formatter: 'x' as never }), /^formatter: expected a function/],
    [() => fileOutputter({ file: 'a', maxBytes: 5 } as never), /^maxBytes: no such option/],
    [() => rollingFileOutputter({ file: 'a', maxBytes: 0 }), /^maxBytes: expected a whole number/],
    [
      () => rollingFileOutputter({ file: 'a', every: 'week' as never }),
      /^every: expected one of never, minute/,
    ],
    [() => rollingFileOutputter({ file: 'a', keep: 0 }), /^keep: /],
    [
      () => dateFileOutputter({ file: 'a', datePattern: 'yyyy/MM' }),
      /^datePattern: expected a date that can be/,
    ],
    [() => dateFileOutputter({ file: 'a', datePattern: '%Q' }), /^datePattern: expected a strftime letter/],
  ]
  for (const [make, message] of cases) assert.throws(make, { code: 'INVALID_OPTION', message })
})
