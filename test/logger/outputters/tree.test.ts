import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globalLogger } from '../../../src/logger/global.ts'
import { defineOutputter } from '../../../src/logger/outputters/define-outputter.ts'
import type { Outputter, OutputterOptions } from '../../../src/logger/outputters/outputter.ts'
import type { LoggerStats } from '../../../src/logger/stats.ts'
import { capture } from '../capture.ts'

interface Kept {
  readonly outputter: Outputter
  /** Messages, as of the formatter: in the call itself. */
  readonly messages: string[]
}

function keep(name: string, options: Partial<OutputterOptions> = {}): Kept {
  const messages: string[] = []
  const outputter = defineOutputter({
    name,
    formatter: ({ message }) => (messages.push(message), message),
    write: () => undefined,
    ...options,
  })
  return { outputter, messages }
}

test('a record goes to the outputters of its logger and of those above, to each once', () => {
  const [root, db] = [keep('root'), keep('db')]
  const { log, lines } = capture({ outputters: [root.outputter] })
  const pool = log.get('db::pool')
  log.get('db').addOutputter(db.outputter, root.outputter)
  pool.info('pool')
  log.get('http').child({ a: 1 }).info('http')
  assert.deepEqual([root.messages, db.messages, lines.length], [['pool', 'http'], ['pool'], 2])
  assert.deepEqual(
    [log, log.get('db'), pool].map(({ outputters }) => outputters.map(({ name }) => name)),
    [['journal', 'root'], ['db', 'root'], []],
  )
  assert.equal(pool.getOutputter('root'), root.outputter)
  assert.equal(pool.getOutputter('nope'), undefined)
})

test('without additivity nothing goes up, not to the journal either', () => {
  const [root, db] = [keep('root'), keep('db')]
  const { log, lines } = capture({ outputters: [root.outputter] })
  log.get('db').addOutputter(db.outputter)
  assert.equal(log.get('db').additive, true)
  log.get('db').additive = false
  log.get('db::pool').info('one')
  assert.deepEqual([root.messages, db.messages, lines.length], [[], ['one'], 0])
  log.get('db').addOutputter(log.getOutputter('journal')!)
  log.get('db').info('two')
  assert.deepEqual([root.messages, db.messages, lines.length], [[], ['one', 'two'], 1])
  log.get('db').additive = true
  log.get('db').info('three')
  assert.deepEqual([root.messages, db.messages, lines.length], [['three'], ['one', 'two', 'three'], 2])
  assert.throws(() => (log.additive = 'no' as never), { code: 'INVALID_OPTION' })
})

test('an outputter that is removed gets nothing, and can come back', () => {
  const kept = keep('kept')
  const { log, lines } = capture({ outputters: [kept.outputter] })
  log.removeOutputter('kept', log.getOutputter('journal')!)
  log.info('one')
  assert.deepEqual([kept.messages, lines.length], [[], 0])
  log.addOutputter(log.getOutputter('kept')!)
  log.info('two')
  assert.deepEqual([kept.messages, lines.length], [['two'], 0])
})

test('an outputter takes its own levels, which can be changed live', () => {
  const [least, only] = [keep('least', { level: 'warn' }), keep('only', { onlyAt: ['info', 'audit'] })]
  const { log, lines } = capture({ levels: { audit: 35 }, outputters: [least.outputter, only.outputter] })
  const all = (): void => (['debug', 'info', 'audit', 'warn'] as const).forEach((level) => log[level](level))
  all()
  assert.deepEqual([least.messages.splice(0), only.messages.splice(0)], [['warn'], ['info', 'audit']])
  least.outputter.level = 'off'
  only.outputter.onlyAt = undefined
  log.getOutputter('journal')!.level = 'audit'
  all()
  assert.deepEqual([least.messages, only.messages], [[], ['debug', 'info', 'audit', 'warn']])
  assert.equal(lines.length, 4 + 2)
  log.getOutputter('journal')!.level = undefined
  all()
  assert.equal(lines.length, 4 + 2 + 4)
})

test('levels, names and outputters that cannot be are refused', () => {
  const { log } = capture({ outputters: [keep('a').outputter] })
  const refused = (act: () => void, message: RegExp): void =>
    assert.throws(act, { name: 'LogflumeError', code: 'INVALID_OPTION', message })
  refused(() => log.addOutputter(keep('a').outputter), /has another outputter by the name of a already$/)
  refused(
    () => log.addOutputter(keep('b', { level: 'nope' }).outputter),
    /^level of outputter b: expected one of /,
  )
  refused(() => log.addOutputter(keep('c', { onlyAt: ['nope'] }).outputter), /^onlyAt of outputter c: /)
  refused(() => (log.getOutputter('a')!.level = 'nope'), /^level of outputter a: /)
  refused(
    () => (log.getOutputter('a')!.onlyAt = 'info' as never),
    /^onlyAt of outputter a: expected an array/,
  )
  refused(() => log.addOutputter({ write: () => undefined } as never), /^addOutputter: expected an outputter/)
  refused(() => capture({ outputters: [{} as never] }), /^outputters\[0\]: expected an outputter/)
  refused(() => defineOutputter({ name: 'x' } as never), /^write: expected a function/)
  refused(() => defineOutputter({ name: 'x', write: () => 0, lvl: 1 } as never), /^lvl: no such option/)
})

