import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSegment, parseSegments, segmentFile } from '../../src/journal/segment.ts'

test('a segment name tells slot, first ordinal and day, and is read back', () => {
  const file = segmentFile('shop', 3, 104_211, '20261121')
  assert.equal(file, 'shop.3.000000000104211.20261121.log')
  assert.deepEqual(parseSegment('shop', file), {
    file,
    slot: 3,
    ordinal: 104_211,
    date: '20261121',
    compression: undefined,
  })
})

test('names sort by age as text, also when the clock went back a day', () => {
  const later = segmentFile('shop', 0, 900, '20261120')
  const earlier = segmentFile('shop', 0, 40, '20261121')
  assert.deepEqual([later, earlier].sort(), [earlier, later])
})

test('other files are no segments: links, state, other names, half names', () => {
  const files = [
    'shop.log',
    'shop.0.000000000000000.20261121.log.gz.tmp',
    'shop.0.000000000000000.20261121.log.br',
    'shop.0.000000000000000.202611211.log',
    'shop.0.000000000000000.20261121.logx',
    'shop.00000.log',
    'shop2.0.000000000000000.20261121.log',
    'shop.db.0.000000000000000.20261121.log',
    'shop.0.00000000000000.20261121.log',
    '',
  ]
  assert.deepEqual(parseSegments('shop', files), [])
})

test('a name that looks like the beginning of another one keeps its own segments', () => {
  const files = [segmentFile('shop', 1, 0, '20261121'), segmentFile('shop.0', 1, 0, '20261121')]
  assert.deepEqual(
    parseSegments('shop.0', files).map(({ file }) => file),
    ['shop.0.1.000000000000000.20261121.log'],
  )
  assert.deepEqual(
    parseSegments('shop', files).map(({ file }) => file),
    ['shop.1.000000000000000.20261121.log'],
  )
})

test('a compressed segment is one as well, unless the plain one is still there', () => {
  const plain = segmentFile('a', 0, 0, '20260101')
  const later = `${segmentFile('a', 0, 5, '2026010123')}.zst`
  assert.deepEqual(
    parseSegments('a', [later, `${plain}.gz`, plain]).map(({ file, compression }) => [file, compression]),
    [
      [plain, undefined],
      [later, 'zst'],
    ],
  )
})

test('segments come by slot, then by age', () => {
  const files = [
    segmentFile('a', 1, 0, '20260101'),
    segmentFile('a', 0, 7, '20260101'),
    segmentFile('a', 0, 0, '20270101'),
  ]
  assert.deepEqual(
    parseSegments('a', files).map(({ slot, ordinal }) => [slot, ordinal]),
    [
      [0, 0],
      [0, 7],
      [1, 0],
    ],
  )
})
