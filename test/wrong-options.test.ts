import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { captureConsole } from '../src/adapters/capture-console.ts'
import { journalDestination } from '../src/adapters/journal-destination.ts'
import { journalStream } from '../src/adapters/journal-stream.ts'
import { pinoTransport } from '../src/adapters/pino-transport.ts'
import { LogflumeTransport } from '../src/adapters/winston.ts'
import { checkConfig, loadConfig } from '../src/config/load-config.ts'
import { createConsumer } from '../src/consume/create-consumer.ts'
import { defineSink } from '../src/consume/sink.ts'
import { LogflumeError } from '../src/errors.ts'
import { readReadOptions } from '../src/journal/read-options.ts'
import { createLogger } from '../src/logger/create-logger.ts'
import { jsonFormatter } from '../src/logger/formatters/json-formatter.ts'
import { basicFormatter, objectFormatter } from '../src/logger/formatters/log4r-formatters.ts'
import { patternFormatter } from '../src/logger/formatters/pattern-formatter.ts'
import { prettyFormatter } from '../src/logger/formatters/pretty-formatter.ts'
import { consoleOutputter } from '../src/logger/outputters/console-outputter.ts'
import { dateFileOutputter } from '../src/logger/outputters/date-file-outputter.ts'
import { defineOutputter } from '../src/logger/outputters/define-outputter.ts'
import { fileOutputter } from '../src/logger/outputters/file-outputter.ts'
import { rollingFileOutputter } from '../src/logger/outputters/rolling-file-outputter.ts'
import { consoleSink } from '../src/sinks/console.ts'
import { dailyFiles } from '../src/sinks/daily-files.ts'
import { temporaryDirectory } from './journal/open-journal.ts'

// Every option of every door with every wrong value there is: refused by name, before anything is opened.

const cycle: Record<string, unknown> = {}
cycle.self = cycle
const revoked = (of: object): object => {
  const { proxy, revoke } = Proxy.revocable(of, {})
  revoke()
  return proxy
}
const refuse = (): never => {
  throw new Error('do not touch')
}
const throwing = new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse })

/** Values by what they are. What is not of an option's own kind is wrong. */
const values: Readonly<Record<string, unknown>> = {
  NaN: Number.NaN,
  negative: -1,
  fraction: 1.5,
  infinity: Number.POSITIVE_INFINITY,
  'too large': 2 ** 60,
  bigint: 10n,
  true: true,
  'empty text': '',
  text: 'nope',
  'odd text': '\u0000\n',
  array: [],
  'array of numbers': [1],
  'array of arrays': [[]],
  object: {},
  'unknown name': { nope: 1 },
  cycle,
  'revoked proxy': revoked({}),
  'revoked array': revoked([]),
  'throwing proxy': throwing,
  'throwing getter': { get nope(): never { return refuse() } }, // prettier-ignore
  'object that cannot be text': Object.create(null) as object,
  symbol: Symbol('s'),
  function: () => refuse(),
}

/** What an option of a kind takes of these, or may take: the rest has to be refused. */
const kinds = {
  integer: [],
  boolean: ['true'],
  oneOf: [],
  text: ['text', 'odd text'],
  /** A text with rules. */
  name: ['text'],
  texts: [],
  list: ['array'],
  lists: [],
  section: ['object', 'object that cannot be text'],
  /** Names of one's own are in it. */
  fields: [
    'object',
    'object that cannot be text',
    'unknown name',
    'cycle',
    'throwing getter',
    'throwing proxy',
    'revoked proxy',
    'function',
  ],
  names: ['object', 'object that cannot be text'],
  ranks: ['object', 'object that cannot be text', 'unknown name'],
  function: ['function'],
  key: ['function', 'text', 'odd text'],
  pem: [],
  switchedOff: ['object', 'object that cannot be text'],
  anyText: ['text', 'odd text', 'empty text'],
  switched: ['true', 'object', 'object that cannot be text'],
  stream: [],
} satisfies Readonly<Record<string, readonly string[]>>

type Kind = keyof typeof kinds

type Options = Readonly<Record<string, unknown>>

interface Door {
  readonly open: (options: Options) => unknown
  /** Options without which there is nothing, and which are right. */
  readonly least: Options
  /** By the option's name, `kafka.queue.maxBytes` say. */
  readonly options: Readonly<Record<string, Kind>>
}

