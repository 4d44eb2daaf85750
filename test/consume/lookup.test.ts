import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lookUp, peek } from '../../src/consume/lookup.ts'

const NAMES = ['a', 'b', 'service.name', '', '"', '\\', 'ä', '__proto__']

test('a field read without parsing has the value that parsing finds', () => {
  const tricky = fc.constantFrom('"a":"x"', ',"a":"x"', '{"a":"x"}', '\\', '"', 'a\\"', '{', '}', 'b":"')
  const text = fc.oneof(
    fc.string(),
    tricky,
    fc.array(tricky).map((parts) => parts.join('')),
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('tree'), { maxLength: 3 }),
    object: fc.dictionary(fc.constantFrom(...NAMES), tie('tree')),
  }))
  const value = fc.oneof({ weight: 4, arbitrary: text }, tree)
  let found = 0
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 6 }), (pairs) => {
      // By hand, since keys may come twice.
      const line = `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
      const fields = JSON.parse(line) as Record<string, unknown>
      for (const name of NAMES) {
        const value = peek(line, name)
        if (value === undefined) continue
        found++
        assert.equal(value, fields[name], line)
        assert.equal(value, lookUp(fields, name), line)
      }
    }),
    { numRuns: 2000 },
  )
  assert.ok(found > 500, `only ${found} values were found without parsing`)
})

test("logflume's own lines are read without parsing", () => {
  const line =
    '{"@timestamp":"t","log.level":"info","log.logger":"shop::db","service.name":"shop","o":{"x":1}}'
  assert.equal(peek(line, '@timestamp'), 't')
  assert.equal(peek(line, 'log.logger'), 'shop::db')
  assert.equal(peek(line, 'service.name'), 'shop')
})

test('where only parsing can tell, nothing is said', () => {
  assert.equal(peek('{"a":1}', 'a'), undefined)
  assert.equal(peek('{"a":"1","a":"2"}', 'a'), undefined)
  assert.equal(peek('{"o":{"a":"1"}}', 'a'), undefined)
  assert.equal(peek('{"a":"\\n"}', 'a'), undefined)
  assert.equal(peek('{"x":"\\"a\\":\\"1\\""}', 'a'), undefined)
  assert.equal(peek('{"a":"torn', 'a'), undefined)
  assert.equal(peek('text "a":"1"', 'a'), undefined)
})
