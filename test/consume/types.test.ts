import { test } from 'node:test'
import { expectTypeOf } from 'expect-type'
import {
  defineSink,
  fanOut,
  testPipeline,
  wait,
  when,
  type ConsumedRecord,
  type Consumer,
  type ConsumerOptions,
  type Decision,
  type FromKafka,
  type Sink,
  type StatefulTransform,
  type TestResult,
  type Transform,
  type WriteContext,
  type WriteResult,
} from '../../src/consumer.ts'

test('sinks may answer nothing, or what became of the records, at once or later', () => {
  defineSink({ name: 'nothing', write: () => undefined })
  defineSink({ name: 'later', write: () => Promise.resolve() })
  const picky = defineSink({
    name: 'picky',
    batch: { records: 1000, time: 5000 },
    async write(records, { signal, committed }) {
      expectTypeOf(records).toEqualTypeOf<readonly ConsumedRecord[]>()
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
      expectTypeOf(committed).toEqualTypeOf<string | undefined>()
      await Promise.resolve()
      return { retry: records.slice(1), error: new Error('busy') }
    },
  })
  expectTypeOf(picky).toEqualTypeOf<Sink>()
  expectTypeOf(when((record) => record.get('n') === 1, fanOut(picky, picky))).toEqualTypeOf<Sink>()
  expectTypeOf<Parameters<Sink['write']>>().toEqualTypeOf<[readonly ConsumedRecord[], WriteContext]>()
  // @ts-expect-error A text is no verdict.
  defineSink({ name: 'wrong', write: () => 'done' })
  expectTypeOf<{ lines: number }>().not.toExtend<NonNullable<Sink['batch']>>()
  expectTypeOf<WriteResult['error']>().toEqualTypeOf<Error | undefined>()
})

test('transforms are functions or have a memory', () => {
  expectTypeOf<(record: ConsumedRecord) => ConsumedRecord | undefined>().toExtend<Transform>()
  expectTypeOf<(record: ConsumedRecord) => Promise<ConsumedRecord[]>>().toExtend<Transform>()
  expectTypeOf<StatefulTransform>().toExtend<Transform>()
  expectTypeOf<(record: ConsumedRecord) => string>().not.toExtend<Transform>()
})

test('a consumer begins where it is told, and onError may decide or not', () => {
  expectTypeOf<{ time: Date }>().toExtend<NonNullable<FromKafka['start']>>()
  expectTypeOf<{ offsets: { logs: { 0: string; 1: number } } }>().toExtend<NonNullable<FromKafka['start']>>()
  expectTypeOf<'newest'>().not.toExtend<NonNullable<FromKafka['start']>>()
  expectTypeOf<() => void>().toExtend<NonNullable<ConsumerOptions['onError']>>()
  expectTypeOf<() => Decision>().toExtend<NonNullable<ConsumerOptions['onError']>>()
  expectTypeOf<(string | RegExp)[]>().toExtend<FromKafka['topics']>()
  expectTypeOf<Parameters<Consumer['seek']>[0]>().toExtend<{ topic: string; partition: number }>()
})

test('the test helper takes lines, fields, records and whiles', () => {
  expectTypeOf(testPipeline).returns.toEqualTypeOf<Promise<TestResult>>()
  void testPipeline({}, ['a', { n: 1 }, wait(5)])
})