const journal: Readonly<Record<string, Kind>> = {
  dir: 'name',
  rotate: 'section',
  'rotate.maxBytes': 'integer',
  'rotate.every': 'oneOf',
  'rotate.zone': 'oneOf',
  'rotate.onSighup': 'boolean',
  retain: 'section',
  'retain.days': 'integer',
  'retain.bytes': 'integer',
  'retain.segments': 'integer',
  'retain.minFree': 'integer',
  'retain.compress': 'oneOf',
  maxBufferBytes: 'integer',
  flush: 'oneOf',
  fsync: 'oneOf',
  onDiagnostic: 'function',
  kafka: 'lists',
  'kafka.brokers': 'texts',
  'kafka.client': 'oneOf',
  'kafka.topic': 'name',
  'kafka.routes': 'list',
  'kafka.clientId': 'text',
  'kafka.createTopic': 'section',
  'kafka.createTopic.partitions': 'integer',
  'kafka.createTopic.replicationFactor': 'integer',
  'kafka.createTopic.config': 'section',
  'kafka.compression': 'oneOf',
  'kafka.acks': 'oneOf',
  'kafka.partition': 'oneOf',
  'kafka.key': 'key',
  'kafka.delivery': 'oneOf',
  'kafka.leaderTimeout': 'integer',
  'kafka.headers': 'section',
  'kafka.batchBytes': 'integer',
  'kafka.linger': 'integer',
  'kafka.queue': 'section',
  'kafka.queue.maxBytes': 'integer',
  'kafka.queue.maxRecords': 'integer',
  'kafka.requestTimeout': 'integer',
  'kafka.connectionTimeout': 'integer',
  'kafka.idleTimeout': 'integer',
  'kafka.tls': 'switched',
  'kafka.tls.ca': 'pem',
  'kafka.tls.passphrase': 'text',
  'kafka.tls.servername': 'text',
  'kafka.tls.rejectUnauthorized': 'boolean',
  'kafka.sasl': 'lists',
  'kafka.sasl.mechanism': 'oneOf',
  'kafka.sasl.username': 'text',
  'kafka.sasl.password': 'text',
}

const line: Readonly<Record<string, Kind>> = {
  name: 'name',
  level: 'oneOf',
  levels: 'ranks',
  base: 'fields',
  maxLineBytes: 'integer',
  trace: 'boolean',
  mdc: 'switchedOff',
  'mdc.prefix': 'anyText',
  'mdc.keys': 'texts',
  otel: 'boolean',
  redact: 'lists',
  serializers: 'section',
}

const outputter: Readonly<Record<string, Kind>> = {
  name: 'text',
  level: 'text',
  onlyAt: 'texts',
  formatter: 'function',
}

const file: Readonly<Record<string, Kind>> = {
  ...outputter,
  file: 'text',
  maxBufferBytes: 'integer',
  reopenOnSighup: 'boolean',
}

const adapter: Readonly<Record<string, Kind>> = { ...journal, endTimeout: 'integer' }

const sink = { name: 'x', write: (): void => undefined }
const config = (more: Options): Options => ({ name: 'shop', journal: false, ...more })

