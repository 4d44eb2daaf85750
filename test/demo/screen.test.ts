import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cut, wrap } from '../../examples/demo/screen.ts'

test('text is broken at blanks, and keeps its indentation', () => {
  assert.equal(wrap('one two three four', 9), 'one two\nthree\nfour')
  assert.equal(wrap('  one two three', 9), '  one two\n  three')
  assert.equal(wrap('short\n\nlines stay', 10), 'short\n\nlines stay')
})

test('what has no blank stays whole', () => {
  assert.equal(wrap('in /a/long/path/to/it and more', 10), 'in\n/a/long/path/to/it\nand more')
  assert.equal(wrap('  /a/long/path/to/it', 10), '  /a/long/path/to/it')
})

test('a line is cut at the edge', () => {
  assert.equal(cut('x'.repeat(81)), 'x'.repeat(80))
  assert.equal(cut('short'), 'short')
})
