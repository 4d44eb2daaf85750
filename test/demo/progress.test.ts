import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { LoggerStats } from 'logflume'
import { heading, number, row, shopCounts } from '../../examples/demo/progress.ts'

test('a row says what there is, below the words of the heading', () => {
  const progress = {
    shop: { written: 36_120, forwarded: 36_104, pending: 16, lost: 0 },
    consumer: { delivered: 36_090, latency: { p50: 7, p99: undefined } },
  }
  assert.equal(
    `${heading('in Kafka')}\n${row(12.9, progress)}`,
    '   time   written  in Kafka  consumed   pending      lost    p50 ms    p99 ms\n' +
      '   12 s    36,120    36,104    36,090        16         0         7         -',
  )
})

test('a row has at most 80 columns, and a blank between its cells, whatever the numbers', () => {
  const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
  const latency = fc.option(count, { nil: undefined })
  fc.assert(
    fc.property(
      fc.nat({ max: 600 }),
      fc.tuple(count, count, count, count, count),
      latency,
      latency,
      (seconds, counts, p50, p99) => {
        const [written, forwarded, pending, lost, delivered] = counts
        const text = row(seconds, {
          shop: { written, forwarded, pending, lost },
          consumer: { delivered, latency: { p50, p99 } },
        })
        assert.ok(text.length <= 80, text)
        assert.deepEqual(
          text.trim().split(/ {2,}/).slice(1),
          [written, forwarded, delivered, pending, lost, p50, p99].map(number),
        )
      },
    ),
  )
})

test('both lives of the shop add up, and no line counts twice', () => {
  const stats = (counts: Partial<LoggerStats>): LoggerStats => ({
    written: 0,
    forwarded: 0,
    dropped: 0,
    pending: 0,
    lost: {},
    outputters: {},
    recovered: 0,
    buffered: { lines: 0, bytes: 0 },
    journal: { file: '', segments: 1, rotations: 0, torn: 0, error: undefined },
    kafka: {
      state: 'connected',
      error: undefined,
      retries: 0,
      duplicatesPossible: 0,
      moved: 0,
      keyErrors: 0,
      rate: 0,
      delivery: 'exactly-once',
    },
    ...counts,
  })
  assert.deepEqual(
    shopCounts(stats({ written: 100, forwarded: 90, pending: 7, lost: { 'disk failed': 3 } })),
    {
      written: 100,
      forwarded: 90,
      pending: 7,
      lost: 3,
    },
  )
  // 1,000 lines were on disk, 40 of them not in Kafka yet, and 5 never got to the disk; then 200 more came.
  const second = stats({ written: 240, forwarded: 200, pending: 38, lost: { a: 1, b: 1 }, recovered: 40 })
  assert.deepEqual(shopCounts(second, { onDisk: 1000, gone: 5 }), {
    written: 1205,
    forwarded: 1160,
    pending: 38,
    lost: 7,
  })
})
