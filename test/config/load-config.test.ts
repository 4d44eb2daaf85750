import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { checkConfig, loadConfig } from '../../src/config/load-config.ts'
import type { LoadConfigOptions } from '../../src/config/options.ts'
import { globalLogger } from '../../src/logger/global.ts'
import type { Logger } from '../../src/logger/logger.ts'
import { defineOutputter } from '../../src/logger/outputters/define-outputter.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

interface Loaded {
  readonly log: Logger<'audit'>
  readonly dir: string
  readonly read: (file: string) => string
}

/** Loads `text` from a file whose `#{dir}` is a directory of its own. */
async function load(
  t: TestContext,
  text: string,
  options: LoadConfigOptions<'audit'> = {},
  file = 'config.yml',
): Promise<Loaded> {
  const dir = await temporaryDirectory(t)
  await writeFile(join(dir, file), text)
  const variables = { dir, ...options.variables }
  const log = loadConfig<'audit'>(join(dir, file), { ...options, variables })
  t.after(() => log.close())
  return { log, dir, read: (name) => readFileSync(join(dir, name), 'utf8') }
}

test('a file configures a tree: levels, loggers, outputters, formatters', async (t) => {
  const { log, read } = await load(
    t,
    `
name: shop
dir: '#{dir}/logs'
level: \${LEVEL:-info}
levels: { audit: 35 }
base: { team: checkout }
outputters:
  - type: file
    file: '#{dir}/app.log'
    formatter: { type: pattern, pattern: '%p %c %m%n' }
  - type: rollingFile
    name: audit
    file: '#{dir}/audit.log'
    maxBytes: \${MAX}
    onlyAt: [audit]
    formatter: simple
  - type: journal
    level: warn
loggers:
  - name: shop::db
    level: debug
  - name: shop::audit
    additive: false
    outputters: [audit, journal]
`,
    { env: { MAX: '4096' } },
  )
  log.debug('not there')
  log.info('one', { orderId: 17 })
  log.get('db::pool').debug('two')
  log.get('audit').audit('three')
  log.get('audit').warn('four')
  await log.close()
  assert.equal(read('app.log'), 'INFO shop one\nDEBUG shop::db::pool two\n')
  assert.equal(read('audit.log'), 'AUDIT audit> three\n')
  const lines = read('logs/shop.log')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    lines.map(({ message, team }) => [message, team]),
    [['four', 'checkout']],
  )
})

test('JSON, an object and a URL are taken alike', async (t) => {
  const dir = await temporaryDirectory(t)
  const config = {
    $schema: 'logflume/config.schema.json',
    variables: { where: '${ROOT}' },
    name: 'shop',
    journal: '${JOURNAL}',
    outputters: [{ type: 'file', file: '#{where}/app.log', maxBufferBytes: '${BYTES}', formatter: 'simple' }],
  }
  const env = { ROOT: dir, JOURNAL: 'false', BYTES: '2048' }
  await writeFile(join(dir, 'config.json'), JSON.stringify(config, undefined, '\t'))
  const sources = [config, join(dir, 'config.json'), pathToFileURL(join(dir, 'config.json'))]
  for (const source of sources) {
    const log = loadConfig(source, { env })
    log.info('one')
    await log.close()
  }
  assert.equal(readFileSync(join(dir, 'app.log'), 'utf8'), ' INFO shop> one\n'.repeat(3))
  assert.deepEqual(Object.keys(config), ['$schema', 'variables', 'name', 'journal', 'outputters'])
})

test("outputters that no logger names are the root's; where it names some, a spare one is told", async (t) => {
  const text = (loggers: string): string => `
name: shop
journal: false
${loggers}
outputters:
  - { type: file, name: a, file: '#{dir}/a.log' }
  - { type: file, name: b, file: '#{dir}/b.log' }
`
  const told: string[] = []
  const defaults = { onDiagnostic: ({ message }: { message: string }) => void told.push(message) }
  const { log: all } = await load(t, text('loggers: [{ name: shop::db, outputters: [b] }]'), { defaults })
  assert.deepEqual(
    [all, all.get('db')].map(({ outputters }) => outputters.map(({ name }) => name)),
    [['a'], ['b']],
  )
  assert.deepEqual(told, [])
  const { log: some, dir } = await load(t, text('loggers: [{ name: shop, outputters: [b] }]'), { defaults })
  assert.deepEqual(
    some.outputters.map(({ name }) => name),
    ['b'],
  )
  assert.deepEqual(told, [`${dir}/config.yml: no logger has the outputter a`])
})

