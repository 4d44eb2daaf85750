import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { LogflumeTransport, type LogflumeTransportOptions } from 'logflume/winston'
import winston from 'winston'
import { temporaryDirectory } from '../journal/open-journal.ts'

interface Info {
  readonly message: string
  readonly level: string
  readonly timestamp: string
}

interface Opened {
  readonly dir: string
  readonly log: winston.Logger
  readonly query: (options?: object) => Promise<Info[]>
}

async function open(t: TestContext, options: Partial<LogflumeTransportOptions> = {}): Promise<Opened> {
  const dir = join(await temporaryDirectory(t), 'logs')
  const transport = new LogflumeTransport({ name: 'shop', dir, onDiagnostic: () => undefined, ...options })
  t.after(async () => once(transport.end(), 'finish'))
  const log = winston.createLogger({
    level: 'debug',
    format: winston.format.timestamp(),
    transports: [transport],
  })
  const query = (wanted: object = {}) =>
    new Promise<Info[]>((resolve, reject) => {
      log.query(
        wanted as winston.QueryOptions,
        (error: Error | null, results: { logflume: Info[] | Error }) => {
          if (results.logflume instanceof Error) reject(results.logflume)
          else if (error === null) resolve(results.logflume)
          else reject(error)
        },
      )
    })
  return { dir, log, query }
}

const at = (n: number): string => `2020-02-03T04:05:${String(n).padStart(2, '0')}.000Z`
const messages = (infos: readonly Info[]): string[] => infos.map(({ message }) => message)

test('query gives the newest ten of the last day, lines of this very tick included', async (t) => {
  const { log, query } = await open(t)
  log.info('of another year', { timestamp: at(0) })
  for (let n = 0; n < 30; n++) log.info(`line ${n}`, { n })
  const found = await query()
  assert.deepEqual(
    messages(found),
    Array.from({ length: 10 }, (_, n) => `line ${29 - n}`),
  )
  const [newest] = found
  assert.deepEqual(
    { ...newest, timestamp: 0, 'host.hostname': '' },
    {
      timestamp: 0,
      level: 'info',
      'log.logger': 'shop',
      'service.name': 'shop',
      'process.pid': process.pid,
      'host.hostname': '',
      message: 'line 29',
      n: 29,
    },
  )
  assert.match(newest?.timestamp ?? '', /^\d{4}-\d\d-\d\dT/)
})

test('query heeds from, until, order, start, rows, limit, level and fields, over all segments', async (t) => {
  const { log, query } = await open(t, { rotate: { maxBytes: 4096 } })
  for (let n = 0; n < 60; n++)
    log.log(n % 2 === 0 ? 'info' : 'warn', `line ${n}`, { timestamp: at(n), n, pad: 'x'.repeat(200) })
  const range = { from: new Date(at(10)), until: at(19) }
  const expected = Array.from({ length: 10 }, (_, n) => `line ${10 + n}`)
  assert.deepEqual(messages(await query({ ...range, order: 'asc' })), expected)
  assert.deepEqual(messages(await query({ ...range, order: 'desc' })), expected.toReversed())
  assert.deepEqual(messages(await query({ ...range, order: 'asc', start: 2, rows: 3 })), expected.slice(2, 5))
  assert.deepEqual(messages(await query({ ...range, start: 2, limit: 3 })), ['line 17', 'line 16', 'line 15'])
  assert.deepEqual(messages(await query({ ...range, order: 'asc', level: 'warn', limit: 2 })), [
    'line 11',
    'line 13',
  ])
  assert.deepEqual(await query({ ...range, rows: 1, fields: ['message', 'n', 'absent'] }), [
    { message: 'line 19', n: 19, absent: undefined },
  ])
  assert.deepEqual(await query({ from: Date.parse(at(59)) + 1, until: Date.parse(at(59)) + 2 }), [])
})

for (const [wrong, message] of [
  [{ from: 'yesterday' }, /^query\.from: expected a time, as a Date, ISO 8601 or .* got "yesterday"/],
  [{ until: {} }, /^query\.until: expected a time/],
  [{ rows: 0 }, /^query\.rows: expected a whole number from 1 to 100000, got 0 \(number\)$/],
  [{ limit: 'all' }, /^query\.limit: expected a whole number/],
  [{ start: -1 }, /^query\.start: expected a whole number/],
  [{ order: 'up' }, /^query\.order: expected one of asc, desc, got "up"/],
  [{ fields: 'message' }, /^query\.fields: expected a non-empty array/],
  [{ level: 3 }, /^query\.level: expected a non-empty string/],
] as const) {
  test(`query with ${JSON.stringify(wrong)} is an error through the callback`, async (t) => {
    const { query } = await open(t)
    await assert.rejects(query(wrong), { name: 'LogflumeError', code: 'INVALID_OPTION', message })
  })
}

test('query of a journal that cannot be read is an error through the callback', async (t) => {
  const { dir, query } = await open(t)
  await rename(dir, `${dir}-away`)
  await writeFile(dir, '')
  await assert.rejects(query(), { name: 'LogflumeError', code: 'JOURNAL', retryable: true })
  await rename(dir, `${dir}-file`)
  await mkdir(dir)
})

test('stream tells of each line from now on, once, in order, and not after it is destroyed', async (t) => {
  const { log, query } = await open(t, { rotate: { maxBytes: 4096 } })
  log.info('before')
  const seen: Info[] = []
  const stream = log.stream() as Readable
  const all = new Promise<void>((resolve) => {
    stream.on('log', (info: Info) => {
      if (seen.push(info) === 200) resolve()
    })
  })
  for (let n = 0; n < 200; n++) {
    log.info(`line ${n}`, { n })
    if (n % 50 === 49) await new Promise((resolve) => setImmediate(resolve))
  }
  await all
  assert.deepEqual(
    messages(seen),
    Array.from({ length: 200 }, (_, n) => `line ${n}`),
  )
  const { level, transport } = seen[0] as Info & { transport: string[] }
  assert.deepEqual([level, transport], ['info', ['logflume']])
  stream.destroy()
  log.info('after')
  // By then the line is on disk, and has been read.
  assert.equal((await query({ rows: 1 }))[0]?.message, 'after')
  assert.equal(seen.length, 200)
})

test('stream with start tells of what is there as well, but for so many lines', async (t) => {
  const { log } = await open(t)
  for (let n = 0; n < 5; n++) log.info(`line ${n}`)
  const seen: Info[] = []
  const stream = log.stream({ start: 2 }) as Readable
  const all = new Promise<void>((resolve) => {
    stream.on('log', (info: Info) => {
      if (seen.push(info) === 4) resolve()
    })
  })
  log.info('line 5')
  await all
  assert.deepEqual(messages(seen), ['line 2', 'line 3', 'line 4', 'line 5'])
  stream.destroy()
})

test('stream with a start that is none is refused', async (t) => {
  const { log } = await open(t)
  const message = /^stream\.start: expected a number of lines, or -1 .* got "two"/
  assert.throws(() => log.stream({ start: 'two' }), {
    name: 'LogflumeError',
    code: 'INVALID_OPTION',
    message,
  })
})
