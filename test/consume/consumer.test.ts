import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fanOut, LogflumeError, when, type Sink } from '../../src/consumer.ts'
import { appendLines, collect, journalDirectory, makeConsumer } from './journal.ts'

// What holds for every source, shown with a journal, which needs nothing but a directory.

const source = (dir: string) => ({ dir, name: 'shop', follow: false })

/** Texts of a failing sink's writes, and the moment at which it stops failing. */
function failing(times: number, error: () => Error): Sink & { readonly writes: string[][] } {
  const writes: string[][] = []
  return {
    name: 'failing',
    writes,
    write(records) {
      writes.push(records.map(({ line }) => line))
      if (writes.length <= times) throw error()
    },
  }
}

test('every sink gets every record that the transforms leave, and the counts add up', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a', 'drop', 'two', 'throw', 'b'])
  const [one, other] = [collect('one'), collect('other')]
  const { consumer } = makeConsumer(t, {
    from: source(dir),
    sinks: [one, other],
    transforms: [
      (record) => {
        if (record.text === 'throw') throw new Error('no')
        if (record.text === 'two') return [record, record.with({ m: 2 })]
        return record.text === 'drop' ? undefined : record
      },
    ],
  })
  await consumer.run()
  assert.deepEqual(one.texts(), ['a', 'two', '{"m":2}', 'b'])
  assert.deepEqual(other.texts(), one.texts())
  const { state, consumed, added, delivered, dropped, failed, retries, error } = consumer.stats()
  assert.deepEqual(
    { state, consumed, added, delivered, dropped, failed, retries, error },
    {
      state: 'stopped',
      consumed: 5,
      added: 1,
      delivered: 4,
      dropped: 1,
      failed: { 'transform failed': 1 },
      retries: 0,
      error: undefined,
    },
  )
})

test('latency is measured from the time in the record', async (t) => {
  const dir = await journalDirectory(t)
  const lines = Array.from({ length: 500 }, () => ({
    '@timestamp': new Date(Date.now() - 5000).toISOString(),
  }))
  await appendLines(
    dir,
    lines.map((fields) => JSON.stringify(fields)),
  )
  const { consumer } = makeConsumer(t, { from: source(dir), sinks: [collect()] })
  await consumer.run()
  const { p50 = 0, p99 = 0 } = consumer.stats().latency
  assert.ok(p50 > 4500 && p50 < 7000 && p99 >= p50, `${p50} ${p99}`)
})

test('a sink that fails gets the same records again, the others do not', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a', 'b'])
  const sink = failing(3, () => new Error('away'))
  const good = collect()
  const errors: [string, unknown][] = []
  const { consumer, diagnostics } = makeConsumer(t, {
    from: source(dir),
    sinks: [good, sink],
    onError: (error, record) => errors.push([error.message, record]),
  })
  await consumer.run()
  assert.deepEqual(sink.writes, Array(4).fill(['a', 'b']))
  assert.deepEqual(good.texts(), ['a', 'b'])
  assert.equal(consumer.stats().retries, 3)
  assert.equal(consumer.stats().delivered, 2)
  assert.equal(consumer.stats().error, undefined)
  assert.deepEqual(errors, Array(3).fill(['sink failing: write: away', undefined]))
  assert.ok(
    diagnostics.some(({ level, message }) => level === 'error' && message.includes('away; trying again')),
  )
})

test('while a sink fails its error shows, and nothing counts as delivered', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  const sink = failing(Infinity, () => new Error('away'))
  const { consumer } = makeConsumer(t, { from: source(dir), sinks: [sink] })
  const running = consumer.run()
  while (consumer.stats().retries < 3) await setTimeout(5)
  const { state, error, delivered, consumed } = consumer.stats()
  assert.deepEqual({ state, delivered, consumed }, { state: 'running', delivered: 0, consumed: 0 })
  assert.match(error?.message ?? '', /^sink failing: write: away$/)
  await consumer.close()
  await running
})

