import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeRecord } from './make-record.ts'

test('the line is the text as it came until somebody asks for the fields', () => {
  const text = '{ "a" : 1.0,  "log.level":"info" }'
  const record = makeRecord(text)
  assert.equal(record.get('log.level'), 'info')
  assert.equal(record.get('a'), 1)
  assert.deepEqual(record.toJSON(), { a: 1, 'log.level': 'info' })
  assert.equal(record.line, text)
  assert.equal(record.fields.a, 1)
  assert.equal(record.line, '{"a":1,"log.level":"info"}')
  assert.equal(record.text, text)
})

test('changed fields make the line and the bytes, and are what get finds', () => {
  const record = makeRecord({ message: 'hi', 'log.level': 'info' })
  record.fields['log.level'] = 'warn'
  delete record.fields.message
  assert.equal(record.get('log.level'), 'warn')
  assert.equal(record.get('message'), undefined)
  assert.equal(record.line, '{"log.level":"warn"}')
  assert.equal(record.bytes.toString(), '{"log.level":"warn"}')
})

test('a line that is no JSON object has one field, message', () => {
  for (const text of ['plain text', '[1,2]', '17', 'null', '"text"', '{"torn":"li', '{broken}', '']) {
    const record = makeRecord(text)
    assert.deepEqual(record.toJSON(), { message: text })
    assert.equal(record.get('message'), text)
    assert.equal(record.line, text)
  }
})

test('get finds flat keys, nested ones and mixtures, the flat one first', () => {
  const record = makeRecord({
    'service.name': 'flat',
    service: { name: 'nested', version: '1.2' },
    log: { 'origin.file': { name: 'a.ts' } },
    tags: ['a', 'b'],
    none: null,
  })
  assert.equal(record.get('service.name'), 'flat')
  assert.equal(record.get('service.version'), '1.2')
  assert.equal(record.get('log.origin.file.name'), 'a.ts')
  assert.equal(record.get('tags.1'), 'b')
  assert.equal(record.get('none'), null)
  assert.equal(record.get('none.deeper'), undefined)
  assert.equal(record.get('constructor'), undefined)
  assert.equal(record.get('service.toString'), undefined)
})

test('with makes a copy of the same place that leaves the first alone', () => {
  const record = makeRecord(
    { a: 1 },
    { key: Buffer.from('k'), headers: { h: 'v' }, offset: '9007199254740993' },
  )
  const other = record.with({ b: 2 })
  assert.equal(other.line, '{"b":2}')
  assert.equal(record.line, '{"a":1}')
  assert.deepEqual(other.place, { topic: 'logs', partition: 2, offset: '9007199254740993' })
  assert.deepEqual(other.key, Buffer.from('k'))
  assert.deepEqual(other.headers, { h: 'v' })
})

test("the time is the record's own, else Kafka's, else that of its arrival", () => {
  const own = Date.UTC(2026, 10, 20, 23, 59, 59, 999)
  assert.equal(makeRecord({ '@timestamp': '2026-11-20T23:59:59.999Z' }, { timestamp: '5' }).timestamp, own)
  assert.equal(makeRecord({ '@timestamp': '2026-11-21T00:59:59.999+01:00' }).timestamp, own)
  assert.equal(makeRecord({ '@timestamp': own }).timestamp, own)
  assert.equal(makeRecord({ '@timestamp': 'yesterday' }, { timestamp: '5' }).timestamp, 5)
  assert.equal(makeRecord('text', { timestamp: '5' }).timestamp, 5)
  const arrival = Date.UTC(2026, 10, 21, 12)
  assert.equal(makeRecord('text', { timestamp: '-1' }).timestamp, arrival)
  assert.equal(makeRecord({ '@timestamp': 1e300 }, { timestamp: '9223372036854775807' }).timestamp, arrival)
  assert.equal(makeRecord('text').timestamp, arrival)
})

test('bytes that are no UTF-8 stay what they were', () => {
  const bytes = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d])
  const record = makeRecord(bytes)
  assert.equal(record.get('a'), '\ufffd\ufffd')
  assert.deepEqual(record.bytes, bytes)
})

test('a line can be made of whatever a transform put into the fields', () => {
  const record = makeRecord({ a: 1 })
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  Object.assign(record.fields, {
    cycle,
    big: 10n,
    nested: { big: 2n },
    call: () => 1,
    bad: { toJSON: thrower },
  })
  const parsed = JSON.parse(record.line) as Record<string, unknown>
  assert.equal(parsed.a, 1)
  assert.equal(parsed.big, '10')
  assert.deepEqual(parsed.nested, { big: '2' })
  assert.match(String(parsed.cycle), /circular/)
  assert.equal(parsed.bad, '[no JSON of me]')
})

function thrower(): never {
  throw new Error('no JSON of me')
}

test('a record without a value says so and has an empty text', () => {
  const record = makeRecord(null)
  assert.equal(record.isTombstone, true)
  assert.equal(record.text, '')
  assert.equal(record.bytes.length, 0)
  assert.equal(makeRecord('').isTombstone, false)
})

test('an id is the place, and of several made of one each has its own, which copies keep', () => {
  const record = makeRecord({ n: 1 }, { offset: '42' })
  assert.equal(record.id, 'logs-2-42')
  assert.equal(record.with({ n: 2 }).id, 'logs-2-42')
  const second = record.part(2)
  assert.equal(second.id, 'logs-2-42.2')
  assert.equal(second.with({}).part(1).id, 'logs-2-42.2.1')
  assert.equal(second.line, '{"n":1}')
  record.fields.n = 3
  assert.equal(record.part(1).line, '{"n":3}')
})
