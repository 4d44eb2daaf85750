import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import { multiline, type MultilineOptions } from '../../src/transforms/multiline.ts'
import { arrived, feed, several } from './run.ts'

const message = (record: ConsumedRecord): unknown => record.get('message')

/** The events of some lines, with the flush at the end. */
function events(options: MultilineOptions, lines: readonly string[]): unknown[] {
  const state = multiline(options).begin()
  const records = lines.map((line, offset) => arrived(line, 0, offset))
  return [...feed(state, records).flat(), ...several(state.flush?.())].map(message)
}

const trace = ['Error: no', '  at a', '  at b']

test('a stack trace is one event, found by what begins one or by what goes on', () => {
  const lines = ['one', ...trace, 'two']
  const whole = ['one', trace.join('\n'), 'two']
  assert.deepEqual(events({ start: /^\S/ }, lines), whole)
  assert.deepEqual(events({ pattern: /^\s/ }, lines), whole)
  assert.deepEqual(events({ pattern: /^\S/, negate: true, what: 'previous' }, lines), whole)
  assert.deepEqual(events({ start: /^\S/ }, ['  at x', '  at y', 'one']), ['  at x\n  at y', 'one'])
})

test('a line that says that the next one belongs to it', () => {
  assert.deepEqual(events({ pattern: /\\$/, what: 'next' }, ['a\\', 'b\\', 'c', 'd', 'e\\']), [
    'a\\\nb\\\nc',
    'd',
    'e\\',
  ])
})

test('lines of different keys do not mix, and come out when theirs is whole', () => {
  const state = multiline({ start: /^\S/, key: ['service', 'pid'] }).begin()
  const of = (service: string, text: string, offset: number): ConsumedRecord =>
    arrived({ service, pid: 1, message: text }, 0, offset)
  const out = feed(state, [
    of('a', 'A', 0),
    of('b', 'B', 1),
    of('a', ' a', 2),
    of('b', ' b', 3),
    of('b', 'B2', 4),
  ])
  assert.deepEqual(
    out.flat().map((record) => record.toJSON()),
    [{ service: 'b', pid: 1, message: 'B\n b' }],
  )
  assert.equal(state.held?.place.offset, '0', 'what is first of all that is held')
  assert.deepEqual(several(state.flush?.()).map(message), ['A\n a', 'B2'])
  assert.equal(state.held, undefined)
})

test('an event of one line is its record as it came; one of several is that of its first line', () => {
  const state = multiline({ start: /^\S/ }).begin()
  const first = arrived('{ "message": "one" }', 0, 3)
  feed(state, [first])
  assert.equal(several(state.flush?.())[0], first)
  assert.equal(first.line, '{ "message": "one" }')
  feed(state, [first, arrived({ message: ' more', other: 1 }, 0, 4)])
  const [joined] = several(state.flush?.())
  assert.deepEqual(joined?.toJSON(), { message: 'one\n more' })
  assert.equal(joined.place.offset, '3')
  assert.equal(first.line, '{ "message": "one" }', 'a record that may come again is not touched')
})

test('an event that grows too large ends, and nothing of it is lost', () => {
  const state = multiline({ start: /^\S/, maxLines: 3 }).begin()
  const out = feed(
    state,
    ['a', ' 1', ' 2', ' 3', ' 4'].map((line, offset) => arrived(line, 0, offset)),
  ).flat()
  assert.deepEqual(
    out.map((record) => record.toJSON()),
    [{ message: 'a\n 1\n 2', tags: ['_multilinelimit'] }],
  )
  assert.deepEqual(several(state.flush?.()).map(message), [' 3\n 4'])
  assert.deepEqual(events({ start: /^\S/, maxLength: 5 }, ['abc', ' d', ' e']), ['abc', ' d\n e'])
})

test('an event that got no line for a while ends, though the partition is busy', () => {
  const state = multiline({ start: /^\S/, key: 'k', timeout: 1000 }).begin()
  assert.equal(state.timeout, 1000)
  const of = (k: string, text: string, at: number): ConsumedRecord => arrived({ k, message: text }, at)
  const out = feed(state, [of('a', 'A', 0), of('b', 'B', 0), of('a', ' 1', 900), of('c', 'C', 1500)])
  assert.deepEqual(out.flat().map(message), ['B'])
})

test('of too many keys the oldest event ends', () => {
  const state = multiline({ start: /^\S/, key: 'k', maxKeys: 2 }).begin()
  const out = feed(
    state,
    ['a', 'b', 'c'].map((k) => arrived({ k, message: k }, 0)),
  )
  assert.deepEqual(out.flat().map(message), ['a'])
})

test('a record without a text is no line of any event', () => {
  const state = multiline({ start: /^\S/ }).begin()
  const other = arrived({ x: 1 }, 0)
  assert.deepEqual(feed(state, [arrived('a', 0), other]).flat(), [other])
})

test('whatever the lines are, all of them come out, in order, in the fewest events', () => {
  const line = fc
    .tuple(fc.constantFrom('', ' '), fc.stringMatching(/^[a-z]{0,3}$/))
    .map((parts) => parts.join('x'))
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 2, max: 5 }), (lines, maxLines) => {
      const out = events({ start: /^\S/, maxLines }, lines) as string[]
      assert.deepEqual(out.join('\n').split('\n'), lines.length === 0 ? [''] : lines)
      for (const event of out)
        assert.ok(
          event
            .split('\n')
            .slice(1)
            .every((one) => one.startsWith(' ')),
        )
    }),
  )
})

test('options are refused by their place', () => {
  const wrong: [MultilineOptions, RegExp][] = [
    [{}, /^multiline\.start: expected one of `start` and `pattern`/],
    [{ start: /a/, pattern: /b/ }, /one of `start` and `pattern`/],
    [{ start: /a/, what: 'next' }, /`start` alone/],
    [{ start: 'a' as never }, /^multiline\.start: expected a regular expression/],
    [{ start: /a/, maxLines: 1 }, /^multiline\.maxLines/],
    [{ start: /a/, key: [] }, /^multiline\.key: expected a non-empty array/],
  ]
  for (const [options, message] of wrong)
    assert.throws(() => multiline(options), { code: 'INVALID_OPTION', message })
})
