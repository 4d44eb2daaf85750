import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { drop } from '../../src/transforms/drop.ts'
import { mutate, type MutateOptions } from '../../src/transforms/mutate.ts'
import { route } from '../../src/transforms/route.ts'
import { sample } from '../../src/transforms/sample.ts'
import { tag } from '../../src/transforms/tag.ts'
import { makeRecord } from '../consume/make-record.ts'
import { after } from './run.ts'

const mutated = (options: MutateOptions, fields: object): unknown => after(mutate(options), fields)

test('mutate does each of its changes', () => {
  assert.deepEqual(mutated({ rename: { a: 'b.c' } }, { a: 1 }), { 'b.c': 1 })
  assert.deepEqual(mutated({ rename: { a: 'b.c' } }, { a: 1, b: { d: 2 } }), { b: { d: 2, c: 1 } })
  assert.deepEqual(mutated({ update: { a: 2, b: 2 } }, { a: 1 }), { a: 2 })
  assert.deepEqual(mutated({ set: { b: (record) => `${String(record.get('a'))}!`, c: null } }, { a: 1 }), {
    a: 1,
    b: '1!',
    c: null,
  })
  assert.deepEqual(mutated({ gsub: { a: [/\d/, '#'] } }, { a: '1-2' }), { a: '#-#' })
  assert.deepEqual(mutated({ gsub: { a: ['.', '$&'] } }, { a: ['1.2', 3] }), { a: ['1$&2', 3] })
  assert.deepEqual(
    mutated({ uppercase: ['a'], lowercase: ['b'], strip: ['c'] }, { a: 'x', b: ['Y'], c: ' z ' }),
    {
      a: 'X',
      b: ['y'],
      c: 'z',
    },
  )
  assert.deepEqual(mutated({ split: { a: ',' } }, { a: '1,2' }), { a: ['1', '2'] })
  assert.deepEqual(mutated({ join: { a: '-' } }, { a: [1, 'x', { y: 1 }] }), { a: '1-x-{"y":1}' })
  assert.deepEqual(mutated({ add: { a: 2, b: 1 } }, { a: 1 }), { a: [1, 2], b: 1 })
  assert.deepEqual(mutated({ remove: ['a', 'b.c', 'no'] }, { a: 1, b: { c: 2, d: 3 } }), { b: { d: 3 } })
})

test('mutate: what is copied is a copy', () => {
  const transform = mutate({ copy: { a: 'b' } })
  const record = makeRecord({ a: { x: 1 } })
  transform(record)
  ;(record.fields.a as { x: number }).x = 2
  assert.deepEqual(record.toJSON(), { a: { x: 2 }, b: { x: 1 } })
})

test('mutate converts what can be, and tags what cannot', () => {
  const convert = (value: unknown, type: 'integer' | 'float' | 'boolean' | 'string'): unknown =>
    mutated({ convert: { v: type } }, { v: value })
  assert.deepEqual(convert('12.9', 'integer'), { v: 12 })
  assert.deepEqual(convert('1,234.5', 'float'), { v: 1234.5 })
  assert.deepEqual(convert(['1', '2'], 'integer'), { v: [1, 2] })
  assert.deepEqual(convert('Yes', 'boolean'), { v: true })
  assert.deepEqual(convert(0, 'boolean'), { v: false })
  assert.deepEqual(convert(1.5, 'string'), { v: '1.5' })
  assert.deepEqual(convert(true, 'integer'), { v: 1 })
  for (const value of ['x', '', '-', { a: 1 }, '9007199254740993'])
    assert.deepEqual(convert(value, 'integer'), { v: value, tags: ['_mutate_error'] })
  assert.throws(() => mutated({ convert: { v: 'float' }, onFailure: 'dead' }, { v: 'x' }), {
    message: 'mutate: v cannot be converted to float',
  })
})

test("mutate keeps Logstash's order, whatever the order of the options", () => {
  const options: MutateOptions = {
    remove: ['gone'],
    add: { list: 'end' },
    copy: { number: 'copy' },
    split: { list: '|' },
    lowercase: ['list'],
    gsub: { list: [/,/, '|'] },
    convert: { number: 'integer' },
    set: { gone: 1 },
    rename: { n: 'number', l: 'list' },
  }
  assert.deepEqual(mutated(options, { n: '7', l: 'A,B' }), { number: 7, list: ['a', 'b', 'end'], copy: 7 })
})

