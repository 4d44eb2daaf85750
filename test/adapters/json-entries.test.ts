import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compact, JsonEntries } from '../../src/adapters/json-entries.ts'

/** Names and values, undefined where the text is not taken. */
function cut(text: string): [string, string][] | undefined {
  const entries = new JsonEntries()
  if (!entries.open(text)) return undefined
  const all: [string, string][] = []
  while (entries.next()) all.push([entries.name, entries.value])
  return entries.ended ? all : undefined
}

const joined = (entries: readonly (readonly [string, string])[]): string =>
  `{${entries.map(([name, value]) => `"${name}":${value}`).join(',')}}`

test('any object is cut into its properties, and put together again is the same text', () => {
  const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue())
  fc.assert(
    fc.property(object, (value) => {
      const text = JSON.stringify(value)
      const entries = cut(text)
      assert(entries !== undefined, 'not taken')
      assert.equal(joined(entries), text)
      assert.equal(entries.length, Object.keys(value).length)
    }),
    { numRuns: 500 },
  )
})

test('a text that is no JSON is never taken for it, whatever was broken', () => {
  const broken = fc
    .tuple(fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue()), fc.nat(), fc.string({ maxLength: 2 }))
    .map(([value, place, put]) => {
      const text = JSON.stringify(value)
      const at = place % text.length
      return text.slice(0, at) + put + text.slice(at + 1)
    })
  fc.assert(
    fc.property(broken, (text) => {
      if (cut(text) === undefined) return
      assert.doesNotThrow(() => void JSON.parse(text), text)
    }),
    { numRuns: 2000 },
  )
})

for (const text of [
  '',
  '{',
  '}',
  '[]',
  'null',
  '5',
  '{"a":1',
  '{"a":1}}',
  '{"a":1,}',
  '{,"a":1}',
  '{"a"}',
  '{"a":}',
  '{"a":01}',
  '{"a":1.}',
  '{"a":tru}',
  '{"a":"x"y}',
  '{a:1}',
  '{"a":"\t"}',
  '{"a":"\\x"}',
  '{"a":{"b":}}',
  '{} ',
]) {
  test(`${JSON.stringify(text)} is not taken`, () => assert.equal(cut(text), undefined))
}

test('a name that comes twice is told twice, and values stay as they were written', () => {
  assert.deepEqual(cut('{"a":1.0,"a":12345678901234567890,"b":-0,"c":1e5,"d":[1,{"e":"}]"}]}'), [
    ['a', '1.0'],
    ['a', '12345678901234567890'],
    ['b', '-0'],
    ['c', '1e5'],
    ['d', '[1,{"e":"}]"}]'],
  ])
  assert.deepEqual(cut('{}'), [])
})

test('spaces are taken out of an object, and of nothing else', () => {
  assert.equal(compact('{ "a": [ 1 ] }'), '{"a":[1]}')
  for (const text of ['[ 1 ]', 'null', '"a"', '{ a }', '']) assert.equal(compact(text), undefined)
})
