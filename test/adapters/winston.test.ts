import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { mdc } from 'logflume'
import { LogflumeTransport, type LogflumeTransportOptions } from 'logflume/winston'
import winston from 'winston'
import { linesOnDisk, temporaryDirectory } from '../journal/open-journal.ts'
import { useKafka } from '../kafka/brokers.ts'
import { readTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { runProgram } from './run-program.ts'

interface Line extends Record<string, unknown> {
  readonly message: string
}

interface TestLogger {
  readonly log: winston.Logger
  readonly transport: LogflumeTransport
  /** Ends the logger and gives the lines on disk. */
  readonly lines: () => Promise<Line[]>
}

async function openLogger(
  t: TestContext,
  options: Partial<LogflumeTransportOptions> = {},
  loggerOptions: winston.LoggerOptions = {},
): Promise<TestLogger> {
  const dir = await temporaryDirectory(t)
  const transport = new LogflumeTransport({ name: 'shop', dir, ...options })
  t.after(() => transport.close())
  const log = winston.createLogger({ ...loggerOptions, transports: [transport] })
  const lines = async () => {
    log.end()
    await once(log, 'finish')
    return (await linesOnDisk(dir)).map((line) => JSON.parse(line) as Line)
  }
  return { log, transport, lines }
}

/** What a call added to a line: all but what every line has. */
function ownFields(line: Line): Record<string, unknown> {
  const common = ['@timestamp', 'log.level', 'log.logger', 'service.name', 'process.pid', 'host.hostname']
  return Object.fromEntries(Object.entries(line).filter(([name]) => !common.includes(name)))
}

for (const program of ['winston.mjs', 'winston.cjs']) {
  for (const [ending, code] of [
    ['natural end', 0],
    ['process.exit', 3],
  ] as const) {
    test(`${program}: 1,000 lines, then ${ending}: all are on disk`, async (t) => {
      await assertThousand(t, program, ending, code, null)
    })
  }
}

for (const [ending, code, signal] of [
  ['uncaught exception', 1, null],
  ['SIGTERM', null, 'SIGTERM'],
  ['end', null, 'SIGKILL'],
] as const) {
  test(`1,000 lines, then ${ending}: all are on disk`, (t) =>
    assertThousand(t, 'winston.mjs', ending, code, signal))
}

async function assertThousand(
  t: TestContext,
  program: string,
  ending: string,
  code: number | null,
  signal: NodeJS.Signals | null,
): Promise<void> {
  const dir = await temporaryDirectory(t)
  const end = await runProgram(t, program, [dir, ending])
  const numbers = (await linesOnDisk(dir)).map((line) => (JSON.parse(line) as Line).n)
  assert.deepEqual(
    numbers,
    Array.from({ length: 1000 }, (_, n) => n),
    end.output,
  )
  assert.deepEqual([end.code, end.signal], [code, signal])
}

test('an exception that winston handles is a line with its error', async (t) => {
  const dir = await temporaryDirectory(t)
  const { signal, output } = await runProgram(t, 'winston.mjs', [dir, 'handled exception'])
  const line = JSON.parse((await linesOnDisk(dir))[1000] ?? '{}') as Line
  assert.match(line.message, /^uncaughtException: on purpose\n/, output)
  assert.equal(line['log.level'], 'error')
  assert.equal(line['error.type'], 'Error')
  assert.equal(line['error.message'], 'on purpose')
  assert.match(String(line['error.stack_trace']), /^Error: on purpose\n {4}at /)
  assert.equal(line.exception, true)
  assert(!('stack' in line) && !('error' in line))
  assert.equal(signal, 'SIGTERM')
})

test('a rejection that winston handles is a line with its error', async (t) => {
  const dir = await temporaryDirectory(t)
  const { signal, output } = await runProgram(t, 'winston.mjs', [dir, 'handled rejection'])
  const line = JSON.parse((await linesOnDisk(dir))[1000] ?? '{}') as Line
  assert.match(line.message, /^unhandledRejection: on purpose\n/, output)
  assert.deepEqual(
    [line['log.level'], line['error.type'], line['error.message'], line.rejection],
    ['error', 'TypeError', 'on purpose', true],
  )
  assert.equal(signal, 'SIGTERM')
})

test('profiling gives lines with the time that passed', async (t) => {
  const { log, lines } = await openLogger(t)
  log.profile('query')
  log.profile('query', { level: 'debug', message: 'below the level' })
  const timer = log.startTimer()
  timer.done({ message: 'done' })
  const [done, ...others] = await lines()
  assert.deepEqual([done?.message, done?.['log.level'], others], ['done', 'info', []])
  assert.equal(typeof done?.durationMs, 'number')
})

test('a line has ECS names, the fields of the call and those of every line', async (t) => {
  const { log, lines } = await openLogger(
    t,
    { base: { 'service.version': '1.2.3' } },
    { defaultMeta: { team: 'checkout' } },
  )
  const before = Date.now()
  log.info('order placed', { orderId: 17, deep: { a: [1] } })
  log.child({ request: 'r1' }).warn('slow')
  const [placed, slow] = await lines()
  assert(placed && slow)
  const time = Date.parse(String(placed['@timestamp']))
  assert(time >= before && time <= Date.now())
  assert.deepEqual(
    { ...placed, '@timestamp': 0, 'host.hostname': '' },
    {
      '@timestamp': 0,
      'log.level': 'info',
      'log.logger': 'shop',
      'service.name': 'shop',
      'process.pid': process.pid,
      'host.hostname': '',
      message: 'order placed',
      'service.version': '1.2.3',
      team: 'checkout',
      orderId: 17,
      deep: { a: [1] },
    },
  )
  assert.deepEqual(ownFields(slow), {
    message: 'slow',
    'service.version': '1.2.3',
    team: 'checkout',
    request: 'r1',
  })
})

for (const [kind, levels] of Object.entries({
  npm: winston.config.npm.levels,
  syslog: winston.config.syslog.levels,
  cli: winston.config.cli.levels,
  odd: { stats: 0, 'http-verbose': 1, close: 2, '': 3, ünïcode: 4 },
})) {
  test(`${kind} levels: each keeps its name, also when a format colours it`, async (t) => {
    const names = Object.keys(levels)
    winston.addColors(Object.fromEntries(names.map((name) => [name, 'red'])))
    const lowest = names.at(-1) ?? ''
    const { log, lines } = await openLogger(
      t,
      {},
      {
        levels,
        level: lowest,
        format: winston.format.combine(winston.format.colorize(), winston.format.simple()),
      },
    )
    for (const name of names) log.log({ level: name, message: `at ${name}` })
    assert.deepEqual(
      (await lines()).map((line) => [line['log.level'], line.message]),
      names.map((name) => [name, `at ${name}`]),
    )
  })
}

test("the transport's own level, silent and format hold", async (t) => {
  const { log, transport, lines } = await openLogger(
    t,
    { level: 'warn', format: winston.format((info) => (info.secret === undefined ? info : false))() },
    { level: 'silly' },
  )
  log.info('too low')
  log.warn('one')
  log.warn('dropped by the format', { secret: 1 })
  transport.silent = true
  log.error('silenced')
  transport.silent = false
  log.error('two')
  assert.deepEqual(
    (await lines()).map(({ message }) => message),
    ['one', 'two'],
  )
})

const cause = new RangeError('why')
const boom = () => Object.assign(new TypeError('boom', { cause }), { status: 402 })
const withErrors = winston.format.combine(
  winston.format.errors({ stack: true, cause: true }),
  winston.format.json(),
)

for (const [where, call, message] of [
  ['alone', (log) => log.error(boom()), 'boom'],
  ['behind a message', (log) => log.error('failed', boom()), 'failed boom'],
  ['as the message', (log) => log.log({ level: 'error', message: boom() as unknown as string }), 'boom'],
  ['as field err', (log) => log.error('failed', { err: boom() }), 'failed'],
  ['as field error', (log) => log.error('failed', { error: boom() }), 'failed'],
  ['of a child logger', (log) => log.child({}).error(boom()), 'boom'],
] satisfies [string, (log: winston.Logger) => void, string][]) {
  for (const [formatName, loggerFormat] of [
    ['the default format', winston.format.json()],
    ['format.errors', withErrors],
  ] as const) {
    test(`an error ${where}, with ${formatName}: type, message, stack and cause are in the line`, async (t) => {
      const { log, lines } = await openLogger(t, {}, { format: loggerFormat })
      call(log)
      const [line] = await lines()
      assert(line)
      assert.equal(line.message, message)
      assert.equal(line['error.type'], 'TypeError')
      assert.equal(line['error.message'], 'boom')
      // A property of the error's own is in the line once.
      assert.equal(Number(line.status === 402) + Number(line['error.status'] === 402), 1)
      assert(!('stack' in line) && !('cause' in line) && !('err' in line) && !('error' in line))
      assert.match(
        String(line['error.stack_trace']),
        /^TypeError: boom\n {4}at .*\n\[cause\]: RangeError: why\n {4}at /s,
      )
    })
  }
}

test('redact and serialisers hold, contexts and spans do not come along', async (t) => {
  const { log, lines } = await openLogger(t, {
    redact: ['user.token'],
    serializers: { order: ({ id }: { id: number }) => id },
  })
  mdc.run({ 'request.id': 'r' }, () => log.info('m', { user: { token: 't', id: 1 }, order: { id: 17 } }))
  const [line] = await lines()
  assert.deepEqual(ownFields(line!), { message: 'm', user: { token: '[Redacted]', id: 1 }, order: 17 })
})

test('the time of format.timestamp is the time of the line; in another form it stays a field', async (t) => {
  const { log, lines } = await openLogger(t, {}, { format: winston.format.timestamp() })
  log.info('then', { timestamp: '2020-02-03T04:05:06.789Z' })
  log.info('local', { timestamp: '2020-02-03 04:05' })
  log.info('nonsense', { timestamp: '2020-99-99T04:05:06.789Z' })
  const [then, local, nonsense] = await lines()
  assert.equal(then?.['@timestamp'], '2020-02-03T04:05:06.789Z')
  assert(!('timestamp' in then))
  for (const [line, timestamp] of [
    [local, '2020-02-03 04:05'],
    [nonsense, '2020-99-99T04:05:06.789Z'],
  ] as const) {
    assert.equal(line?.timestamp, timestamp)
    assert(Date.now() - Date.parse(String(line['@timestamp'])) < 60_000)
  }
})

test('infos of any shape are lines, and names of the line are kept under another name', async (t) => {
  const { log, lines } = await openLogger(t, {}, { format: winston.format.splat() })
  const cycle: Record<string, unknown> = { n: 1n, symbol: Symbol('s'), method: JSON.parse }
  cycle.self = cycle
  log.info('odd', cycle)
  log.info('%s costs %d', 'milk', 2, { more: true })
  log.info({ message: { an: 'object' } })
  log.info(undefined)
  log.info(5)
  log.info('forged', { 'log.level': 'x', 'service.name': 'y', __proto__: { z: 1 } })
  log.info(JSON.parse('{"message":"polluted","__proto__":{"z":1}}') as object)
  assert.deepEqual((await lines()).map(ownFields), [
    {
      message: 'odd',
      n: '1',
      symbol: 'Symbol(s)',
      method: '[Function: parse]',
      self: { n: '1', symbol: 'Symbol(s)', method: '[Function: parse]', self: '[Circular]' },
    },
    { message: 'milk costs 2', more: true },
    { message: '', an: 'object' },
    { message: '' },
    { message: '5' },
    { message: 'forged', 'field.log.level': 'x', 'field.service.name': 'y' },
    JSON.parse('{"message":"polluted","__proto__":{"z":1}}'),
  ])
})

test('an info that throws when it is looked at is a line that says so', async (t) => {
  const { log, transport, lines } = await openLogger(t)
  transport.log(
    {
      get error() {
        throw new Error('look away')
      },
    },
    () => undefined,
  )
  log.info('next')
  const messages = (await lines()).map(({ message }) => message)
  assert.deepEqual(messages, ['[info that cannot be read: look away]', 'next'])
})

test('finish comes after everything is on disk, though Kafka is not there', async (t) => {
  const { log, transport, lines } = await openLogger(t, {
    kafka: { brokers: ['127.0.0.1:1'] },
    endTimeout: 100,
    onDiagnostic: () => undefined,
  })
  for (let n = 0; n < 1000; n++) log.info('line', { n })
  assert.equal((await lines()).length, 1000)
  const { written, forwarded, pending } = transport.stats()
  assert.deepEqual([written, forwarded, pending], [1000, 0, 1000])
})

test('finish comes after Kafka has everything', async (t) => {
  const brokers = await useKafka()
  const topic = uniqueTopic('winston')
  const { log, lines } = await openLogger(t, {
    kafka: { brokers, topic, createTopic: { partitions: 1 } },
    endTimeout: 30_000,
  })
  for (let n = 0; n < 100; n++) log.info('line', { n })
  const onDisk = await lines()
  const inKafka = await readTopic(brokers, topic)
  assert.deepEqual(
    inKafka.map(({ value }) => JSON.parse(String(value)) as unknown),
    onDisk,
  )
})

test('a transport that is removed from its logger has all on disk at once, and gives the journal back', async (t) => {
  const dir = await temporaryDirectory(t)
  const first = new LogflumeTransport({ name: 'shop', dir })
  const log = winston.createLogger({ transports: [first] })
  log.info('one')
  log.remove(first)
  assert.equal((await linesOnDisk(dir)).length, 1)
  await once(first.end(), 'finish')

  const second = new LogflumeTransport({ name: 'shop', dir })
  log.add(second)
  log.info('two')
  log.close()
  assert.equal((await linesOnDisk(dir)).length, 2)
  // The same journal: a second one beside it would have its own numbers.
  assert.equal(second.stats().journal.segments, 1)
  await once(second.end(), 'finish')
})

test('logged is told of each info', async (t) => {
  const { log, transport } = await openLogger(t)
  const logged = once(transport, 'logged')
  log.info('one')
  assert.equal(((await logged) as [Line])[0].message, 'one')
})

for (const [name, wrong, message] of [
  ['no options', undefined, /^options: expected an object, got undefined$/],
  ['no name', {}, /^name: expected a non-empty string/],
  ['a spelling mistake', { nmae: 'x', name: 'shop' }, /^nmae: no such option; there are base, /],
  [
    'levels',
    { name: 'shop', levels: { audit: 1 } },
    /^levels: expected none, as they are those of the winston/,
  ],
  [
    'a level that is no text',
    { name: 'shop', level: 3 },
    /^level: expected a non-empty string, got 3 \(number\)$/,
  ],
  ['silent that is no boolean', { name: 'shop', silent: 'yes' }, /^silent: expected true or false/],
  ['a format that is none', { name: 'shop', format: null }, /^format: expected a format, as winston's/],
] as const) {
  test(`${name} is refused`, () => {
    assert.throws(() => new LogflumeTransport(wrong as unknown as LogflumeTransportOptions), {
      name: 'LogflumeError',
      code: 'INVALID_OPTION',
      message,
    })
  })
}

test('rotate: the lines before it are in the old segment, the next one begins a new one', async (t) => {
  const { log, transport, lines } = await openLogger(t)
  log.info('before')
  transport.rotate()
  transport.rotate()
  log.info('after')
  assert.deepEqual(
    (await lines()).map(({ message }) => message),
    ['before', 'after'],
  )
  const { rotations, segments } = transport.stats().journal
  assert.deepEqual([rotations, segments], [1, 2])
})