test('what a sink refuses for good, and what a transform throws at, goes to the dead letters', async (t) => {
  const dir = await journalDirectory(t)
  const fields = {
    '@timestamp': '2026-11-21T10:00:00.000Z',
    'log.logger': 'shop::db',
    'service.name': 'shop',
  }
  await appendLines(dir, [JSON.stringify({ ...fields, n: 1 }), JSON.stringify({ ...fields, n: 2 })])
  const sink = failing(1, () => new LogflumeError('SINK', 'mapping conflict'))
  const deadLetter = collect('dead letters')
  const errors: [string, string | undefined][] = []
  const { consumer } = makeConsumer(t, {
    from: source(dir),
    sinks: [sink, collect()],
    deadLetter,
    transforms: [
      (record) => {
        if (record.get('n') === 1) throw new RangeError('not one')
        return record
      },
    ],
    onError: (error, record) => errors.push([error.message, record?.place.offset]),
  })
  await consumer.run()
  const [thrown, refused] = deadLetter.records.map((record) => record.toJSON())
  const { 'error.stack_trace': stack, ...rest } = thrown ?? {}
  assert.deepEqual(rest, {
    ...fields,
    'log.level': 'error',
    message: 'transform failed: not one',
    'error.type': 'RangeError',
    'error.message': 'not one',
    'event.reason': 'transform failed',
    'event.original': JSON.stringify({ ...fields, n: 1 }),
    'kafka.topic': 'shop',
    'kafka.partition': 0,
    'kafka.offset': '0',
  })
  assert.match(String(stack), /^RangeError: not one\n/)
  assert.equal(refused?.['event.reason'], 'refused by sink failing')
  assert.equal(refused['kafka.offset'], '1')
  assert.deepEqual(deadLetter.records[1]?.place, { topic: 'shop', partition: 0, offset: '1' })
  assert.deepEqual(consumer.stats().failed, { 'transform failed': 1, 'refused by sink failing': 1 })
  assert.equal(consumer.stats().delivered, 0)
  assert.equal(sink.writes.length, 1)
  assert.deepEqual(errors, [
    ['transform failed: not one', '0'],
    ['sink failing: write: mapping conflict', undefined],
    ['refused by sink failing: sink failing: write: mapping conflict', '1'],
  ])
})

test('a dead letter sink that fails is tried again, and one that refuses stops nothing', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  for (const error of [new Error('away'), new LogflumeError('SINK', 'never')]) {
    const deadLetter = failing(2, () => error)
    const { consumer } = makeConsumer(t, {
      from: { ...source(dir), group: error.message },
      sinks: [collect()],
      deadLetter,
      transforms: [() => Promise.reject(new Error('no'))],
    })
    await consumer.run()
    assert.equal(deadLetter.writes.length, error instanceof LogflumeError ? 1 : 3)
    assert.deepEqual(consumer.stats().failed, { 'transform failed': 1 })
  }
})

test('an onError that throws does no harm', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a', 'b'])
  const sink = collect()
  const { consumer } = makeConsumer(t, {
    from: source(dir),
    sinks: [sink],
    transforms: [
      (record) => {
        if (record.text === 'a') throw new Error('no')
        return record
      },
    ],
    onError: () => {
      throw new Error('me too')
    },
  })
  await consumer.run()
  assert.deepEqual(sink.texts(), ['b'])
})

test('sinks are opened before the first write, tried again where that fails, and closed after the last', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  const calls: string[] = []
  const sink: Sink = {
    name: 'log',
    open() {
      calls.push('open')
      if (calls.length < 3) throw new Error('not yet')
    },
    write: () => void calls.push('write'),
    close: () => void calls.push('close'),
  }
  const { consumer } = makeConsumer(t, { from: source(dir), sinks: [sink], deadLetter: sink })
  await consumer.run()
  assert.deepEqual(calls, ['open', 'open', 'open', 'write', 'close'])
})

test('a sink that refuses to open ends the consumer, with the others closed', async (t) => {
  const dir = await journalDirectory(t)
  let closed = 0
  const good: Sink = {
    ...collect(),
    close() {
      closed++
    },
  }
  const bad: Sink = {
    ...collect('bad'),
    open: () => Promise.reject(new LogflumeError('SINK', 'wrong password')),
  }
  const { consumer } = makeConsumer(t, { from: source(dir), sinks: [good, bad] })
  await assert.rejects(consumer.run(), { code: 'SINK', message: 'sink bad: open: wrong password' })
  assert.equal(consumer.stats().state, 'stopped')
  assert.equal(consumer.stats().error?.message, 'sink bad: open: wrong password')
  assert.equal(closed, 1)
})

