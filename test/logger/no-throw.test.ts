import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import test from 'node:test'
import fc from 'fast-check'
import { capture } from './capture.ts'

const anything = fc.anything({
  key: fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'message',
      '@timestamp',
      'log.level',
      'err',
      'error',
      'toJSON',
      '__proto__',
      '0',
      'field.message',
    ),
  ),
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  stringUnit: 'binary',
  maxDepth: 4,
})

/** Things that fast-check does not come up with. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(Symbol('s'), () => 'text', () => Promise.resolve(), Promise.resolve(), new WeakMap(), /x/), // prettier-ignore
  fc.string().map((message) => new Error(message, { cause: { message } })),
  fc.string().map((message) => ({
    get getter() {
      throw new Error(message)
    },
  })),
  anything.map((value) => ({
    toJSON() {
      throw value
    },
  })),
  anything.map((value) => ({ toJSON: () => value })),
  anything.map((value) => {
    const cycle: Record<string, unknown> = { value }
    cycle.self = { cycle, list: [cycle, new Map([[value, cycle]])] }
    return cycle
  }),
  anything.map((value) => () => {
    throw value
  }),
)

const hostile = fc
  .constantFrom('ownKeys', 'get', 'getPrototypeOf', 'getOwnPropertyDescriptor')
  .map((trap) => new Proxy({ a: 1 }, { [trap]: () => assert.fail(trap) }))

const value = fc.oneof(anything, odd, fc.dictionary(fc.string(), fc.oneof(odd, hostile)))

test('whatever the arguments are: no throw, and one valid line with its own names intact', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(value, hostile), { maxLength: 4 }), value, (values, bound) => {
      const { log, lines, last } = capture({ now: () => 0 })
      let child = log.get('db')
      if (typeof bound === 'object' && bound !== null) {
        try {
          child = child.child(bound)
        } catch (error) {
          assert.equal((error as { code?: unknown }).code, 'INVALID_OPTION')
        }
      }
      const error = child.error.bind(child) as (...parts: unknown[]) => void
      error(...values)
      assert.equal(lines.length, 1)
      const record = last()
      assert.deepEqual(
        ['@timestamp', 'log.level', 'log.logger', 'service.name', 'process.pid', 'host.hostname'].map(
          (name) => record[name],
        ),
        ['1970-01-01T00:00:00.000Z', 'error', 'shop::db', 'shop', process.pid, hostname()],
      )
      assert.equal(typeof record.message, 'string')
      assert.ok(!('log.truncated' in record))
    }),
    { numRuns: 2000 },
  )
})

test('plain fields come back as JSON.parse gives them', () => {
  const fields = fc.dictionary(
    fc.string({ unit: 'binary' }).map((key) => `x${key}`),
    fc.jsonValue({ maxDepth: 5 }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fields, fields, (message, bound, own) => {
      const { log, last } = capture()
      log.child(bound).info(message, own)
      const record = last()
      assert.equal(record.message, message)
      const expected = JSON.parse(JSON.stringify({ ...bound, ...own })) as Record<string, unknown>
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(record[key], value)
      assert.equal(Object.keys(record).length, 7 + Object.keys(expected).length)
    }),
    { numRuns: 1000 },
  )
})
