import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadConfig, reloadConfig } from '../../src/config/load-config.ts'
import type { LoadConfigOptions } from '../../src/config/options.ts'
import type { Diagnostic } from '../../src/diagnostics.ts'
import { globalLogger } from '../../src/logger/global.ts'
import type { Logger } from '../../src/logger/logger.ts'
import { defineOutputter } from '../../src/logger/outputters/define-outputter.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

interface Reloaded {
  readonly log: Logger
  readonly dir: string
  readonly told: Diagnostic[]
  readonly read: (file: string) => string
  /** Another configuration in place of the one before. */
  readonly change: (config: object) => void
}

/** Loads a configuration that is an object, without a journal where it does not say otherwise. */
async function load(t: TestContext, config: object, options: LoadConfigOptions = {}): Promise<Reloaded> {
  const dir = await temporaryDirectory(t)
  const told: Diagnostic[] = []
  const defaults = {
    name: 'shop',
    journal: false,
    onDiagnostic: (diagnostic: Diagnostic): void => void told.push(diagnostic),
  }
  const log = loadConfig(config, { variables: { dir }, defaults, ...options })
  t.after(() => log.close())
  return {
    log,
    dir,
    told,
    read: (file) => readFileSync(join(dir, file), 'utf8'),
    change: (next) => reloadConfig(log, next),
  }
}

const file = (name: string, more: object = {}): object => ({
  type: 'file',
  name,
  file: `#{dir}/${name}.log`,
  formatter: { type: 'pattern', pattern: '%m%n' },
  ...more,
})

test('levels, topics and additivity hold from the next call on, and what is said no more is as without', async (t) => {
  t.after(() => (globalLogger.level = 'all'))
  const { log, change } = await load(t, {
    level: 'warn',
    globalLevel: 'debug',
    loggers: [{ name: 'shop::db', level: 'debug', additive: false, topic: 'db', trace: true }],
  })
  const state = (): unknown => [
    log.level,
    log.get('db').level,
    log.get('db').additive,
    globalLogger.level,
    log.get('db').tracing,
  ]
  assert.deepEqual(state(), ['warn', 'debug', false, 'debug', true])
  change({ level: 'error' })
  assert.deepEqual(state(), ['error', 'error', true, 'all', false])
  change({ loggers: [{ name: 'shop', level: 'trace' }] })
  assert.deepEqual(state(), ['trace', 'trace', true, 'all', false])
})

test('an outputter of the same options stays, another one takes its place, and none loses a line', async (t) => {
  const { log, change, read } = await load(t, { outputters: [file('a'), file('b')] })
  const [a, b] = ['a', 'b'].map((name) => log.getOutputter(name))
  for (let index = 0; index < 3000; index++) {
    log.info(String(index))
    if (index === 1000)
      change({ outputters: [file('a', { level: 'info' }), file('b', { maxBufferBytes: 4096_000 })] })
    if (index === 2000) change({ outputters: [file('a'), file('c')] })
  }
  assert.equal(log.getOutputter('a'), a)
  assert.equal(log.getOutputter('b'), undefined)
  assert.throws(() => log.addOutputter(b!), { code: 'CLOSED' })
  await log.close()
  const numbers = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, index) => `${from + index}\n`).join('')
  assert.equal(read('a.log'), numbers(0, 3000))
  assert.equal(read('b.log'), numbers(0, 2001))
  assert.equal(read('c.log'), numbers(2001, 3000))
})

test('one that is slow gets what it had before it is closed', async (t) => {
  const texts: string[] = []
  const closed: string[] = []
  let letWrite = (): void => undefined
  const mayWrite = new Promise<void>((resolve) => (letWrite = resolve))
  const types = {
    outputters: {
      slow: ({ tag }: Readonly<Record<string, unknown>>) =>
        defineOutputter({
          name: 'slow',
          formatter: ({ message }) => message,
          async write(entries) {
            await mayWrite
            texts.push(...entries.map(({ text }) => `${String(tag)} ${text}`))
          },
          close: () => void closed.push(String(tag)),
        }),
    },
  }
  const { log, change } = await load(
    t,
    { outputters: [{ type: 'slow', tag: 'one' }] },
    { types, defaults: { name: 'shop', journal: false } },
  )
  log.info('a')
  log.info('b')
  change({ outputters: [{ type: 'slow', tag: 'two' }] })
  log.info('c')
  assert.deepEqual([texts, closed], [[], []])
  letWrite()
  await log.close()
  assert.deepEqual(texts.toSorted(), ['one a', 'one b', 'two c'])
  assert.deepEqual(closed.toSorted(), ['one', 'two'])
})

test('levels and formatters of outputters change', async (t) => {
  const { log, change, read } = await load(t, { outputters: [file('a', { level: 'warn' })] })
  log.info('no')
  change({ outputters: [file('a', { onlyAt: ['info'] })] })
  log.info('one')
  log.warn('no')
  change({ outputters: [file('a', { formatter: 'simple' })] })
  log.warn('two')
  await log.close()
  assert.equal(read('a.log'), 'one\n WARN shop> two\n')
})

