import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Rate } from '../../src/consume/rate.ts'

test('a steady stream has its rate soon, keeps it, and loses it when it ends', () => {
  const rate = new Rate()
  assert.equal(rate.at(1_000_000), 0)
  let now = 1_000_300
  for (let step = 0; step < 300; step++, now += 100) {
    rate.add(10, now)
    if (step > 20) assert.ok(Math.abs(rate.at(now) - 100) < 12, `${rate.at(now)} after ${step}`)
  }
  assert.ok(rate.at(now + 5000) < 60)
  assert.equal(rate.at(now + 11_000), 0)
})

test('a clock that is put back begins anew', () => {
  const rate = new Rate()
  rate.add(1000, 5_000_000)
  rate.add(50, 1_000_000)
  assert.equal(rate.at(1_000_000), 50)
})
