import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { test } from 'node:test'
import { Lease } from '../../src/consume/lease.ts'
import { Outlet } from '../../src/consume/outlet.ts'
import { Pipeline } from '../../src/consume/pipeline.ts'
import type { Sink } from '../../src/consume/sink.ts'
import { Meter } from '../../src/consume/stats.ts'
import { makeRecord } from './make-record.ts'

test('a partition that comes back waits for the write that it was given up with', async () => {
  const written: string[] = []
  const release: (() => void)[] = []
  const sink: Sink = {
    name: 'slow',
    concurrency: 2,
    async write(records) {
      const texts = records.map(({ text }) => text)
      written.push(`${texts.join()} begins`)
      await new Promise<void>((resolve) => release.push(resolve))
      written.push(`${texts.join()} ends`)
    },
  }
  const meter = new Meter()
  const ignore = (): void => undefined
  const outlet = new Outlet(sink, { backoff: {}, meter, diagnose: ignore, onError: ignore })
  const pipeline = new Pipeline({
    transforms: [],
    outlets: [outlet],
    deadLetters: undefined,
    meter,
    onDead: ignore,
  })

  const lost = new Lease()
  const first = pipeline.take([makeRecord('first')], lost)
  await setImmediate()
  lost.expire()
  assert.equal(await first, false)

  const lease = new Lease()
  const second = pipeline.take([makeRecord('second')], lease)
  await setImmediate()
  assert.deepEqual(written, ['first begins'])
  release[0]?.()
  await setImmediate()
  release[1]?.()
  assert.equal(await second, true)
  assert.deepEqual(written, ['first begins', 'first ends', 'second begins', 'second ends'])
  assert.equal(meter.snapshot({ lag: undefined, lost: {} }).delivered, 1)
  lease.expire()
})