test('mutate leaves the text of a record as it came where nothing changes', () => {
  const text = '{ "a" : "x" }'
  const record = makeRecord(text)
  mutate({ remove: ['b'], lowercase: ['a'], rename: { c: 'd' }, gsub: { a: [/y/, 'z'] } })(record)
  assert.equal(record.line, text)
})

test('mutate refuses what it does not understand by its place', () => {
  const wrong: [MutateOptions, RegExp][] = [
    [{ convert: { a: 'int' as 'integer' } }, /^mutate\.convert\.a: expected integer, float/],
    [{ gsub: { a: ['x'] as never } }, /^mutate\.gsub\.a: expected an expression or text/],
    [{ rename: ['a'] as never }, /^mutate\.rename: expected an object of fields/],
    [{ renmae: {} } as never, /^mutate\.renmae: no such option/],
  ]
  for (const [options, message] of wrong)
    assert.throws(() => mutate(options), { code: 'INVALID_OPTION', message })
})

test('drop leaves out what it is told to, and nothing else', () => {
  const transform = drop({ if: (record) => record.get('path') === '/health' })
  assert.equal(after(transform, { path: '/health' }), undefined)
  assert.deepEqual(after(transform, { path: '/' }), { path: '/' })
  assert.throws(() => drop({} as never), { message: /^drop\.if: expected a function/ })
})

test('tags are added once, and taken away', () => {
  const transform = tag({ add: ['new'], remove: ['old'] })
  assert.deepEqual(after(transform, { tags: ['old', 'a'] }), { tags: ['a', 'new'] })
  assert.deepEqual(after(transform, { tags: 'new' }), { tags: ['new'] })
  assert.deepEqual(after(tag({ remove: ['old'] }), { tags: 'old' }), {})
  assert.throws(() => tag({}), { message: /^tag\.add: expected tags to add or to remove/ })
})

test('route: the first rule of which everything holds', () => {
  const transform = route({
    target: 'index',
    rules: [
      { field: 'log.level', is: ['error', 'fatal'], match: /card/i, to: 'payments' },
      { field: 'log.level', is: 'error', to: 'errors' },
      { field: 'kafka.topic', is: 'logs', if: (record) => record.get('special') === true, to: 'special' },
      { match: 'GET ', to: 'http' },
    ],
    otherwise: 'rest',
  })
  const index = (fields: object): unknown => (after(transform, fields) as { index: unknown }).index
  assert.equal(index({ log: { level: 'fatal' } }), 'rest', 'the expression is about the level')
  assert.equal(index({ 'log.level': 'error', message: 'x' }), 'errors')
  assert.equal(index({ special: true }), 'special')
  assert.equal(index({ message: 'GET /' }), 'http')
  assert.deepEqual(after(route({ rules: [{ is: 'a', to: 'b' }] }), { x: 1 }), { x: 1 })
  assert.throws(() => route({ rules: [{ to: 'x' }] }), {
    message: /^route\.rules\[0\]\.if: expected a condition/,
  })
})

test('sample takes its share, always the same records, and those of one key together', () => {
  const transform = sample({ rate: 0.25 })
  const taken = (offset: number): boolean => after(transform, 'x', { offset }) !== undefined
  const offsets = Array.from({ length: 20_000 }, (_, offset) => offset)
  const first = offsets.filter(taken)
  assert.ok(Math.abs(first.length - 5000) < 300, `${first.length} of 20000`)
  assert.deepEqual(
    offsets.slice(0, 1000).filter(taken),
    first.filter((offset) => offset < 1000),
  )
  const byKey = sample({ rate: 0.5, key: 'trace.id' })
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.nat(), (id, a, b) => {
      const of = (offset: number): boolean => after(byKey, { 'trace.id': id }, { offset }) !== undefined
      assert.equal(of(a), of(b))
    }),
  )
  assert.equal(after(sample({ rate: 0 }), 'x'), undefined)
  assert.throws(() => sample({ rate: 10 }), { message: /^sample\.rate: expected a number from 0 to 1/ })
})
