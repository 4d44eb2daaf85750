import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import pinoTransport, { journalDestination, type JournalDestination, type PinoOptions } from 'logflume/pino'
import pino from 'pino'
import { linesOnDisk, segmentFiles, temporaryDirectory } from '../journal/open-journal.ts'
import { useKafka } from '../kafka/brokers.ts'
import { readTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { runProgram } from './run-program.ts'

/** Nothing listens on port 1. */
const NO_BROKER = '127.0.0.1:1'

const thousand = Array.from({ length: 1000 }, (_, n) => `{"level":30,"n":${n},"msg":"línea 👋"}`)

async function openDestination(
  t: TestContext,
  options: Partial<PinoOptions> = {},
): Promise<{ readonly dir: string; readonly destination: JournalDestination }> {
  const dir = await temporaryDirectory(t)
  const destination = journalDestination({ name: 'shop', dir, ...options })
  t.after(() => destination.close())
  return { dir, destination }
}

for (const program of ['pino.mjs', 'pino.cjs']) {
  for (const way of ['transport', 'destination']) {
    for (const [ending, code] of [
      ['natural end', 0],
      ['process.exit', 3],
    ] as const) {
      test(`${program}, ${way}: 1,000 lines, then ${ending}: all on disk as pino wrote them`, async (t) => {
        const dir = await temporaryDirectory(t)
        const end = await runProgram(t, program, [way, dir, ending])
        assert.deepEqual(await linesOnDisk(dir), thousand, end.output)
        assert.deepEqual([end.code, end.signal], [code, null])
      })
    }
  }
}

for (const [way, ending, code, signal] of [
  ['transport', 'uncaught exception', 1, null],
  ['transport', 'flush, kill -9', null, 'SIGKILL'],
  ['destination', 'uncaught exception', 1, null],
  ['destination', 'SIGTERM', null, 'SIGTERM'],
  ['destination', 'flush, kill -9', null, 'SIGKILL'],
] as const) {
  test(`${way}: 1,000 lines, then ${ending}: all on disk`, async (t) => {
    const dir = await temporaryDirectory(t)
    const end = await runProgram(t, 'pino.mjs', [way, dir, ending])
    assert.deepEqual(await linesOnDisk(dir), thousand, end.output)
    assert.deepEqual([end.code, end.signal], [code, signal])
  })
}

test('destination: a fatal line is on disk when the call returns, with everything before it', async (t) => {
  const dir = await temporaryDirectory(t)
  await runProgram(t, 'pino.mjs', ['destination', dir, 'fatal, kill -9'])
  assert.deepEqual(await linesOnDisk(dir), [...thousand, '{"level":60,"msg":"last words"}'])
})

test('several targets: each has the lines of its level', async (t) => {
  const dir = await temporaryDirectory(t)
  const { output } = await runProgram(t, 'pino.mjs', ['targets', dir, 'an error, natural end'])
  const broken = '{"level":50,"msg":"broken"}'
  const read = async (file: string) => (await readFile(join(dir, file), 'utf8')).split('\n').slice(0, -1)
  assert.deepEqual(await read('shop.log'), [...thousand, broken], output)
  assert.deepEqual(await read('errors.log'), [broken])
  assert.deepEqual(await read('plain.txt'), [...thousand, broken])
})

test('a pipeline ends in the journal', async (t) => {
  const dir = await temporaryDirectory(t)
  const { output } = await runProgram(t, 'pino.mjs', ['pipeline', dir, 'natural end'])
  const marked = thousand.map((line) => line.replace('{', '{"marked":true,'))
  assert.deepEqual(await linesOnDisk(dir), marked, output)
})

test('a Kafka that is not there does not keep a program from ending', async (t) => {
  const dir = await temporaryDirectory(t)
  const end = await runProgram(t, 'pino.mjs', ['transport', dir, 'natural end', NO_BROKER])
  assert.deepEqual(await linesOnDisk(dir), thousand, end.output)
  assert.equal(end.code, 0)
})

test('the end of the transport waits until Kafka has the lines', async (t) => {
  const brokers = await useKafka()
  const dir = await temporaryDirectory(t)
  const topic = uniqueTopic('pino')
  const kafka = { brokers, topic, createTopic: { partitions: 1 } }
  const stream = pinoTransport({ name: 'shop', dir, kafka, endTimeout: 30_000 })
  for (const line of thousand) stream.write(`${line}\n`)
  stream.end()
  await once(stream, 'close')
  const messages = await readTopic(brokers, topic)
  assert.deepEqual(
    messages.map(({ value }) => String(value)),
    thousand,
  )
})

test('a line is kept whole over the borders of chunks, whatever is cut there', async (t) => {
  const dir = await temporaryDirectory(t)
  const stream = pinoTransport({ name: 'shop', dir })
  const bytes = Buffer.from(`${thousand.slice(0, 20).join('\n')}\n\n`)
  for (let at = 0; at < bytes.length; at += 7) stream.write(bytes.subarray(at, at + 7))
  stream.end('{"the":"last one, without a newline"}')
  await once(stream, 'close')
  const expected = [...thousand.slice(0, 20), '{"the":"last one, without a newline"}']
  assert.deepEqual(await linesOnDisk(dir), expected)
})

test('what is no JSON goes through as it is', async (t) => {
  const dir = await temporaryDirectory(t)
  const stream = pinoTransport({ name: 'shop', dir })
  const lines = ['plain text', 'null', '[]', '{"half":']
  stream.end(lines.join('\n'))
  await once(stream, 'close')
  assert.deepEqual(await linesOnDisk(dir), lines)
})

test('the stream finishes, not only closes, when all is on disk: a pipeline waits no longer', async (t) => {
  const dir = await temporaryDirectory(t)
  const stream = pinoTransport({ name: 'shop', dir })
  const onDisk = new Promise((resolve) => {
    stream.once('finish', () => resolve(readFileSync(join(dir, 'shop.log'), 'utf8')))
  })
  stream.end(thousand.join('\n'))
  assert.equal(await onDisk, `${thousand.join('\n')}\n`)
})

test('flush of the stream calls back when the lines before it are on disk', async (t) => {
  const dir = await temporaryDirectory(t)
  const stream = pinoTransport({ name: 'shop', dir })
  t.after(() => stream.destroy())
  stream.write(`${thousand.join('\n')}\n`)
  await promisify(stream.flush.bind(stream))()
  assert.deepEqual(await linesOnDisk(dir), thousand)
})

test('after its end the stream has given the journal back', async (t) => {
  const dir = await temporaryDirectory(t)
  for (const line of ['first', 'second']) {
    const stream = pinoTransport({ name: 'shop', dir })
    stream.end(line)
    await once(stream, 'close')
  }
  // One journal, not two beside each other.
  assert.deepEqual(await linesOnDisk(dir), ['first', 'second'])
  assert.equal(await readFile(join(dir, 'shop.log'), 'utf8'), 'first\nsecond\n')
})

for (const [name, open] of Object.entries({ pinoTransport, journalDestination })) {
  test(`${name} throws where options are wrong or the directory cannot be used`, async (t) => {
    const dir = await temporaryDirectory(t)
    const file = join(dir, 'file')
    await writeFile(file, '')
    for (const [options, code, message] of [
      [undefined, 'INVALID_OPTION', /^options: expected an object, got undefined$/],
      [[], 'INVALID_OPTION', /^options: expected an object, got \[\] \(array\)$/],
      [{ dir }, 'INVALID_OPTION', /^name: expected a non-empty string, got undefined$/],
      [
        { name: 'shop', dir, level: 'info' },
        'INVALID_OPTION',
        /^level: no such option; there are dir, endTimeout/,
      ],
      [{ name: 'shop', dir, endTimeout: -1 }, 'INVALID_OPTION', /^endTimeout: expected a whole number/],
      [{ name: 'shop', dir: file }, 'JOURNAL', /^cannot open journal shop in /],
    ] as const) {
      assert.throws(() => open(options as unknown as PinoOptions), { name: 'LogflumeError', code, message })
    }
  })
}

test('pino.transport tells the app of a wrong option', async () => {
  const options = { name: '../shop' }
  const transport = pino.transport({ target: 'logflume/pino', options }) as NodeJS.EventEmitter
  const [error] = (await once(transport, 'error')) as [Error]
  assert.match(error.message, /^name: expected up to 100 letters.*got "\.\.\/shop" \(string\)$/)
})

test('journalDestination is a destination alone, in a multistream, and for child loggers', async (t) => {
  const { dir, destination } = await openDestination(t)
  pino(destination).info('alone')
  const log = pino({}, pino.multistream([{ level: 'warn', stream: destination }]))
  log.info('too low')
  log.child({ request: 1 }).warn('of a child')
  destination.flushSync()
  const messages = (await linesOnDisk(dir)).map((line) => (JSON.parse(line) as { msg: string }).msg)
  assert.deepEqual(messages, ['alone', 'of a child'])
  assert.equal(destination.stats().written, 2)
})

test('text that is not exactly one line is made whole lines, and counted as such', async (t) => {
  const { dir, destination } = await openDestination(t)
  for (const text of ['a\n', 'b', 'c\nd\n', '\n', '', '\n\n', 'e\nf']) destination.write(text)
  const { written, forwarded } = await destination.close()
  assert.deepEqual(await linesOnDisk(dir), ['a', 'b', 'c', 'd', 'e', 'f'])
  assert.deepEqual([written, forwarded], [6, 6])
})

test('rotate: the lines before it are in the old segment, the next one begins a new one', async (t) => {
  const { dir, destination } = await openDestination(t)
  const log = pino({ base: null, timestamp: false }, destination)
  log.info('before')
  destination.rotate()
  destination.rotate()
  log.info('after')
  destination.flushSync()
  const files = await segmentFiles(dir)
  const texts = await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8')))
  assert.deepEqual(texts, ['{"level":30,"msg":"before"}\n', '{"level":30,"msg":"after"}\n'])
})

test('destination: with rotate.onSighup the signal begins a new segment and ends nothing', async (t) => {
  const dir = await temporaryDirectory(t)
  const end = await runProgram(t, 'pino.mjs', ['destination', dir, 'SIGHUP, rotated'])
  assert.deepEqual([end.code, end.signal], [0, null], end.output)
  assert.equal((await segmentFiles(dir)).length, 2)
  assert.deepEqual(await linesOnDisk(dir), [...thousand, '{"level":30,"msg":"after"}'])
})

test('lines after the end are counted as lost', async (t) => {
  const { destination } = await openDestination(t, { onDiagnostic: () => undefined })
  const log = pino(destination)
  log.info('in time')
  await promisify(destination.end.bind(destination))()
  assert.equal(destination.writable, false)
  log.info('too late')
  const { written, forwarded, pending, lost } = destination.stats()
  assert.deepEqual([written, forwarded, pending, lost], [2, 1, 0, { 'logged after close': 1 }])
})

test('flush tells when the disk does not take the lines, and works again when it does', async (t) => {
  const parent = await temporaryDirectory(t)
  const dir = join(parent, 'logs')
  const destination = journalDestination({
    name: 'shop',
    dir,
    rotate: { maxBytes: 4096 },
    onDiagnostic: () => undefined,
  })
  t.after(() => destination.close())
  const log = pino(destination)
  const flush = promisify((done: (error?: Error) => void) => log.flush(done))
  log.info('x'.repeat(5000))
  await flush()
  // The next segment cannot be made: its directory is a file.
  await rename(dir, join(parent, 'away'))
  await writeFile(dir, '')
  log.info('waits')
  await assert.rejects(flush(), {
    code: 'JOURNAL',
    retryable: true,
    message: /^1 lines are not on disk yet: /,
  })
  await rename(dir, join(parent, 'file'))
  await mkdir(dir)
  await flush()
  assert.equal((await linesOnDisk(dir)).length, 1)
})
