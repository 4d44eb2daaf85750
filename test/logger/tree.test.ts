import assert from 'node:assert/strict'
import test from 'node:test'
import type { LoggerStats } from '../../src/logger/stats.ts'
import { capture } from './capture.ts'

test('a named logger has its name, and is the same object each time', () => {
  const { log, last } = capture()
  const db = log.get('db')
  db.info('m')
  assert.equal(db.name, 'shop::db')
  assert.equal(last()['log.logger'], 'shop::db')
  assert.equal(last()['service.name'], 'shop')
  assert.equal(log.get('db'), db)
  assert.equal(log.get('db::pool'), db.get('pool'))
  assert.equal(log.get('db::pool').name, 'shop::db::pool')
  assert.notEqual(log.get('http'), db)
})

test('a name that cannot be is refused', () => {
  const { log } = capture()
  for (const name of ['', '::', 'a::', '::a', 'x'.repeat(251), 5 as unknown as string]) {
    assert.throws(() => log.get(name), { code: 'INVALID_OPTION', message: /^name of a logger: / })
  }
  assert.equal(log.get('x'.repeat(249)).name.length, 255)
})

test('levels are inherited live', () => {
  const { log, lines } = capture({ level: 'info' })
  const pool = log.get('db::pool')
  const child = pool.child({ a: 1 })
  log.level = 'debug'
  assert.deepEqual([log.level, log.get('db').level, pool.level, child.level], Array(4).fill('debug'))
  pool.debug('one')
  child.debug('two')
  assert.equal(lines.length, 2)

  log.get('db').level = 'error'
  assert.deepEqual(
    [log.level, log.get('db').level, pool.level, child.level],
    ['debug', 'error', 'error', 'error'],
  )
  pool.warn('no')
  assert.equal(lines.length, 2)

  pool.level = 'trace'
  log.level = 'fatal'
  log.get('db').level = 'off'
  assert.deepEqual([log.level, log.get('db').level, pool.level], ['fatal', 'off', 'trace'])

  pool.level = undefined
  assert.equal(pool.level, 'off')
  log.get('db').level = undefined
  assert.deepEqual([log.get('db').level, pool.level, child.level], ['fatal', 'fatal', 'fatal'])
  assert.equal(log.get('db::late').level, 'fatal')

  log.level = undefined
  assert.equal(log.level, 'info')
  assert.equal(pool.level, 'info')
})

test('a child shares its level with the logger it was made from', () => {
  const { log } = capture({ level: 'info' })
  const db = log.get('db')
  db.child({ a: 1 }).level = 'error'
  assert.equal(db.level, 'error')
  assert.equal(log.level, 'info')
})

test('off silences all levels', () => {
  const { log, lines } = capture({ level: 'off' })
  log.fatal('no')
  log.log('fatal', 'no')
  assert.deepEqual(lines, [])
  assert.equal(log.isLevelEnabled('fatal'), false)
  assert.equal(log.level, 'off')
})

test('isLevelEnabled agrees with what is written', () => {
  const { log, lines } = capture()
  const names = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
  names.forEach((setting, index) => {
    log.level = setting
    const before = lines.length
    for (const name of names) log[name]('m')
    assert.equal(lines.length - before, names.length - index)
    assert.deepEqual(
      names.filter((name) => log.isLevelEnabled(name)),
      names.slice(index),
    )
  })
  assert.equal(log.isLevelEnabled('off' as 'info'), false)
  assert.equal(log.isLevelEnabled('nope' as 'info'), false)
})

test('a level that does not exist is refused, and the one before stays', () => {
  const { log } = capture({ level: 'warn' })
  assert.throws(() => (log.level = 'verbose' as 'info'), {
    code: 'INVALID_OPTION',
    message: `level: expected one of trace, debug, info, warn, error, fatal, off, got "verbose" (string)`,
  })
  assert.equal(log.level, 'warn')
})

test('children have their fields, merged, each key once', () => {
  const { log, last } = capture({ base: { 'service.version': '1.2.3' } })
  const request = log.child({ 'request.id': 'r1', user: 'a' })
  const inner = request.child({ user: 'b', step: 1 })
  inner.info('m')
  assert.deepEqual(
    [last()['service.version'], last()['request.id'], last().user, last().step],
    ['1.2.3', 'r1', 'b', 1],
  )
  inner.info('m', { step: 2, 'service.version': '2' })
  assert.deepEqual([last().step, last().user, last()['service.version']], [2, 'b', '2'])
  inner.info('m', { step: undefined })
  assert.equal(last().step, 1)
  request.info('m')
  assert.deepEqual([last().user, last().step], ['a', undefined])
  log.info('m')
  assert.equal(last().user, undefined)
})

test('bound fields are looked at once', () => {
  const { log, last } = capture()
  const user = { name: 'a' }
  const child = log.child({ user })
  user.name = 'b'
  child.info('m')
  assert.deepEqual(last().user, { name: 'a' })
})

