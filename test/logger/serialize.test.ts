import assert from 'node:assert/strict'
import test from 'node:test'
import { runInNewContext } from 'node:vm'
import { serialize } from '../../src/logger/serialize.ts'
import { capture } from './capture.ts'

const { log, last } = capture()

/** A value as a line has it: as a field, in an object, and in an array, which must agree. */
function written(value: unknown): unknown {
  log.info('m', { value, deep: { value }, list: [value] })
  const { value: field, deep, list } = last() as { value: unknown; deep: { value: unknown }; list: unknown[] }
  assert.deepEqual(deep.value, field)
  assert.deepEqual(list, [field ?? null])
  return field
}

function throwing(message: string): () => never {
  return () => {
    throw new Error(message)
  }
}

test('plain values are as JSON.stringify has them', () => {
  const values = [
    0, -0, 1.5, 1e21, -1e-7, Number.MAX_SAFE_INTEGER, Number.NaN, Infinity, -Infinity,
    '', 'text', 'a "quote" and \\', 'ünï 日本 🎉', '\u0000\u001f\u007f', true, false, null, undefined,
    [], {}, [[]], [undefined, , 1], { a: undefined, b: [null, { c: 'd' }] }, { '': 1, 'a"b': 2, 10: 3 },
    new Date(1e12), new Date(Number.NaN), new URL('http://a/b?c'),
    new Number(5), new String('s'), new Boolean(false),
  ] // prettier-ignore
  for (const value of values) {
    assert.equal(serialize(value), JSON.stringify(value))
    written(value)
  }
})

test('a cycle, of any length, over objects, arrays, Maps and Sets', () => {
  const fields: Record<string, unknown> = { a: 1 }
  fields.self = fields
  fields.list = [fields]
  fields.map = new Map([['key', fields]])
  fields.set = new Set([fields])
  fields.longer = { again: { fields } }
  log.info('m', fields)
  const { a, self, list, map, set, longer } = last()
  assert.deepEqual([a, self, list, map], [1, '[Circular]', ['[Circular]'], { key: '[Circular]' }])
  assert.deepEqual([set, longer], [['[Circular]'], { again: { fields: '[Circular]' } }])
  log.child(fields).info('m')
  assert.equal(last().self, '[Circular]')
})

test('what is there twice is no cycle', () => {
  const shared = { a: 1 }
  assert.deepEqual(written([shared, shared, { shared }]), [shared, shared, { shared }])
})