test('the global level is that of the process', async (t) => {
  t.after(() => (globalLogger.level = 'all'))
  const { log } = await load(t, 'name: shop\njournal: false\nglobalLevel: off')
  assert.equal(globalLogger.level, 'off')
  assert.equal(log.isLevelEnabled('fatal'), false)
})

test('own types are made from what the file says', async (t) => {
  const seen: unknown[] = []
  const texts: string[] = []
  const { log } = await load(
    t,
    `
name: shop
journal: false
outputters:
  - { type: mail, name: mail, level: error, to: ops@example.org, formatter: { type: shout, sign: '!' } }
`,
    {
      types: {
        outputters: {
          mail: ({ to, ...options }) => {
            seen.push(to)
            return defineOutputter({
              ...options,
              name: 'mail',
              write: (all) => void texts.push(...all.map(({ text }) => text)),
            })
          },
        },
        formatters: {
          shout:
            ({ sign }) =>
            ({ message }) =>
              `${message}${String(sign)}`,
        },
      },
    },
  )
  log.warn('no')
  log.error('yes')
  await log.flush()
  assert.deepEqual([seen, texts], [['ops@example.org'], ['yes!']])
})

test('serializers of the code are named in the file', async (t) => {
  const types = { serializers: { short: ({ id }: { readonly id: number }) => id } }
  const { log, read, dir } = await load(t, 'name: shop\ndir: "#{dir}/logs"\nserializers: { user: short }', {
    types,
  })
  log.info('one', { user: { id: 17, password: 'x' } })
  await log.close()
  assert.match(read('logs/shop.log'), /"user":17\}\n$/)
  const wrong = { name: 'shop', dir, serializers: { user: 'none' } }
  assert.throws(() => checkConfig(wrong, { types }), {
    option: 'serializers.user',
    message: /of short, got "none"/,
  })
})

test('what code gives counts where the file says nothing', async (t) => {
  const { log, read } = await load(t, 'level: debug\ndir: "#{dir}/logs"', {
    defaults: { name: 'shop', level: 'error', base: { a: 1 } },
  })
  log.debug('one')
  await log.close()
  assert.match(read('logs/shop.log'), /"message":"one","a":1\}\n$/)
})

