import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Stopwatch } from '../../src/journal/stopwatch.ts'
import { until } from './open-journal.ts'

/** Milliseconds in which nothing else happens in this thread. */
function hold(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

test('what has no answer though the event loop turned is overdue, until it is stopped', async () => {
  const watch = new Stopwatch()
  watch.start()
  assert.ok(watch.running)
  assert.ok(!watch.overdue)
  await until(() => watch.overdue)
  watch.stop()
  assert.ok(!watch.running)
  assert.ok(!watch.overdue)
})

test('an event loop that does not turn makes nothing overdue', async () => {
  const watch = new Stopwatch()
  watch.start()
  const answer = new Promise<void>((resolve) => setTimeout(resolve, 1)).then(() => watch.stop())
  hold(120)
  await answer
  assert.ok(!watch.overdue)
  assert.ok(!watch.wary)
})

test('after something was overdue it is wary for a while', async () => {
  const watch = new Stopwatch(30)
  watch.start()
  await until(() => watch.overdue)
  assert.ok(watch.wary)
  watch.stop()
  assert.ok(watch.wary)
  await delay(60)
  assert.ok(!watch.wary)
})

test('what holds the thread is timed: told where it was slow, and wary after it', async () => {
  const watch = new Stopwatch(30)
  assert.equal(
    watch.time(() => undefined),
    undefined,
  )
  const took = watch.time(() => hold(60))
  assert.ok(took !== undefined && took >= 59)
  assert.ok(watch.wary)
  await delay(60)
  assert.ok(!watch.wary)
})