const doors: Readonly<Record<string, Door>> = {
  createLogger: {
    open: (options) => createLogger(options as never),
    least: { name: 'shop' },
    options: {
      ...line,
      ...journal,
      outputters: 'list',
      journal: 'boolean',
      diagnostics: 'lists',
      'diagnostics.level': 'oneOf',
      'diagnostics.outputters': 'list',
    },
  },
  checkConfig: {
    open: checkConfig,
    least: { name: 'shop' },
    options: {
      ...line,
      ...journal,
      journal: 'boolean',
      globalLevel: 'oneOf',
      outputters: 'list',
      loggers: 'list',
      variables: 'fields',
      diagnostics: 'section',
      'diagnostics.level': 'oneOf',
      'diagnostics.outputters': 'list',
    },
  },
  'outputters of a configuration': {
    open: (one) => checkConfig(config({ outputters: [one] })),
    least: { type: 'rollingFile', file: 'a' },
    options: {
      ...file,
      type: 'oneOf',
      formatter: 'lists',
      level: 'oneOf',
      keep: 'integer',
      maxBytes: 'integer',
      every: 'oneOf',
    },
  },
  'loggers of a configuration': {
    open: (one) => checkConfig(config({ loggers: [one] })),
    least: { name: 'shop' },
    options: {
      name: 'oneOf',
      level: 'oneOf',
      additive: 'boolean',
      trace: 'boolean',
      outputters: 'list',
      topic: 'name',
    },
  },
  'options of loadConfig': {
    open: (options) => loadConfig(config({}), options as never),
    least: {},
    options: {
      variables: 'fields',
      env: 'fields',
      defaults: 'fields',
      types: 'section',
      'types.outputters': 'section',
      'types.formatters': 'section',
      watch: 'lists',
      reloadOnSighup: 'lists',
    },
  },
  consoleOutputter: {
    open: (options) => consoleOutputter(options),
    least: {},
    options: { ...outputter, stream: 'oneOf', colors: 'boolean' },
  },
  fileOutputter: {
    open: (options) => fileOutputter(options as never),
    least: { file: 'a' },
    options: { ...file, truncate: 'boolean' },
  },
  rollingFileOutputter: {
    open: (options) => rollingFileOutputter(options as never),
    least: { file: 'a' },
    options: { ...file, maxBytes: 'integer', every: 'oneOf', keep: 'integer' },
  },
  dateFileOutputter: {
    open: (options) => dateFileOutputter(options as never),
    least: { file: 'a' },
    options: { ...file, datePattern: 'oneOf', zone: 'oneOf', keep: 'integer' },
  },
  defineOutputter: {
    open: (options) => defineOutputter(options as never),
    least: { name: 'x', write: () => undefined },
    options: {
      ...outputter,
      write: 'function',
      writeSync: 'function',
      close: 'function',
      batch: 'section',
      'batch.records': 'integer',
      'batch.wait': 'integer',
      attempts: 'integer',
      maxBufferBytes: 'integer',
    },
  },
  patternFormatter: {
    open: (options) => patternFormatter('%m', options),
    least: {},
    options: { directives: 'oneOf', datePattern: 'text', zone: 'oneOf', stack: 'boolean' },
  },
  jsonFormatter: { open: jsonFormatter, least: {}, options: { names: 'names' } },
  prettyFormatter: { open: prettyFormatter, least: {}, options: { colors: 'boolean' } },
  basicFormatter: { open: basicFormatter, least: {}, options: { trace: 'boolean', depth: 'integer' } },
  objectFormatter: { open: objectFormatter, least: {}, options: { trace: 'boolean' } },
  pinoTransport: {
    open: (options) => pinoTransport(options as never),
    least: { name: 'shop' },
    options: { ...adapter, name: 'name', format: 'names' },
  },
  journalDestination: {
    open: (options) => journalDestination(options as never),
    least: { name: 'shop' },
    options: { ...adapter, name: 'name', format: 'names' },
  },
  journalStream: {
    open: (options) => journalStream(options as never),
    least: { name: 'shop' },
    options: { ...adapter, name: 'name', format: 'names', raw: 'boolean' },
  },
  LogflumeTransport: {
    open: (options) => new LogflumeTransport(options as never),
    least: { name: 'shop' },
    options: {
      ...adapter,
      name: 'name',
      base: 'fields',
      maxLineBytes: 'integer',
      level: 'text',
      format: 'lists',
      silent: 'boolean',
      handleExceptions: 'boolean',
      handleRejections: 'boolean',
    },
  },
  captureConsole: {
    open: (options) => captureConsole(console, options).restore(),
    least: {},
    options: { print: 'boolean' },
  },
  createConsumer: {
    open: (options) => createConsumer(options as never),
    least: { from: { brokers: ['a:1'], topics: ['a'], group: 'a' }, sinks: [sink] },
    options: {
      from: 'lists',
      'from.brokers': 'texts',
      'from.topics': 'texts',
      'from.group': 'text',
      'from.start': 'oneOf',
      'from.concurrency': 'integer',
      'from.sessionTimeout': 'integer',
      'from.clientId': 'text',
      'from.tls': 'switched',
      'from.sasl': 'lists',
      transforms: 'list',
      sinks: 'lists',
      deadLetter: 'lists',
      onError: 'function',
      onDiagnostic: 'function',
      stopTimeout: 'integer',
      retry: 'section',
      'retry.first': 'integer',
      'retry.most': 'integer',
    },
  },
  'createConsumer of a journal': {
    open: (options) => createConsumer(options as never),
    least: { from: { dir: 'a', name: 'a' }, sinks: [sink] },
    options: {
      'from.dir': 'text',
      'from.name': 'name',
      'from.group': 'name',
      'from.start': 'oneOf',
      'from.follow': 'boolean',
    },
  },
  readJournal: {
    open: readReadOptions,
    least: { dir: 'a', name: 'a' },
    options: {
      dir: 'text',
      name: 'name',
      slot: 'integer',
      from: 'list',
      follow: 'boolean',
      signal: 'stream',
    },
  },
  dailyFiles: {
    open: (options) => dailyFiles(options as never),
    least: { dir: 'a' },
    options: {
      dir: 'text',
      path: 'text',
      clock: 'oneOf',
      zone: 'oneOf',
      maxOpenFiles: 'integer',
      idleTimeout: 'integer',
      fsync: 'boolean',
    },
  },
  'the sink of the console': {
    open: (options) => consoleSink(options),
    least: {},
    options: { stream: 'stream', pretty: 'boolean', colors: 'boolean' },
  },
  defineSink: {
    open: (options) => defineSink(options as never),
    least: sink,
    options: { name: 'text', write: 'function', concurrency: 'integer', open: 'function', close: 'function' },
  },
}