test('a wrong file is refused with the place', async (t) => {
  const dir = await temporaryDirectory(t)
  const file = join(dir, 'config.yml')
  const refused = async (text: string, message: string, options: LoadConfigOptions = {}): Promise<void> => {
    await writeFile(file, text)
    const expected = { name: 'LogflumeError', code: 'INVALID_OPTION', message: `${file}: ${message}` }
    assert.throws(() => loadConfig(file, options), expected)
    assert.throws(() => checkConfig(file, options), expected)
  }
  const outputter = (rest: string): string =>
    `name: shop\ndir: ${dir}/logs\noutputters:\n  - type: console\n  - ${rest}`
  await refused('', 'expected an object of options')
  await refused('- a', 'expected an object of options')
  await refused(
    'a: [',
    'Flow sequence in block collection must be sufficiently indented and end with a ] (line 1, column 5)',
  )
  await refused('a: 1\na: 2', 'Map keys must be unique (line 2, column 1)')
  await refused('a: !js eval', 'Unresolved tag: !js (line 1, column 4)')
  await refused('dir: logs', 'name: expected a non-empty string, got undefined')
  await refused(
    'name: shop\nlevle: info',
    `levle: no such option; there are ${allOptions()} (line 2, column 8)`,
  )
  await refused(
    'name: shop\nrotate:\n  maxBytes: 4 KiB',
    'rotate.maxBytes: expected a whole number of at least 4096, got "4 KiB" (string) (line 3, column 13)',
  )
  await refused(
    outputter("{ type: rollingFile, file: x, maxBytes: '1' }"),
    'outputters[1].maxBytes: expected a whole number of at least 1, got "1" (string) (line 5, column 45)',
  )
  await refused(
    outputter('{ type: fiel }'),
    'outputters[1].type: expected one of console, file, rollingFile, dateFile, journal, got "fiel" (string) (line 5, column 13)',
  )
  await refused(
    outputter('{ type: console }'),
    'outputters[1].name: expected a name that no other outputter has, got "stderr" (string) (line 5, column 5)',
  )
  await refused(
    outputter("{ type: console, name: a, formatter: { type: pattern, pattern: '%q' } }"),
    'outputters[1].formatter.pattern: expected a directive after % at character 1, got "%q" (string) (line 5, column 68)',
  )
  await refused(
    outputter('{ type: console, name: a, onlyAt: [info, audit] }'),
    'outputters[1].onlyAt[1]: expected one of trace, debug, info, warn, error, fatal, off, got "audit" (string) (line 5, column 46)',
  )
  await refused(outputter('{ type: own }'), 'outputters[1]: nobody there (line 5, column 5)', {
    types: {
      outputters: {
        own: () => {
          throw new Error('nobody there')
        },
      },
    },
  })
  await refused(
    'name: shop\nloggers: [{ name: db }]',
    'loggers[0].name: expected shop, or a name below it as shop::db, got "db" (string) (line 2, column 19)',
  )
  await refused(
    'name: shop\nloggers: [{ name: shop, outputters: [x] }]',
    'loggers[0].outputters[0]: expected the name of an outputter, of journal, got "x" (string) (line 2, column 38)',
  )
  await refused(
    'name: shop\ndiagnostics: { outputters: [journal] }',
    'diagnostics.outputters[0]: expected the name of an outputter, of none, got "journal" (string) (line 2, column 29)',
  )
  await refused('name: ${NOBODY}', 'name: the environment has no NOBODY (line 1, column 7)', { env: {} })
  await refused(
    'name: shop\nkafka: { brokers: [a] }',
    `kafka.brokers: expected 'host:port' in each place, got "a" (string) (line 2, column 19)`,
  )
  assert.deepEqual(await readdir(dir), ['config.yml'], 'nothing was opened')
})

/** What a message says that there are. */
function allOptions(): string {
  try {
    checkConfig({ name: 'shop', levle: 1 })
  } catch (thrown) {
    return /there are (.*)$/.exec((thrown as Error).message)?.[1] ?? ''
  }
  throw new Error('not refused')
}

test('a file that is not there is refused', () => {
  assert.throws(() => loadConfig('/nowhere/config.yml'), {
    code: 'INVALID_OPTION',
    message: /^\/nowhere\/config.yml: cannot be read: ENOENT/,
  })
})

test('no message shows a secret, and a password of digits is a text', async (t) => {
  const dir = await temporaryDirectory(t)
  const sasl = (rest: object): object => ({
    name: 'shop',
    dir,
    kafka: { brokers: ['127.0.0.1:1'], sasl: { mechanism: 'plain', username: 'u', ...rest } },
  })
  const env = { PASSWORD: '123456' }
  checkConfig(sasl({ password: '${PASSWORD}' }), { env })
  for (const wrong of [sasl({ password: 123456 }), { ...sasl({}), kafka: [{ password: '123456' }] }])
    assert.throws(
      () => checkConfig(wrong, { env }),
      ({ message }: Error) => !message.includes('123456'),
    )
  const file = join(dir, 'config.yml')
  await writeFile(
    file,
    'name: shop\nkafka:\n  brokers: [127.0.0.1:1]\n  sasl:\n    mechanism: plain\n    username: u\n    password: ${PASSWORD}',
  )
  checkConfig(file, { env })
  await writeFile(file, 'password: 123456: 7')
  assert.throws(
    () => checkConfig(file),
    ({ message }: Error) => !message.includes('123456'),
  )
})
