import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Marks, type Marked } from '../src/marks.ts'

const record = (offset: number, checksum = offset * 7): Marked => ({
  place: { offset: String(offset) },
  checksum,
})
const records = (from: number, to: number): Marked[] =>
  Array.from({ length: to - from + 1 }, (_, index) => record(from + index))

function marked(...offsets: number[]): Marks {
  const marks = new Marks()
  for (const offset of offsets) marks.note(record(offset))
  return marks
}

test('a stretch that comes again is recognised by any record that was marked, however it is cut', () => {
  for (const [from, to] of [
    [5, 9],
    [5, 20],
    [5, 6],
    [7, 12],
  ] as const)
    assert.equal(marked(5, 9).recognise(records(from, to)), true, `${from} to ${to}`)
})

test('where no marked record is among them, nothing is known', () => {
  assert.equal(marked(5, 9).recognise(records(6, 8)), undefined)
  assert.equal(marked(5, 9).recognise(records(10, 12)), undefined)
  assert.equal(marked().recognise(records(0, 2)), undefined)
})

test('the same offsets of a topic that was made anew are something else', () => {
  assert.equal(marked(5, 9).recognise([record(4), record(5, 1), record(9)]), false)
})

test('marks are kept in order, each once, and those that cannot come again are forgotten', () => {
  const marks = marked(5, 5, 9, 7)
  assert.deepEqual(
    marks.all.map(({ offset }) => offset),
    [5n, 9n],
  )
  marks.forget(6n)
  assert.deepEqual(
    marks.all.map(({ offset }) => offset),
    [9n],
  )
  marks.forget(10n)
  assert.deepEqual(marks.all, [])
})
