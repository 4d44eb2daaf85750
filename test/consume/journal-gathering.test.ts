import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Sink } from '../../src/consumer.ts'
import { appendLines, collect, journalDirectory, makeConsumer } from './journal.ts'

const lines = Array.from({ length: 1000 }, (_, index) => `line ${index} ${'x'.repeat(index % 50)}`)

interface Units extends Sink {
  readonly units: string[][]
}

function unitSink(hangAt = Infinity): Units {
  const units: string[][] = []
  return {
    name: 'units',
    batch: { records: 130, time: 60_000 },
    units,
    async write(records, { signal }) {
      units.push(records.map(({ text }) => text))
      if (units.length < hangAt) return
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
    },
  }
}

test('units of a journal go on in the middle of what was read, and are the same again', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, lines)
  const first = unitSink(3)
  const one = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [first], stopTimeout: 50 })
  void one.consumer.run()
  while (first.units.length < 3) await setTimeout(5)
  const offsets = await readFile(join(dir, '.logflume', 'shop.default.offsets'), 'utf8')
  assert.match(offsets, /"notes":\{"0":"logflume1 \{\\"units\\":\[\\"260\\",\\"390\\"\]\}"\}/)
  await one.consumer.close()
  const second = unitSink()
  await makeConsumer(t, { from: { dir, name: 'shop', follow: false }, sinks: [second] }).consumer.run()
  assert.deepEqual(second.units[0], first.units[2])
  assert.deepEqual([...first.units.slice(0, 2), ...second.units].flat(), lines)
  const third = unitSink()
  await makeConsumer(t, { from: { dir, name: 'shop', follow: false }, sinks: [third] }).consumer.run()
  assert.deepEqual(third.units, [])
})

test('a paused journal is not read until it is resumed', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  const sink = collect()
  const { consumer } = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [sink] })
  consumer.pause(['other'])
  void consumer.run()
  await sink.until(1)
  consumer.pause()
  await appendLines(dir, ['b'])
  await setTimeout(300)
  assert.deepEqual(sink.texts(), ['a'])
  consumer.resume(['shop'])
  await sink.until(2)
  await assert.rejects(consumer.seek({ topic: 'shop', partition: 0, offset: 0 }), { code: 'JOURNAL' })
})

test('the lag of a journal is told in lines, by slot, while it is read', async (t) => {
  const dir = await journalDirectory(t)
  const line = 'x'.repeat(99)
  await appendLines(dir, Array<string>(200_000).fill(line))
  await appendLines(dir, Array<string>(1000).fill(line), { ordinal: 200_000 })
  await appendLines(dir, ['a'], { slot: 1 })
  const seen: number[] = []
  const { consumer } = makeConsumer(t, {
    from: { dir, name: 'shop', follow: false },
    sinks: [{ name: 'look', write: () => void seen.push(consumer.stats().lags['shop/0'] ?? -1) }],
  })
  await consumer.run()
  const lags = [...new Set(seen)].filter((lag) => lag > 0)
  assert.ok(lags.length > 0 && lags.every((lag) => lag < 201_000), lags.join())
  // A turn reads some 8 MiB, and the names and sizes say exactly what is behind them.
  assert.ok(lags.every((lag) => lag % 1 === 0) && Math.abs((lags[0] ?? 0) - 117_114) < 11_000, lags.join())
  assert.deepEqual(consumer.stats().lags, { 'shop/0': 0, 'shop/1': 0 })
  assert.equal(consumer.stats().lag, 0)
})