test('the journal takes other levels, and goes to other loggers', async (t) => {
  const journal = { dir: '#{dir}/logs', journal: true }
  const { log, change, read } = await load(t, {
    ...journal,
    outputters: [{ type: 'journal', level: 'warn' }],
  })
  log.info('no')
  change({ ...journal, loggers: [{ name: 'shop::db', additive: false, outputters: ['journal'] }] })
  log.info('one')
  log.get('db').info('two')
  change({ ...journal, loggers: [{ name: 'shop::db', additive: false }] })
  log.get('db').info('no')
  await log.close()
  assert.deepEqual(read('logs/shop.log').match(/(?<="message":")[^"]*/g), ['one', 'two'])
})

test('what code has added stays', async (t) => {
  const texts: string[] = []
  const own = defineOutputter({
    name: 'own',
    write: (all) => void texts.push(...all.map(({ record }) => record.message)),
  })
  const { log, change } = await load(t, { outputters: [file('a')] })
  log.addOutputter(own)
  change({ outputters: [file('b')] })
  log.info('one')
  await log.flush()
  assert.deepEqual([texts, log.outputters.map(({ name }) => name)], [['one'], ['own', 'b']])
  assert.throws(
    () => change({ outputters: [file('own')] }),
    /^LogflumeError: outputters\[0\]\.name: expected a name that no other/,
  )
})

test('a wrong one changes nothing, and is told in diagnostics and stats', async (t) => {
  const { log, change, told, dir } = await load(t, { level: 'debug', outputters: [file('a')] })
  const wrong = { level: 'error', outputters: [file('a'), file('new'), file('b', { maxBufferBytes: 1 })] }
  assert.throws(() => change(wrong), {
    code: 'INVALID_OPTION',
    message: /^outputters\[2\]\.maxBufferBytes: /,
  })
  assert.throws(() => change({ outputters: [{ type: 'own' }] }), /outputters\[0\]\.type/)
  assert.throws(() => change({ loggers: [{ name: 'shop', level: 'x' }] }), /loggers\[0\]\.level/)
  assert.equal(log.level, 'debug')
  assert.deepEqual(
    log.outputters.map(({ name }) => name),
    ['a'],
  )
  const { config } = log.stats()
  assert.deepEqual([config?.loaded, config?.refused, config?.file], [1, 3, undefined])
  assert.match(config?.error ?? '', /^loggers\[0\]\.level: expected one of/)
  assert.match(
    told[0]?.message ?? '',
    /^the configuration stays as it is: outputters\[2\]\.maxBufferBytes: expected/,
  )
  assert.equal(told[0]?.level, 'error')
  change({ outputters: [file('a')] })
  assert.deepEqual([log.stats().config?.loaded, log.stats().config?.error], [2, undefined])
  assert.equal(existsSync(join(dir, 'new.log')), false)
})

test('an outputter that cannot be added leaves the ones before', async (t) => {
  const used = defineOutputter({ name: 'used', write: () => undefined })
  const types = { outputters: { used: () => used } }
  const { log, change, read } = await load(t, { outputters: [file('a')] }, { types })
  const other = loadConfig({ name: 'x', journal: false, outputters: [{ type: 'used' }] }, { types })
  await other.close()
  assert.throws(() => change({ outputters: [file('b'), { type: 'used' }] }), { code: 'CLOSED' })
  log.info('one')
  await log.close()
  assert.equal(read('a.log'), 'one\n')
})

test('what holds from the start on is told', async (t) => {
  const kafka = (topic: string): object => ({ brokers: ['127.0.0.1:1'], topic })
  const { log, change, told } = await load(t, { base: { a: 1 }, levels: { audit: 35 } })
  change({ base: { a: 2 }, levels: { audit: 35 }, level: 'error' })
  assert.equal(log.level, 'error')
  assert.deepEqual(log.stats().config?.restartFor, ['base.a'])
  assert.equal(told.at(-1)?.message, 'the configuration: a change of base.a holds from the next start on')
  change({ base: { a: 1 }, journal: true, dir: 'x', kafka: kafka('t') })
  assert.deepEqual(log.stats().config?.restartFor.toSorted(), ['dir', 'journal', 'kafka', 'levels'])
})

test('a logger that was closed, or that no configuration made, is refused', async (t) => {
  const { log, dir } = await load(t, {})
  assert.throws(() => reloadConfig({}), {
    code: 'INVALID_OPTION',
    message: /^log: expected the logger that loadConfig/,
  })
  assert.throws(() => reloadConfig(log, 'text' as never), { code: 'INVALID_OPTION' })
  await log.close()
  assert.throws(() => reloadConfig(log), { code: 'CLOSED' })
  await writeFile(join(dir, 'config.yml'), 'name: shop\njournal: false')
  const fromFile = loadConfig(join(dir, 'config.yml'))
  await writeFile(join(dir, 'config.yml'), 'name: shop\njournal: false\nlevel: warn')
  reloadConfig(fromFile)
  assert.equal(fromFile.level, 'warn')
  assert.equal(fromFile.stats().config?.file, join(dir, 'config.yml'))
  await fromFile.close()
})