test('what JSON has no form for', () => {
  assert.equal(written(2n ** 70n), '1180591620717411303424')
  assert.equal(written(Object(5n)), '5')
  assert.equal(written(Symbol('s')), 'Symbol(s)')
  assert.equal(written(throwing), '[Function: throwing]')
  assert.equal(
    written(() => 1),
    '[Function: anonymous]',
  )
  assert.equal(
    written(
      class Order {
        id = 1
      },
    ),
    '[Function: Order]',
  )
  assert.equal(written(/a"b/g), '/a"b/g')
  assert.deepEqual(written(new Map<string, unknown>([['a', { b: 1 }], ['__proto__', 2]])), JSON.parse('{"a":{"b":1},"__proto__":2}')) // prettier-ignore
  assert.deepEqual(written(new Map<unknown, unknown>([[1, 'a'], [{ k: 1 }, 'b']])), [[1, 'a'], [{ k: 1 }, 'b']]) // prettier-ignore
  assert.deepEqual(written(new Set([1, 'a', [2]])), [1, 'a', [2]])
  assert.deepEqual(written(new WeakMap()), {})
  assert.deepEqual(written(Promise.resolve(1)), {})
})

test('getters, toJSON and Proxies that throw are told where they stand; the rest of the line is whole', () => {
  const getter = Object.defineProperty({ before: 1 }, 'bad', { enumerable: true, get: throwing('no') })
  assert.deepEqual(written(getter), { before: 1, bad: '[Throws: no]' })
  log.info('m', Object.assign(getter, { after: 2 }))
  assert.deepEqual([last().before, last().bad, last().after, last().message], [1, '[Throws: no]', 2, 'm'])

  assert.equal(written({ toJSON: throwing('never') }), '[Throws: never]')
  log.info('m', { toJSON: throwing('never') })
  assert.equal(last().message, 'm [Throws: never]')

  for (const trap of ['ownKeys', 'getPrototypeOf', 'get', 'getOwnPropertyDescriptor'] as const) {
    const proxy = new Proxy({ a: 1 }, { [trap]: throwing(trap) })
    assert.match(JSON.stringify(written(proxy)), new RegExp(`Throws: ${trap}`))
    log.info('m', proxy)
    assert.match(JSON.stringify(last()), new RegExp(`Throws: ${trap}`))
  }
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  assert.match(String(written(proxy)), /^\[Throws: .*revoked/)
  log.error(proxy, 'm')
  assert.match(String(last().message), /revoked/)

  const thrown: [unknown, string][] = [
    ['text', 'text'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [Object.create(null), 'something that has no text'],
    [{ toString: throwing('again') }, 'something that has no text'],
  ]
  for (const [value, text] of thrown) {
    const toJSON = (): never => {
      throw value
    }
    assert.equal(written({ toJSON }), `[Throws: ${text}]`)
  }
})

test('toJSON decides, also what gives undefined, itself, or something odd', () => {
  assert.deepEqual(written({ hidden: 1, toJSON: () => ({ shown: 2 }) }), { shown: 2 })
  assert.equal(written({ toJSON: () => undefined }), undefined)
  assert.equal(written({ toJSON: () => 5n }), '5')
  const own = {
    a: 1,
    toJSON(): unknown {
      return this
    },
  }
  assert.deepEqual(written(own), { a: 1, toJSON: '[Function: toJSON]' })
  const endless = (): unknown => ({ next: { toJSON: endless } })
  assert.match(serialize({ toJSON: endless }) ?? '', /"\[Object\]"/)
})

test('a huge array, Set, Map and object are cut, and say how much is missing', () => {
  const numbers = Array.from({ length: 100_000 }, (_, index) => index)
  for (const value of [numbers, new Set(numbers)]) {
    const list = written(value) as unknown[]
    assert.deepEqual(list.slice(0, 1000), numbers.slice(0, 1000))
    assert.deepEqual(list.slice(1000), ['... 99000 more'])
  }
  const entries = numbers.map((number) => [`k${number}`, number] as const)
  for (const value of [Object.fromEntries(entries), new Map(entries)]) {
    const record = written(value) as Record<string, unknown>
    assert.equal(Object.keys(record).length, 1001)
    assert.deepEqual([record.k999, record.k1000, record['...']], [999, undefined, '99000 more'])
  }
  const sparse: unknown[] = []
  sparse.length = 4_000_000_000
  assert.equal((written(sparse) as unknown[])[1000], '... 3999999000 more')
  assert.equal((written(numbers.slice(0, 1000)) as unknown[]).length, 1000)
})

test('what is nested too deep is cut', () => {
  let deep: unknown = { end: [] }
  for (let level = 0; level < 10_000; level++) deep = level % 2 === 0 ? [deep] : { deep }
  const text = serialize(deep) ?? ''
  assert.ok(text.length < 200)
  assert.match(text, /"\[Object\]"|"\[Array\]"/)
  assert.equal(serialize([[[[[[[[[1]]]]]]]]]), '[[[[[[[[[1]]]]]]]]]')
  assert.equal(serialize([[[[[[[[[[[1]]]]]]]]]]]), '[[[[[[[[[["[Array]"]]]]]]]]]]')
})

test('shared objects that would unfold to more than a line can have end early', () => {
  const names = Array.from({ length: 1000 }, (_, index) => `k${index}`)
  let list: unknown = 'x'
  let record: unknown = 'x'
  for (let level = 0; level < 9; level++) {
    list = Array(1000).fill(list)
    record = Object.fromEntries(names.map((name) => [name, record]))
  }
  for (const shared of [list, record]) {
    log.info('m', { shared, after: 1 })
    assert.equal(last()['log.truncated'], true)
    assert.equal(last().message, 'm')
  }
})

test('bytes are base64, of which the first 3 KiB are kept', () => {
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 256))
  assert.equal(written(Buffer.from('hello')), Buffer.from('hello').toString('base64'))
  assert.equal(written(Buffer.alloc(0)), '')
  assert.equal(written(new Uint8Array([1, 2, 3]).subarray(1)), 'AgM=')
  assert.equal(written(new Float64Array([1])), Buffer.from(new Float64Array([1]).buffer).toString('base64'))
  assert.equal(written(new Uint8Array([9]).buffer), 'CQ==')
  assert.equal(written(new DataView(new Uint8Array([9, 8]).buffer, 1)), 'CA==')
  const [kept = '', more] = String(written(bytes)).split('...')
  assert.deepEqual(Buffer.from(kept, 'base64'), bytes.subarray(0, 3072))
  assert.equal(more, ' 1928 more bytes')
})

test('text with invalid surrogates, line breaks and quotes is valid JSON on one line', () => {
  const texts = [
    '\ud83d',
    '\udf89\ud83c',
    'a\ud800b',
    '🎉',
    'a\nb\r\nc',
    'a\u2028b',
    'a\u2029b',
    '"},{"',
    '\\',
    '\\u0041',
    '\ufeff',
  ]
  for (const text of texts) {
    assert.equal(written(text), text)
    log.info(text, { [text]: text })
    assert.deepEqual([last().message, last()[text]], [text, text])
    log
      .get('x')
      .child({ [text]: { [text]: text } })
      .info('m')
    assert.deepEqual(last()[text], { [text]: text })
  }
})

test('objects without a prototype, of another realm, with __proto__ as a key', () => {
  const bare = Object.assign(Object.create(null) as object, { a: { b: Object.create(null) as object } })
  assert.deepEqual(written(bare), { a: { b: {} } })
  assert.deepEqual(written(runInNewContext('({ a: [1, new Map([["b", 2]])] })')), { a: [1, {}] })
  const fields = JSON.parse('{"__proto__":{"a":1},"constructor":2,"hasOwnProperty":3}') as object
  log.info('m', fields)
  assert.deepEqual(Object.getOwnPropertyDescriptor(last(), '__proto__')?.value, { a: 1 })
  assert.deepEqual(Object.entries(last()).slice(-2), [
    ['constructor', 2],
    ['hasOwnProperty', 3],
  ])
  assert.deepEqual(written(fields), fields)
})

test('a toJSON or getter that logs itself', () => {
  const inner = { toJSON: () => (log.info('inner', { a: 1 }), 'done') }
  log.info('outer', { inner, b: 2 })
  assert.deepEqual([last().message, last().inner, last().b], ['outer', 'done', 2])
})