test('at the signal a write under way is finished, and its place kept', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  const controller = new AbortController()
  let aborted: boolean | undefined
  const slow: Sink = {
    name: 'slow',
    async write(_records, { signal }) {
      controller.abort()
      await setTimeout(50)
      aborted = signal.aborted
    },
  }
  const { consumer } = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [slow] })
  await consumer.run({ signal: controller.signal })
  assert.equal(aborted, false)
  assert.equal(consumer.stats().delivered, 1)
  const again = collect()
  await makeConsumer(t, { from: source(dir), sinks: [again] }).consumer.run()
  assert.deepEqual(again.texts(), [])
})

test('a write that hangs is given up after the timeout; its records come again', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  const controller = new AbortController()
  let given: AbortSignal | undefined
  const hanging: Sink = {
    name: 'hanging',
    write(_records, { signal }) {
      given = signal
      controller.abort()
      return once(signal, 'abort').then(() => new Promise<never>(() => undefined))
    },
  }
  const { consumer } = makeConsumer(t, { from: { dir, name: 'shop' }, sinks: [hanging], stopTimeout: 50 })
  const start = performance.now()
  await consumer.run({ signal: controller.signal })
  assert.ok(performance.now() - start < 1500)
  assert.equal(given?.aborted, true)
  assert.equal(consumer.stats().delivered, 0)
  const again = collect()
  await makeConsumer(t, { from: source(dir), sinks: [again] }).consumer.run()
  assert.deepEqual(again.texts(), ['a'])
})

test('a failing sink does not hold up the stop', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  const sink = failing(Infinity, () => new Error('away'))
  const { consumer } = makeConsumer(t, {
    from: source(dir),
    sinks: [sink],
    retry: { first: 60_000, most: 60_000 },
  })
  const running = consumer.run()
  while (consumer.stats().retries === 0) await setTimeout(5)
  const start = performance.now()
  await consumer.close()
  await running
  assert.ok(performance.now() - start < 1000)
  assert.equal(consumer.stats().state, 'stopped')
})

test('a signal that aborted before is an end before the beginning', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  const sink = collect()
  const { consumer } = makeConsumer(t, { from: source(dir), sinks: [sink] })
  await consumer.run({ signal: AbortSignal.abort() })
  assert.deepEqual(sink.texts(), [])
  assert.equal(consumer.stats().state, 'stopped')
})

test('a consumer runs once', async (t) => {
  const dir = await journalDirectory(t)
  const { consumer } = makeConsumer(t, { from: source(dir), sinks: [collect()] })
  await consumer.run()
  await assert.rejects(consumer.run(), { code: 'CLOSED', message: /runs once, and this one is stopped/ })
})

test('a sink writes one batch at a time, or as many as it says, and of one partition one', async (t) => {
  const dir = await journalDirectory(t)
  for (let slot = 0; slot < 4; slot++) await appendLines(dir, ['a', 'b'], { slot })
  for (const concurrency of [1, 3]) {
    let now = 0
    let most = 0
    const partitions = new Set<number>()
    const sink: Sink = {
      name: 'counting',
      concurrency,
      async write(records) {
        const partition = records[0]!.place.partition
        assert.ok(!partitions.has(partition))
        partitions.add(partition)
        most = Math.max(most, ++now)
        await setTimeout(10)
        now--
        partitions.delete(partition)
      },
    }
    const { consumer } = makeConsumer(t, {
      from: { ...source(dir), group: `g${concurrency}` },
      sinks: [sink],
    })
    await consumer.run()
    assert.equal(most, concurrency)
    assert.equal(consumer.stats().delivered, 8)
  }
})