test('a formatter that throws, or gives no text, loses nothing and stops nobody', async () => {
  const texts: string[] = []
  const write = (entries: readonly { text: string }[]): void =>
    void texts.push(...entries.map(({ text }) => text))
  const broken = defineOutputter({ name: 'broken', formatter: () => { throw new Error('no') }, write }) // prettier-ignore
  const empty = defineOutputter({ name: 'empty', formatter: () => undefined as never, write })
  const kept = keep('kept')
  const { log, lines, diagnostics } = capture({ outputters: [broken, empty, kept.outputter] })
  log.info('m')
  await Promise.all([flushed(broken), flushed(empty)])
  assert.deepEqual([texts, kept.messages], [[lines[0], lines[0]], ['m']])
  assert.deepEqual(
    diagnostics.map(({ message }) => message),
    [
      'outputter broken: its formatter threw: no',
      'outputter empty: its formatter gave undefined, not a text',
    ],
  )
})

async function flushed(outputter: Outputter): Promise<void> {
  while (outputter.stats().pending > 0) await new Promise((resolve) => setImmediate(resolve))
}

test('what a formatter logs does not come back to its outputter', () => {
  const { log, lines } = capture()
  let formatted = 0
  const formatter = (): string => (log.info('from the formatter'), formatted++, '')
  log.addOutputter(defineOutputter({ name: 'chatty', formatter, write: () => undefined }))
  log.info('m')
  assert.deepEqual([formatted, lines.length], [1, 2])
})

test('the global level limits every tree, whatever its levels are', (t) => {
  t.after(() => (globalLogger.level = 'all'))
  const [one, two] = [
    capture({ levels: { chatter: 5 }, level: 'chatter' }),
    capture({ levels: { warn: 45 } }),
  ]
  const all = (): void => {
    for (const { log } of [one, two]) {
      log.info('m')
      log.warn('m')
    }
  }
  globalLogger.level = 'warn'
  all()
  assert.deepEqual([one.lines.length, two.lines.length], [1, 1])
  assert.deepEqual(
    [one.log.isLevelEnabled('info'), one.log.level, one.log.get('new').isLevelEnabled('info')],
    [false, 'chatter', false],
  )
  one.log.level = 'trace'
  assert.equal(one.log.isLevelEnabled('info'), false)
  globalLogger.level = 'off'
  one.log.fatal('m')
  assert.equal(one.lines.length, 1)
  globalLogger.level = 'all'
  one.log.level = 'chatter'
  one.log.chatter('m')
  all()
  assert.deepEqual([one.lines.length, two.lines.length], [4, 3])
  assert.throws(() => (globalLogger.level = 'chatter' as never), { code: 'INVALID_OPTION' })
})

test('trace: each line says where its call is', () => {
  const { log, last } = capture({ trace: true })
  function buy(): void {
    log.child({ a: 1 }).info('m', { b: 2 })
  }
  buy()
  assert.match(String(last()['log.origin.file.name']), /[\\/]tree\.test\.ts$/)
  assert.equal(typeof last()['log.origin.file.line'], 'number')
  assert.deepEqual([last()['log.origin.function'], last().a, last().b], ['buy', 1, 2])
})

test('a fatal record is flushed by every outputter', () => {
  const texts: string[] = []
  const writeSync = (entries: readonly { text: string }[]): void =>
    void texts.push(...entries.map(({ text }) => text))
  const outputter = defineOutputter({
    name: 'sync',
    formatter: ({ message }) => message,
    write: writeSync,
    writeSync,
  })
  const { log, flushedAt } = capture({ outputters: [outputter] })
  log.error('one')
  log.fatal('two')
  assert.deepEqual([texts, flushedAt], [['one', 'two'], [2]])
})

test('an outputter of two trees ends with the last of them', async () => {
  const stats = { written: 0 } as LoggerStats
  const lifecycle = { stats: () => stats, close: () => Promise.resolve(stats) }
  const { outputter, messages } = keep('both')
  const [one, two] = [
    capture({ outputters: [outputter], lifecycle }),
    capture({ outputters: [outputter], lifecycle }),
  ]
  await one.log.close()
  two.log.info('m')
  assert.deepEqual(messages, ['m'])
  const closed = await two.log.close()
  assert.deepEqual(closed.outputters.both, { taken: 1, written: 1, pending: 0, lost: {}, error: undefined })
  two.log.info('late')
  assert.deepEqual(outputter.stats().lost, { 'logged after close': 1 })
  assert.throws(() => capture({ outputters: [outputter] }), { code: 'CLOSED' })
})

test('tracing is inherited live, and undefined goes back to that above', () => {
  const { log, last } = capture()
  const isTraced = (logger: typeof log): boolean => {
    logger.info('m')
    assert.equal(logger.tracing, 'log.origin.file.line' in last())
    return logger.tracing
  }
  const db = log.get('db')
  const pool = db.get('pool')
  assert.deepEqual([log, db, pool].map(isTraced), [false, false, false])
  db.tracing = true
  assert.deepEqual([log, db, pool, db.get('late'), pool.child({ a: 1 })].map(isTraced), [
    false,
    true,
    true,
    true,
    true,
  ])
  assert.match(String(last()['log.origin.file.name']), /tree\.test\.ts$/)
  pool.tracing = false
  log.tracing = true
  assert.deepEqual([log, db, pool].map(isTraced), [true, true, false])
  db.tracing = undefined
  pool.tracing = undefined
  assert.deepEqual([log, db, pool].map(isTraced), [true, true, true])
  log.tracing = undefined
  assert.deepEqual([log, db, pool].map(isTraced), [false, false, false])
  assert.equal(capture({ trace: true }).log.get('a').tracing, true)
  assert.throws(() => (log.tracing = 'yes' as never), {
    code: 'INVALID_OPTION',
    message: /^tracing: expected true/,
  })
})