test('a bound error is replaced whole by the error of a call', () => {
  const { log, last } = capture()
  const child = log.child({ err: Object.assign(new Error('bound'), { code: 'E_BOUND' }), 'error.id': 5 })
  child.info('m')
  assert.deepEqual([last()['error.message'], last()['error.code'], last().message], ['bound', 'E_BOUND', 'm'])
  child.error(new Error('own'))
  assert.deepEqual([last()['error.message'], last()['error.code'], last()['error.id']], ['own', undefined, 5])
})

test('a named logger of a child has the fields of the child', () => {
  const { log, last } = capture()
  const request = log.child({ 'request.id': 'r1' })
  const db = request.get('db')
  assert.equal(request.get('db'), db)
  assert.notEqual(log.get('db'), db)
  db.info('m')
  assert.deepEqual([last()['log.logger'], last()['request.id']], ['shop::db', 'r1'])
  log.get('db').level = 'error'
  assert.equal(db.level, 'error')
  log.get('db').error('m')
  assert.equal(last()['request.id'], undefined)
})

test('the fields of a child have to be fields', () => {
  const { log } = capture()
  for (const fields of [undefined, null, 'text', 5, [1], new Date()]) {
    assert.throws(() => log.child(fields as object), {
      code: 'INVALID_OPTION',
      message: /^fields of a child: /,
    })
  }
})

test('a fatal line is on disk when the call returns, others do not wait', () => {
  const { log, flushedAt } = capture({ levels: { panic: 70, audit: 59 } })
  log.error('m')
  log.audit('m')
  assert.deepEqual(flushedAt, [])
  log.fatal('m')
  log.child({ a: 1 }).panic('m')
  log.log('fatal', 'm')
  assert.deepEqual(flushedAt, [3, 4, 5])
})

test('stats, flush, rotate and close of every logger of a tree are those of the one journal', async () => {
  const stats = { written: 5 } as LoggerStats
  const calls: unknown[] = []
  const { log } = capture({
    lifecycle: {
      stats: () => stats,
      flush: async (options) => (calls.push(['flush', options]), Promise.resolve(stats)),
      rotate: () => void calls.push('rotate'),
      close: async (options) => (calls.push(['close', options]), Promise.resolve(stats)),
      [Symbol.asyncDispose]: async () => Promise.resolve(void calls.push('dispose')),
    },
  })
  for (const logger of [log, log.get('db'), log.child({ a: 1 })]) {
    assert.deepEqual(logger.stats(), { ...stats, outputters: {} })
    assert.deepEqual(await logger.flush({ timeout: 5 }), { ...stats, outputters: {} })
    logger.rotate()
    assert.deepEqual(calls.splice(0), [['flush', { timeout: 5 }], 'rotate'])
  }
  assert.deepEqual(await log.get('db').close(), { ...stats, outputters: {} })
  assert.deepEqual(calls.splice(0), [['close', undefined]])
  await log[Symbol.asyncDispose]()
  assert.deepEqual(calls, [])
})

test('two trees do not know each other', () => {
  const one = capture({ levels: { audit: 35 } })
  const two = capture({ level: 'error' })
  one.log.audit('m')
  assert.equal(one.last()['log.level'], 'audit')
  assert.ok(!('audit' in two.log))
  assert.equal(one.log.level, 'trace')
})

test("a logger's topic is in its lines and in those below it, right behind the time, until one has its own", () => {
  const { log, lines, last } = capture()
  const audit = log.get('audit', { topic: 'audit' })
  const before = log.get('audit::login')
  audit.get('own', { topic: 'own' })
  audit.info('m')
  assert.match(lines.at(-1) ?? '', /^\{"@timestamp":"[^"]{24}",\t"kafka.topic":"audit","log.level":"info",/)
  before.info('m')
  assert.equal(last()['kafka.topic'], 'audit')
  log.get('audit::own::below').info('m')
  assert.equal(last()['kafka.topic'], 'own')
  audit.child({ 'kafka.topic': 'forged' }).info('m', { n: 1 })
  assert.deepEqual([last()['kafka.topic'], last()['field.kafka.topic']], ['audit', 'forged'])
  log.info('m', { 'kafka.topic': 'forged' })
  assert.deepEqual([last()['kafka.topic'], last()['field.kafka.topic']], [undefined, 'forged'])
  assert.equal(log.get('audit'), audit)
  log.get('audit', { topic: 'other' })
  before.info('m')
  assert.equal(last()['kafka.topic'], 'other')
})

test('a line that was cut still says its topic where it is looked for', () => {
  const { log, lines } = capture({ maxLineBytes: 4096 })
  log.get('audit', { topic: 'audit' }).info('x'.repeat(10_000))
  assert.match(
    lines.at(-1) ?? '',
    /^\{"@timestamp":"[^"]{24}",\t"kafka.topic":"audit",.*"log.truncated":true/,
  )
})

test('a topic that Kafka would not take is refused', () => {
  const { log } = capture()
  for (const topic of ['', 'a b', '..', 'x'.repeat(250), 5 as unknown as string])
    assert.throws(() => log.get('a', { topic }), { code: 'INVALID_OPTION', message: /topic: expected/ })
  assert.throws(() => log.get('a', { topik: 'a' } as object), { code: 'INVALID_OPTION', message: /topik/ })
})