/** Names are asked for at the end, so that a wrong one within others shows. */
const beside: Readonly<Record<string, Options>> = {
  'kafka.': { brokers: ['a:1'] },
  'kafka.sasl.': { mechanism: 'plain', username: 'a', password: 'b' },
  'diagnostics.': { outputters: [] },
}

/** The least options and `value` by the name of an option. */
function withOption(least: Options, name: string, value: unknown, at = ''): Options {
  const [key = '', ...rest] = name.split('.')
  const path = `${at}${key}.`
  if (rest.length === 0) return { ...least, [key]: value }
  const inner = (least[key] ?? beside[path] ?? {}) as Options
  return { ...least, [key]: withOption(inner, rest.join('.'), value, path) }
}

/** What it throws; undefined: nothing. */
function thrownBy(act: () => unknown): unknown {
  try {
    act()
    return undefined
  } catch (thrown) {
    return thrown ?? new Error(String(thrown))
  }
}

for (const [door, { open, least, options }] of Object.entries(doors)) {
  test(`${door}: each option with each wrong value is refused by its name`, async (t) => {
    const dir = await temporaryDirectory(t)
    const before = process.cwd()
    process.chdir(dir)
    t.after(() => process.chdir(before))
    const silent: string[] = []
    for (const [name, kind] of Object.entries(options)) {
      for (const [what, value] of Object.entries(values)) {
        if ((kinds[kind] as readonly string[]).includes(what)) continue
        const thrown = thrownBy(() => open(withOption(least, name, value)))
        const last = name.split('.').at(-1) ?? ''
        const isClear =
          thrown instanceof LogflumeError && thrown.code === 'INVALID_OPTION' && thrown.message.includes(last)
        if (!isClear)
          silent.push(
            `${name}: ${what}: ${thrown instanceof Error ? (thrown.stack ?? '').slice(0, 300) : 'taken'}`,
          )
      }
    }
    for (const value of Object.values(values).filter((one) => typeof one !== 'object')) {
      const thrown = thrownBy(() => open(value as never))
      if (!(thrown instanceof LogflumeError))
        silent.push(`all options: ${String(value)}: ${thrown instanceof Error ? thrown.message : 'taken'}`)
    }
    const misspelt = thrownBy(() => open({ ...least, nope: 1 }))
    if (!door.startsWith('defineSink')) assert.match(String(misspelt), /nope: no such option; there are /)
    assert.deepEqual(silent.slice(0, 20), [], `${silent.length} in all`)
    assert.deepEqual(await readdir(join(dir)), [], 'nothing was opened')
  })
}

/** Doors behind which nothing is open yet. */
const closed = Object.entries(doors).filter(
  ([door]) => !/^createLogger|^pino|^journal|^Logflume|loadConfig/.test(door),
)

test('whatever is given for an option is taken, or refused as an option', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withTypedArray: true,
    withSparseArray: true,
  })
  const cases = closed.flatMap(([, { open, least, options }]) =>
    Object.keys(options).map((name) => ({ open, least, name })),
  )
  fc.assert(
    fc.property(fc.constantFrom(...cases), anything, ({ open, least, name }, value) => {
      const thrown = thrownBy(() => open(withOption(least, name, value)))
      if (thrown === undefined) return
      assert.ok(thrown instanceof LogflumeError, `${name}: ${(thrown as Error).stack ?? ''}`)
      assert.equal(thrown.code, 'INVALID_OPTION')
    }),
    { numRuns: 3000 },
  )
})
