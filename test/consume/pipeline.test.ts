import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { test } from 'node:test'
import { Lease } from '../../src/consume/lease.ts'
import type { Sink } from '../../src/consume/sink.ts'
import { makePipeline } from './lane-parts.ts'
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
  const { lane } = makePipeline({ sinks: [sink] })

  const lost = new Lease()
  const first = lane(lost).take([makeRecord('first')])
  await setImmediate()
  lost.expire()
  assert.equal(await first, false)

  const lease = new Lease()
  const second = lane(lease).take([makeRecord('second')])
  await setImmediate()
  assert.deepEqual(written, ['first begins'])
  release[0]?.()
  while (release.length < 2) await setImmediate()
  release[1]?.()
  assert.equal(await second, true)
  assert.deepEqual(written, ['first begins', 'first ends', 'second begins', 'second ends'])
  lease.expire()
})

test('what a sink took after its lease was over does not go there again', async () => {
  const written: string[] = []
  let release = (): void => undefined
  const sink: Sink = {
    name: 'slow',
    async write(records) {
      written.push(...records.map(({ text }) => text))
      if (written.length === 2) await new Promise<void>((resolve) => (release = resolve))
    },
  }
  const { lane, meter } = makePipeline({ sinks: [sink] })
  const records = [makeRecord('a', { offset: 5 }), makeRecord('b', { offset: 6 })]
  const lost = new Lease()
  const first = lane(lost).take(records)
  while (written.length < 2) await setImmediate()
  lost.expire()
  await first
  release()
  const lease = new Lease()
  assert.equal(await lane(lease).take([...records, makeRecord('c', { offset: 7 })]), true)
  assert.deepEqual(written, ['a', 'b', 'c'])
  assert.equal(
    meter.snapshot({ lag: 0, lags: {}, lost: {}, missing: [], buffered: { records: 0, bytes: 0 } }).delivered,
    3,
  )
  lease.expire()
})
