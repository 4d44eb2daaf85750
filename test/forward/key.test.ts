import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Partitioners } from 'kafkajs'
import { KeyPlacer } from '../../src/forward/key-placer.ts'
import { compile, keyReader, type KeySettings } from '../../src/forward/key.ts'
import { readForwardOptions } from '../../src/forward/options.ts'
import { partitionOf } from '../../src/kafka/murmur2.ts'
import { OptionReader } from '../../src/options.ts'

function keysOf(settings: KeySettings, lines: readonly string[]): (string | undefined)[] {
  const keyOf = keyReader(settings, () => undefined)
  const block = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  let start = 0
  return lines.map((line) => {
    const end = start + Buffer.byteLength(line)
    const key = keyOf(block, start, end)
    start = end + 1
    return key?.toString()
  })
}

test("a field's text, number or boolean is the key, where it is the line's own", () => {
  const lines = [
    '{"a":1,"order.id":"17"}',
    '{"order.id":17,"x":1}',
    '{"order.id":true}',
    '{"order.id":-1.5e3}',
    '{"order.id":"a\\"b\\u00e9"}',
    '{"order.id":"é"}',
    '{"order.id":null}',
    '{"order.id":{"order.id":1}}',
    '{"order.id":[1]}',
    '{"x":{"order.id":"nested"}}',
    '{"x":{"order.id":"nested"},"order.id":"own"}',
    '{"x":["\\\\",{"order.id":"nested"}],"order.id":"own"}',
    '{"x":"\\"order.id\\":\\"quoted\\""}',
    '{"x":"{\\"","order.id":"own"}',
    'no JSON',
    '{"order.id":"torn',
    '',
    '{"order.id":""}',
  ]
  assert.deepEqual(keysOf({ field: 'order.id' }, lines), [
    '17',
    '17',
    'true',
    '-1.5e3',
    'a"bé',
    'é',
    undefined,
    undefined,
    undefined,
    undefined,
    'own',
    'own',
    undefined,
    'own',
    undefined,
    undefined,
    undefined,
    '',
  ])
})

test('any JSON value of a field is found as JSON.parse finds it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.constantFrom('id', 'a', 'b'), fc.jsonValue()), { minLength: 1 }),
      (records) => {
        const expected = records.map((record) => {
          const id = Object.hasOwn(record, 'id') ? record.id : undefined
          if (typeof id === 'number') return JSON.stringify(id)
          return typeof id === 'string' || typeof id === 'boolean' ? String(id) : undefined
        })
        // What UTF-8 cannot say is no text of a line of ours.
        const lines = records.map((record) => JSON.stringify(record))
        assert.deepEqual(
          keysOf({ field: 'id' }, lines),
          expected.map((key) => key && Buffer.from(key).toString()),
        )
      },
    ),
  )
})

test('a function makes keys from its source alone; what it throws, or returns that is no text, is no key', () => {
  const thrown: unknown[] = []
  const source = String((line: string) => (JSON.parse(line) as { id?: string }).id)
  const keyOf = keyReader({ source }, (error) => thrown.push(error))
  const lines = Buffer.from('{"id":"a"}\n{"id":5}\nno JSON\n')
  assert.deepEqual(
    [keyOf(lines, 0, 10)?.toString(), keyOf(lines, 11, 19), keyOf(lines, 20, 27)],
    ['a', undefined, undefined],
  )
  assert.equal(thrown.length, 1)
})

const methods = {
  key(line: string) {
    return line.slice(0, 1)
  },
}

test('a method is a function as well; what does not compile is refused', () => {
  assert.equal(compile(String(Object.values(methods)[0]))('xyz'), 'x')
  const read = (key: unknown, more: object = {}) =>
    readForwardOptions(new OptionReader('kafka', { brokers: ['a:1'], key, ...more }), { service: 'shop' })
  assert.deepEqual(read('order.id').key, { field: 'order.id' })
  for (const key of [5, '', Math.max, {}])
    assert.throws(() => read(key), { code: 'INVALID_OPTION', message: /^kafka\.key: expected/ })
  for (const partition of ['spread', 3])
    assert.throws(() => read('id', { partition }), { code: 'INVALID_OPTION', message: /^kafka\.partition: / })
  for (const partition of ['all', -1, 1.5])
    assert.throws(() => read(undefined, { partition }), {
      code: 'INVALID_OPTION',
      message: /^kafka\.partition: /,
    })
})

test('keys go where kafkajs and Java put them, and lines without one to one partition', () => {
  const partitioner = Partitioners.DefaultPartitioner()
  const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({
    partitionId,
    partitionErrorCode: 0,
    leader: 1,
    replicas: [],
    isr: [],
  }))
  const placer = new KeyPlacer({
    settings: { field: 'id' },
    journal: 'j',
    partitionOf,
    onThrow: () => undefined,
  })
  const lines = Array.from({ length: 500 }, (_, n) => (n % 10 === 0 ? '{"x":1}' : `{"id":"order ${n % 97}"}`))
  const block = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const keyless = new Set<number>()
  let records = 0
  for (const pile of placer.place({ topic: 't', lines: block, records: 500, numbers: undefined }, 12)) {
    records += pile.records
    for (const text of pile.lines.toString().trimEnd().split('\n')) {
      const { id } = JSON.parse(text) as { id?: string }
      if (id === undefined) keyless.add(pile.partition)
      else
        assert.equal(
          pile.partition,
          partitioner({ topic: 't', partitionMetadata, message: { key: id, value: text } }),
        )
    }
  }
  assert.deepEqual([records, keyless.size], [500, 1])
})
