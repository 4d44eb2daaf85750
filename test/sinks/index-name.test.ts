import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IndexName } from '../../src/sinks/elasticsearch/index-name.ts'
import { makeRecord } from '../consume/make-record.ts'

const at = '2026-11-21T23:59:59.999Z'

function name(template: string, fields: object): string {
  return new IndexName('index', template).of(makeRecord({ '@timestamp': at, ...fields }))
}

test('fields, dates in UTC, and the place a record came from', () => {
  assert.equal(name('logs-{service.name}-{YYYY.MM.DD}', { 'service.name': 'shop' }), 'logs-shop-2026.11.21')
  assert.equal(name('{kafka.topic}-{kafka.partition}-{kafka.offset}', {}), 'logs-2-7')
  assert.equal(name('{kafka.topic}', { 'kafka.topic': 'before' }), 'before')
  assert.equal(name('.hidden', {}), '.hidden')
})

test('capitals, what is illegal, what is missing', () => {
  assert.equal(name('{a}', { a: 'Shop::DB' }), 'shop.db')
  assert.equal(name('x-{a}', { a: 'a/b c*d,e#f:g"h' }), 'x-a_b_c_d_e_f_g_h')
  assert.equal(name('x-{a}', {}), 'x-unknown')
  assert.equal(name('{a}-x', { a: '-_+y' }), 'y-x')
  assert.equal(name('{a}', { a: '---' }), 'unknown')
  assert.equal(Buffer.byteLength(name('{a}', { a: 'ü'.repeat(200) })), 254)
})

test('whatever the value is, the name is one that an index may have', () => {
  const template = new IndexName('index', '{a}{b}')
  const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom('.', '..', '_', 'A'))
  fc.assert(
    fc.property(value, value, (a, b) => {
      const made = template.of(makeRecord({ '@timestamp': at, a, b }))
      assert.ok(Buffer.byteLength(made) <= 255)
      assert.equal(made, made.toLowerCase())
      assert.doesNotMatch(made, /^[-_+]|^\.{1,2}$|[\\/*?"<>| ,#:]|^$/)
    }),
    { numRuns: 1000 },
  )
})
