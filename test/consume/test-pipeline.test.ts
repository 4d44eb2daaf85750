import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  defineSink,
  LogflumeError,
  testPipeline,
  wait,
  type ConsumedRecord,
  type Sink,
  type StatefulTransform,
} from '../../src/consumer.ts'

const texts = (records: readonly ConsumedRecord[]): string[] => records.map(({ line }) => line)

test('lines and fields go through the transforms, and it says what became of each', async () => {
  const { delivered, dead, dropped } = await testPipeline(
    {
      transforms: [
        (record) => {
          if (record.get('n') === 2) throw new Error('two')
          return record.get('n') === 3 ? undefined : record
        },
      ],
    },
    ['text', { n: 1 }, { n: 2 }, { n: 3 }],
  )
  assert.deepEqual(texts(delivered), ['text', '{"n":1}'])
  assert.deepEqual(
    dead.map(({ record, reason, error }) => [record.line, reason, error.message]),
    [['{"n":2}', 'transform failed', 'two']],
  )
  assert.equal(dropped, 1)
})

/** Counts records, and gives the count out after a minute without any. */
const counting: StatefulTransform = {
  name: 'counting',
  begin() {
    let last: ConsumedRecord | undefined
    let count = 0
    return {
      timeout: 60_000,
      apply(record) {
        last = record
        count++
        return undefined
      },
      flush() {
        const given = last?.with({ count })
        count = 0
        return given
      },
    }
  },
}

test('time passes at once where a transform waits for it, and at the end all is given out', async () => {
  const { delivered } = await testPipeline({ transforms: [counting] }, [
    'a',
    wait(59_000),
    'b',
    wait(60_000),
    'c',
    wait(200_000),
    'd',
    'e',
  ])
  assert.deepEqual(texts(delivered), ['{"count":2}', '{"count":1}', '{"count":2}'])
})

test('sinks are opened, written to, tried again and closed, gathering as in earnest', async () => {
  const calls: string[] = []
  const sink: Sink = defineSink({
    name: 'log',
    batch: { records: 3, time: 1000 },
    open: () => void calls.push('open'),
    write(records) {
      calls.push(texts(records).join())
      if (calls.length === 2) throw new Error('not yet')
    },
    close: () => void calls.push('close'),
  })
  const { delivered } = await testPipeline({ sinks: [sink] }, ['a', 'b', wait(1000), 'c', 'd', 'e', 'f'])
  assert.deepEqual(calls, ['open', 'a,b', 'a,b', 'c,d,e', 'f', 'close'])
  assert.equal(delivered.length, 6)
})

test('what a sink refuses is dead, and one that only fails says so instead of hanging', async () => {
  const picky = defineSink({
    name: 'picky',
    write: (records) => ({
      rejected: records
        .filter(({ text }) => text === 'b')
        .map((record) => ({ record, error: new LogflumeError('SINK', 'no b') })),
    }),
  })
  const { delivered, dead } = await testPipeline({ sinks: [picky] }, ['a', 'b'])
  assert.deepEqual([texts(delivered), dead[0]?.reason], [['a'], 'refused by sink picky'])
  const away = defineSink({ name: 'away', write: () => Promise.reject(new Error('ECONNREFUSED')) })
  await assert.rejects(testPipeline({ sinks: [away] }, ['a']), {
    message: 'sink away: write: ECONNREFUSED',
  })
})

test('options that make no sense are refused by name', async () => {
  await assert.rejects(testPipeline({ sinks: [{}] as unknown as Sink[] }, []), {
    message: /^sinks\[0\]\.name/,
  })
  await assert.rejects(testPipeline({ from: {} } as object, []), { message: /^from: no such option/ })
  assert.throws(() => wait(-1), { message: /^wait: expected milliseconds/ })
})
