import assert from 'node:assert/strict'
import test from 'node:test'
import { capture } from './capture.ts'

const { log, last, lines } = capture()

test('a message', () => {
  log.info('order placed')
  assert.equal(last().message, 'order placed')
})

test('a message and fields', () => {
  log.info('order placed', { orderId: 17, ms: 12.5, ok: true, none: null, gone: undefined })
  const { message, orderId, ms, ok, none, ...others } = last()
  assert.deepEqual(
    { message, orderId, ms, ok, none },
    { message: 'order placed', orderId: 17, ms: 12.5, ok: true, none: null },
  )
  assert.ok(!('gone' in others))
})

test('fields and a message, as pino has it', () => {
  log.info({ orderId: 17 }, 'order placed')
  assert.equal(last().message, 'order placed')
  assert.equal(last().orderId, 17)
})

test('fields alone', () => {
  log.info({ orderId: 17 })
  assert.equal(last().message, '')
  assert.equal(last().orderId, 17)
})

test('an error gives its own message', () => {
  log.error(new TypeError('no such order'))
  assert.equal(last().message, 'no such order')
  assert.equal(last()['error.type'], 'TypeError')
  assert.equal(last()['error.message'], 'no such order')
  assert.match(String(last()['error.stack_trace']), /^TypeError: no such order\n {4}at .*call\.test\.ts/)
})

test('an error with a message, and with fields', () => {
  log.error(new TypeError('no such order'), 'payment failed')
  assert.equal(last().message, 'payment failed')
  assert.equal(last()['error.message'], 'no such order')

  log.error(new TypeError('no such order'), 'payment failed', { orderId: 17 })
  assert.equal(last().message, 'payment failed')
  assert.equal(last().orderId, 17)
})

test('an error where others have it: behind the message, in err, in error', () => {
  const error = new RangeError('too far')
  const calls = [
    () => log.error('failed', error),
    () => log.error('failed', { err: error }),
    () => log.error({ err: error }, 'failed'),
    () => log.error({ error }, 'failed'),
  ]
  for (const call of calls) {
    call()
    assert.equal(last().message, 'failed')
    assert.equal(last()['error.type'], 'RangeError')
    assert.equal(last()['error.message'], 'too far')
    assert.ok(!('err' in last()) && !('error' in last()))
  }
  log.error({ err: error })
  assert.equal(last().message, 'too far')
})

test('of two errors the second keeps its place', () => {
  log.error(new Error('first'), 'failed', { err: new Error('second') })
  assert.equal(last()['error.message'], 'first')
  assert.equal((last().err as Error).message, 'second')
})

test('err and error that are no errors are fields like any other', () => {
  log.info('m', { err: 'text', error: { code: 5 } })
  assert.equal(last().err, 'text')
  assert.deepEqual(last().error, { code: 5 })
})

test('a message function is called once, and only where the level is enabled', () => {
  const quiet = capture({ level: 'warn' })
  let calls = 0
  const message = (): string => `call ${++calls}`
  quiet.log.info(message)
  assert.equal(calls, 0)
  quiet.log.warn(message, { a: 1 })
  assert.equal(quiet.last().message, 'call 1')
  assert.equal(quiet.last().a, 1)
  // Fields that need a second look must not make a second call.
  quiet.log.warn(message, {
    get broken(): never {
      throw new Error('no')
    },
  })
  assert.equal(quiet.last().message, 'call 2')
  assert.equal(quiet.lines.length, 2)
})

test('a message function that throws is told in the line', () => {
  log.info(() => {
    throw new Error('not ready')
  })
  assert.equal(last().message, '[message function threw: not ready]')
})

test('what is no message is made text', () => {
  const cases: [unknown, string][] = [
    [undefined, ''],
    [null, 'null'],
    [42, '42'],
    [true, 'true'],
    [10n, '10'],
    [Symbol('s'), 'Symbol(s)'],
    [[1, { a: 2 }], '[1,{"a":2}]'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [Number.NaN, 'null'],
    [() => 42, '42'],
    [() => undefined, ''],
    [() => ({ a: 1 }), '{"a":1}'],
  ]
  for (const [value, text] of cases) {
    log.info(value)
    assert.equal(last().message, text)
  }
})

test('no argument is lost: what is neither fields nor an error becomes part of the message', () => {
  const info = log.info as (...parts: unknown[]) => void
  info('count', 5)
  assert.equal(last().message, 'count 5')
  info('list', [1, 2], 'end')
  assert.equal(last().message, 'list [1,2] end')
  info('user', null)
  assert.equal(last().message, 'user')
  info({ a: 1 }, 'two', { b: 2 })
  assert.deepEqual([last().message, last().a, last().b], ['two', 1, 2])
  info(null, 'done')
  assert.equal(last().message, 'done')
})

test('fields of any make: a class, a Map, an object without prototype, one with toJSON', () => {
  class Order {
    id = 17
    get double(): number {
      return this.id * 2
    }
  }
  log.info('m', new Order())
  assert.equal(last().id, 17)
  assert.ok(!('double' in last()))
  log.info('m', new Map([['id', 18]]))
  assert.equal(last().id, 18)
  log.info('m', Object.assign(Object.create(null) as object, { id: 19 }))
  assert.equal(last().id, 19)
  log.info('m', { secret: 1, toJSON: () => ({ id: 20 }) })
  assert.equal(last().id, 20)
  assert.ok(!('secret' in last()))
})

test('a method that was taken off its logger logs by the root', () => {
  const { error } = log.child({ user: 'u' })
  const before = lines.length
  error('alone')
  assert.equal(lines.length, before + 1)
  assert.deepEqual([last()['log.level'], last().message, last().user], ['error', 'alone', undefined])
})

test('log() takes the level by name; one that does not exist is kept', () => {
  log.log('warn', 'by name', { a: 1 })
  assert.deepEqual([last()['log.level'], last().message, last().a], ['warn', 'by name', 1])
  log.log('nope' as 'warn', 'what')
  assert.deepEqual([last()['log.level'], last()['field.log.level'], last().message], ['info', 'nope', 'what'])
})
