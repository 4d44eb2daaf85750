import assert from 'node:assert/strict'
import test from 'node:test'
import type { Logger, LogMethod } from '../../src/logger/logger.ts'
import type { LoggerOptions } from '../../src/logger/options.ts'
import { capture } from './capture.ts'

test('a level of your own is a method of every logger, at its rank', () => {
  const { log, last, lines } = capture({ levels: { audit: 35, verbose: 5 } })
  for (const logger of [log, log.get('db'), log.child({ a: 1 })]) {
    logger.audit('checked', { user: 'u' })
    assert.deepEqual([last()['log.level'], last().message, last().user], ['audit', 'checked', 'u'])
  }
  const before = lines.length
  log.verbose('below trace')
  assert.equal(lines.length, before)
  log.level = 'verbose'
  log.verbose('now')
  assert.equal(last().message, 'now')
  log.level = 'audit'
  assert.deepEqual(
    [log.isLevelEnabled('info'), log.isLevelEnabled('audit'), log.isLevelEnabled('warn')],
    [false, true, true],
  )
  log.log('audit', 'by name')
  assert.equal(last().message, 'by name')
})

test('a standard level can have another rank', () => {
  const { log, lines } = capture({ levels: { debug: 45 }, level: 'warn' })
  log.debug('above warn')
  log.info('below')
  assert.equal(lines.length, 1)
})

test('two levels may have one rank', () => {
  const { log, last } = capture({ levels: { audit: 30, note: 30 }, level: 'note' })
  assert.equal(log.level, 'note')
  log.audit('m')
  assert.equal(last()['log.level'], 'audit')
  log.info('m')
  assert.equal(last()['log.level'], 'info')
})

test('the types know the levels', () => {
  // Each of these has to compile, or, after @ts-expect-error, has not to: `npm run types` checks it.
  const { log } = capture({ levels: { audit: 35 } })
  log.audit satisfies LogMethod
  log.get('a').child({}).audit satisfies LogMethod
  log satisfies Logger<'audit'>
  log satisfies Logger
  log.level satisfies string
  log.level = log.get('a').level
  const plain: Logger = log
  // @ts-expect-error: no such level
  assert.equal(capture().log.audit, undefined)
  // @ts-expect-error: a logger without the level
  plain satisfies Logger<'audit'>
  // @ts-expect-error: no such level
  log.log('audti', 'm')
  // @ts-expect-error: a message comes first or second
  log.info({ a: 1 }, 2)
  // @ts-expect-error: fields are an object
  log.info('m', 2)
  const options: LoggerOptions<'audit'> = { name: 'shop', level: process.env.LOG_LEVEL }
  assert.ok(options)
  // @ts-expect-error: the levels that were named have ranks
  assert.ok({} satisfies LoggerOptions<'audit'>['levels'])

  interface Order {
    id: number
  }
  const order: Order = { id: 17 }
  log.info('an interface has no index signature', order)
  log.info(order, 'nor has it here')
  try {
    throw new Error('m')
  } catch (error) {
    log.error(error, 'what is caught is unknown', { a: 1 })
  }
})