test('onError may decide otherwise: a record is dropped, or given to the transform or the sink again', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a', 'drop', 'flaky', 'dead', 'b'])
  let failures = 0
  let writes = 0
  const taken: string[] = []
  const sink: Sink = {
    name: 'picky',
    write(records) {
      writes++
      const refused = writes > 2 ? [] : records.filter(({ text }) => text === 'b')
      taken.push(...records.filter((record) => !refused.includes(record)).map(({ text }) => text))
      return { rejected: refused.map((record) => ({ record, error: new Error('not yet') })) }
    },
  }
  const deadLetter = collect('dead letters')
  const { consumer } = makeConsumer(t, {
    from: source(dir),
    sinks: [sink],
    deadLetter,
    transforms: [
      async (record) => {
        await setTimeout(1)
        if (record.text === 'flaky' && ++failures < 3) throw new Error('no answer')
        if (['drop', 'dead'].includes(record.text)) throw new Error(record.text)
        return record
      },
    ],
    onError: (error, record) => {
      if (record === undefined) return undefined
      return error.message.endsWith('no answer') || error.message.endsWith('not yet')
        ? 'retry'
        : record.text === 'drop'
          ? 'drop'
          : 'dead'
    },
  })
  await consumer.run()
  assert.deepEqual(taken, ['a', 'flaky', 'b'])
  assert.equal(failures, 3)
  assert.deepEqual(
    deadLetter.records.map(({ text }) => text),
    ['dead'],
  )
  const { consumed, delivered, dropped, failed } = consumer.stats()
  assert.deepEqual(
    { consumed, delivered, dropped, failed },
    { consumed: 5, delivered: 3, dropped: 1, failed: { 'transform failed': 1 } },
  )
})

test('onError may give up what a sink says can be tried again, and try again what it refuses', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  for (const [decision, error, writes] of [
    ['drop', new Error('away'), 1],
    ['dead', new Error('away'), 1],
    ['retry', new LogflumeError('SINK', 'never'), 3],
  ] as const) {
    const sink = failing(2, () => error)
    const { consumer } = makeConsumer(t, {
      from: { ...source(dir), group: decision },
      sinks: [sink],
      onError: () => decision,
    })
    await consumer.run()
    assert.equal(sink.writes.length, writes)
    const { delivered, dropped, failed } = consumer.stats()
    assert.deepEqual(
      [delivered, dropped, Object.keys(failed).length],
      {
        drop: [0, 1, 0],
        dead: [0, 0, 1],
        retry: [1, 0, 0],
      }[decision],
    )
  }
})

test('a dead letter has its cause and place in headers, named as by Kafka Connect', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a'])
  const deadLetter = collect('dead letters')
  const { consumer } = makeConsumer(t, {
    from: source(dir),
    sinks: [collect()],
    deadLetter,
    transforms: [() => Promise.reject(new RangeError('no'))],
  })
  await consumer.run()
  const {
    '__connect.errors.exception.stacktrace': stack,
    '__connect.errors.record.timestamp': timestamp,
    ...headers
  } = deadLetter.records[0]?.headers ?? {}
  assert.deepEqual(headers, {
    '__connect.errors.topic': 'shop',
    '__connect.errors.partition': '0',
    '__connect.errors.offset': '0',
    '__connect.errors.stage': 'transform failed',
    '__connect.errors.exception.class.name': 'RangeError',
    '__connect.errors.exception.message': 'no',
  })
  assert.match(String(stack), /^RangeError: no\n/)
  assert.ok(Number(timestamp) > 0)
})

test('records go where a predicate says, and to each of several sinks with tries of its own', async (t) => {
  const dir = await journalDirectory(t)
  await appendLines(dir, ['a', 'b', 'throw'])
  const [odd, even, all] = [collect('odd'), collect('even'), failing(2, () => new Error('away'))]
  const { consumer } = makeConsumer(t, {
    from: source(dir),
    sinks: [
      when(({ text }) => text === 'a', odd),
      when(
        ({ text }) => {
          if (text === 'throw') throw new Error('hm')
          return text !== 'a'
        },
        fanOut(even, all),
      ),
    ],
  })
  await consumer.run()
  assert.deepEqual([odd.texts(), even.texts(), all.writes], [['a'], ['b'], [['b'], ['b'], ['b']]])
  // Dead once, though two sinks could not be asked.
  assert.deepEqual(consumer.stats().failed, { 'refused by sink even': 1 })
})
