import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonFormatter } from '../../../src/logger/formatters/json-formatter.ts'
import {
  basicFormatter,
  objectFormatter,
  simpleFormatter,
} from '../../../src/logger/formatters/log4r-formatters.ts'
import { prettyFormatter } from '../../../src/logger/formatters/pretty-formatter.ts'
import type { Logger } from '../../../src/logger/logger.ts'
import type { Fields } from '../../../src/record.ts'
import { formatted, records, time } from './records.ts'

const order = (log: Logger): void => log.get('db').warn('order placed', { orderId: 17 })
const fail = (log: Logger): void => log.error(new TypeError('no'), { orderId: 17 } as never)

test('basicFormatter: as Log4r', () => {
  assert.equal(formatted(basicFormatter(), order), ' WARN db: order placed {"orderId":17}\n')
  assert.match(
    formatted(basicFormatter({ depth: 2 }), fail),
    /^ERROR shop: \{"orderId":17\} Caught TypeError: no\n\tat .*\n\tat .*\n$/,
  )
  assert.match(
    formatted(basicFormatter({ trace: true }), order),
    /^ WARN db\(.*formatters\.test\.ts:\d+\): order/,
  )
})

test('simpleFormatter, objectFormatter', () => {
  assert.equal(formatted(simpleFormatter(), order), ' WARN db> order placed\n')
  assert.equal(formatted(objectFormatter(), order), 'db>\norder placed\n{ orderId: 17 }\n')
})

test('prettyFormatter: the same lines as the console sink of a consumer', () => {
  assert.equal(formatted(prettyFormatter(), order), '13:10:00.123 WARN  shop::db order placed orderId=17\n')
  assert.ok(formatted(prettyFormatter({ colors: true }), order).includes('\u001b[33mWARN \u001b[0m'))
})

test('jsonFormatter: ECS is the line itself', () => {
  const [record] = records(order)
  assert.equal(jsonFormatter()(record!), record!.line)
})

test('jsonFormatter: pino', () => {
  const line = formatted(jsonFormatter({ names: 'pino' }), (log) =>
    log.get('db').info('m', { a: 1, level: 'x' }),
  )
  assert.match(line, /^\{"level":30,"time":\d+,.*\}\n$/)
  const { hostname, ...others } = JSON.parse(line) as Fields
  assert.equal(typeof hostname, 'string')
  assert.deepEqual(others, {
    level: 30,
    time,
    pid: process.pid,
    name: 'shop::db',
    a: 1,
    'field.level': 'x',
    msg: 'm',
  })
  const failed = JSON.parse(formatted(jsonFormatter({ names: 'pino' }), fail)) as { err: Fields }
  assert.deepEqual(
    [failed.err.type, failed.err.message, typeof failed.err.stack],
    ['TypeError', 'no', 'string'],
  )
})

test('jsonFormatter: names of your own, and no two of them become one', () => {
  const names = {
    '@timestamp': 'time',
    message: 'msg',
    'process.pid': false,
    'host.hostname': false,
  } as const
  const line = formatted(jsonFormatter({ names }), (log) => log.info('m', { msg: 'mine', b: 2 }))
  assert.deepEqual(JSON.parse(line), {
    time: new Date(time).toISOString(),
    'log.level': 'info',
    'log.logger': 'shop',
    'service.name': 'shop',
    msg: 'm',
    'field.msg': 'mine',
    b: 2,
  })
  for (const wrong of [{ a: 1 }, { a: '' }, 'bunyan', { a: 'x', b: 'x' }]) {
    assert.throws(() => jsonFormatter({ names: wrong as never }), {
      code: 'INVALID_OPTION',
      message: /^names/,
    })
  }
})

test('a record says what its line says', () => {
  const message = 'quote " backslash \\ "quoted\\" \u2028 end\\'
  const error = new Error('no')
  const [plain, odd, failed] = records((log) => {
    log.child({ a: 1 }).info('plain', { b: 2 })
    log.info(message)
    log.error({ err: error }, 'failed')
  })
  assert.deepEqual([plain!.message, plain!.fields, plain!.error], ['plain', { a: 1, b: 2 }, undefined])
  assert.deepEqual([plain!.time, plain!.level, plain!.rank], [time, 'info', 30])
  assert.deepEqual([plain!.logger, plain!.service, plain!.stackTrace], ['shop', 'shop', undefined])
  assert.equal(odd!.message, message)
  assert.deepEqual([failed!.error, failed!.stackTrace, failed!.message], [error, error.stack, 'failed'])
})

test('a record of a line that was cut says what was kept', () => {
  const [record] = records((log) => log.info('x'.repeat(9000), { a: 'y'.repeat(9000) }), {
    maxLineBytes: 4096,
  })
  assert.match(record!.message, /^x{1000,4000}$/)
  assert.equal(record!.fields['log.truncated'], true)
})

test('where a call is, is not known any more when it is over', () => {
  const [record] = records(order)
  assert.equal(record!.origin, undefined)
})
