import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LatencyHistogram } from '../../src/consume/latency.ts'

test('percentiles are right to within a tenth', () => {
  const histogram = new LatencyHistogram()
  for (let ms = 1; ms <= 10_000; ms++) histogram.add(ms)
  for (const share of [0.01, 0.5, 0.9, 0.99, 1]) {
    const value = histogram.percentile(share) ?? 0
    assert.ok(Math.abs(value - share * 10_000) <= share * 1000, `p${share * 100} is ${value}`)
  }
})

test('there is no percentile of nothing, and clocks that differ do no harm', () => {
  const histogram = new LatencyHistogram()
  assert.equal(histogram.percentile(0.5), undefined)
  histogram.add(-500)
  assert.equal(histogram.percentile(0.5), 0)
  histogram.add(Number.MAX_SAFE_INTEGER)
  assert.ok((histogram.percentile(1) ?? 0) > 1e12)
})

test('the past fades', () => {
  const histogram = new LatencyHistogram()
  histogram.add(60_000, 1_000_000)
  for (let round = 0; round < 12; round++) histogram.add(10, 1_000_000)
  assert.equal(histogram.percentile(0.5), 10)
  assert.ok((histogram.percentile(0.99) ?? 0) < 100)
})
