import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LogflumeError } from '../../src/errors.ts'
import { cutPieces, writePieces } from '../../src/sinks/pieces.ts'
import { makeRecord } from '../consume/make-record.ts'

test('pieces are whole, in order, within their limits but for what is larger by itself', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 30 }))
  const limit = fc.integer({ min: 1, max: 40 })
  fc.assert(
    fc.property(sizes, limit, limit, (entries, bytes, records) => {
      const pieces = cutPieces(entries, (size) => size, { bytes, records })
      assert.deepEqual(pieces.flat(), entries)
      for (const piece of pieces) {
        const size = piece.reduce((sum, one) => sum + one, 0)
        assert.ok(piece.length >= 1 && piece.length <= records)
        assert.ok(size <= bytes || piece.length === 1)
      }
      // None of them could take the first of the next one.
      for (const [index, next] of pieces.slice(1).entries()) {
        const piece = pieces[index] ?? []
        const size = [...piece, ...next.slice(0, 1)].reduce((sum, one) => sum + one, 0)
        assert.ok(size > bytes || piece.length === records)
      }
    }),
  )
})

const entries = Array.from({ length: 9 }, (_, n) => ({ n, record: makeRecord({ n }, { offset: n }) }))
const pieces = cutPieces(entries, () => 1, { bytes: 4, records: 4 })

test('who is at fault is found, and the others are sent once', async () => {
  const sent: number[] = []
  const result = await writePieces(pieces, (piece) => {
    if (piece.some(({ n }) => n === 2 || n === 8)) return Promise.reject(new LogflumeError('SINK', 'no'))
    sent.push(...piece.map(({ n }) => n))
    return Promise.resolve(undefined)
  })
  assert.deepEqual(sent, [0, 1, 3, 4, 5, 6, 7])
  assert.deepEqual(
    result?.rejected?.map(({ record }) => record.get('n')),
    [2, 8],
  )
  assert.deepEqual([result.retry, result.error], [[], undefined])
})

test('what fails first of all is thrown; later, what is left is to be written again', async () => {
  const fail = (from: number) =>
    writePieces(pieces, (piece) =>
      (piece[0]?.n ?? 0) >= from ? Promise.reject(new Error('away')) : Promise.resolve(undefined),
    )
  await assert.rejects(fail(0), { code: 'SINK', retryable: true, message: 'away' })
  const result = await fail(4)
  assert.deepEqual(
    result?.retry?.map((record) => record.get('n')),
    [4, 5, 6, 7, 8],
  )
  assert.equal(result.error?.message, 'away')
  assert.equal(await fail(9), undefined)
})
