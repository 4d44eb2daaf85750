import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from './random.ts'

test('the same seed and purpose give the same numbers', () => {
  const draw = (seed: number, purpose: string): number[] => {
    const random = new Random(seed, purpose)
    return [random.next(), random.between(1, 1000), random.interval(100)]
  }
  assert.deepEqual(draw(7, 'brokers'), draw(7, 'brokers'))
  assert.notDeepEqual(draw(7, 'brokers'), draw(8, 'brokers'))
  assert.notDeepEqual(draw(7, 'brokers'), draw(7, 'network'))
})

test('numbers are within bounds and spread over them', () => {
  const random = new Random(1, 'bounds')
  const drawn = Array.from({ length: 10_000 }, () => random.between(2, 5))
  assert.deepEqual([...new Set(drawn)].sort(), [2, 3, 4, 5])
  const intervals = Array.from({ length: 10_000 }, () => random.interval(100))
  assert.ok(intervals.every((interval) => interval >= 0 && interval <= 500))
  const mean = intervals.reduce((sum, interval) => sum + interval, 0) / intervals.length
  assert.ok(mean > 90 && mean < 110, `the mean of intervals is ${mean}`)
})

test('chooses by weight', () => {
  const random = new Random(1, 'weights')
  const chosen = Array.from({ length: 9000 }, () => random.choose({ often: 2, rarely: 1, never: 0 }))
  const often = chosen.filter((one) => one === 'often').length
  assert.ok(often > 5700 && often < 6300, `${often} of 9000`)
  assert.ok(!chosen.includes('never'))
})
