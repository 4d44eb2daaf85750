import assert from 'node:assert/strict'
import test from 'node:test'
import { runInNewContext } from 'node:vm'
import { capture } from './capture.ts'

const { log, last } = capture()

function trace(error: unknown): string {
  log.error(error)
  return String(last()['error.stack_trace'])
}

test('the type is the name, or the class where the name says nothing', () => {
  class OrderError extends Error {}
  class Renamed extends Error {
    override name = 'PaymentError'
  }
  const named = Object.assign(new Error('m'), { name: 'CustomName' })
  const cases: [unknown, string][] = [
    [new OrderError('m'), 'OrderError'],
    [new Renamed('m'), 'PaymentError'],
    [named, 'CustomName'],
    [new SyntaxError('m'), 'SyntaxError'],
    [new Error('m'), 'Error'],
    [new DOMException('m', 'AbortError'), 'AbortError'],
    [runInNewContext('new TypeError("m")'), 'TypeError'],
  ]
  for (const [error, type] of cases) {
    log.error(error)
    assert.deepEqual([last()['error.type'], last()['error.message'], last().message], [type, 'm', 'm'])
  }
})

test('a code and other simple properties of its own', () => {
  const error = Object.assign(new Error('m'), {
    code: 'E_ORDER',
    statusCode: 404,
    retry: true,
    type: 'own',
    stack_trace: 'own too',
    request: { headers: {} },
    nothing: null,
  })
  log.error(error)
  assert.equal(last()['error.code'], 'E_ORDER')
  assert.equal(last()['error.statusCode'], 404)
  assert.equal(last()['error.retry'], true)
  assert.equal(last()['error.type'], 'Error')
  assert.equal(last()['error.field.type'], 'own')
  assert.equal(last()['error.field.stack_trace'], 'own too')
  assert.ok(!('error.request' in last()) && !('error.nothing' in last()) && !('error.name' in last()))
  log.error(Object.assign(new Error('m'), { code: 7 }))
  assert.equal(last()['error.code'], 7)
})

test('as any other field an error is an object of the same names', () => {
  const cause = Object.assign(new TypeError('m'), { code: 'E' })
  log.info('m', { reason: cause, deep: [cause] })
  const { type, message, stack_trace, code } = last().reason as Record<string, unknown>
  assert.deepEqual([type, message, code], ['TypeError', 'm', 'E'])
  assert.match(String(stack_trace), /^TypeError: m\n/)
  assert.deepEqual(last().deep, [last().reason])
})

test('the chain of causes stands below the stack', () => {
  const root = new RangeError('root')
  const text = trace(new Error('outer', { cause: new TypeError('middle', { cause: root }) }))
  assert.match(
    text,
    /^Error: outer\n {4}at [^]*\n\[cause\]: TypeError: middle\n {4}at [^]*\n\[cause\]: RangeError: root\n {4}at /,
  )
  assert.match(trace(new Error('m', { cause: 'text' })), /\n\[cause\]: 'text'$/)
  assert.match(trace(new Error('m', { cause: { a: 1 } })), /\n\[cause\]: \{ a: 1 \}$/)
  assert.match(trace(new Error('m', { cause: null })), /\n\[cause\]: null$/)
})

test('a chain of causes that comes back, or has no end', () => {
  const one = new Error('one')
  const two = new Error('two', { cause: one })
  one.cause = two
  assert.match(trace(one), /^Error: one\n[^]*\[cause\]: Error: two\n[^]*\n\[cause\]: \[Circular\]$/)

  let chain = new Error('0')
  for (let length = 1; length < 100; length++) chain = new Error(String(length), { cause: chain })
  assert.equal(trace(chain).match(/\n\[cause\]: Error: /g)?.length, 19)
  assert.match(trace(chain), /\n\[cause\]: \[more errors\]$/)
})

test('the errors of an AggregateError', () => {
  const text = trace(new AggregateError([new Error('a', { cause: new Error('b') }), 'c'], 'all failed'))
  assert.match(
    text,
    /^AggregateError: all failed\n[^]*\n\[errors\]\[0\]: Error: a\n[^]*\n\[cause\]: Error: b\n[^]*\n\[errors\]\[1\]: 'c'$/,
  )
  let nested = new AggregateError([], 'm')
  for (let depth = 0; depth < 10; depth++) nested = new AggregateError(Array(30).fill(nested), 'm')
  assert.ok(trace(nested).length < 100_000)
})

test('an error that cannot be read', () => {
  const hostile = new Error('m')
  // Node makes the text of the stack when it is first asked for, and reads the name for it.
  assert.ok(hostile.stack)
  for (const name of ['name', 'message', 'stack', 'cause', 'errors', 'code', 'constructor', 'own']) {
    Object.defineProperty(hostile, name, {
      enumerable: true,
      get() {
        throw new Error(`no ${name}`)
      },
    })
  }
  log.error(hostile, 'm')
  assert.equal(last().message, 'm')
  assert.equal(last()['error.message'], '[Throws: no message]')
  assert.equal(last()['error.own'], '[Throws: no own]')

  const bare = Object.assign(new Error('m'), { stack: undefined, name: 5, message: { a: 1 } })
  log.error(bare as unknown)
  assert.deepEqual([last()['error.type'], last()['error.message'], last().message], ['Error', '', ''])
  assert.equal(last()['error.stack_trace'], 'Error: ')

  const inspected = new Error('m', {
    cause: {
      [Symbol.for('nodejs.util.inspect.custom')]() {
        throw new Error('no')
      },
    },
  })
  assert.match(trace(inspected), /\n\[cause\]: \[Throws: no\]$/)
})
