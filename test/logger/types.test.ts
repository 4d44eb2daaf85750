import { expectTypeOf } from 'expect-type'
import { test } from 'node:test'
import {
  consoleOutputter,
  createLogger,
  defineOutputter,
  jsonFormatter,
  patternFormatter,
  type Formatter,
  type LevelName,
  type Logger,
  type LogMethod,
  type LogRecord,
  type LoggerStats,
  type Outputter,
  type OutputterStats,
} from 'logflume'

// The compiler is what may fail here; the loggers keep no journal.

test('a level of your own is a typed method, on every logger of the tree', () => {
  const log = createLogger({ name: 'shop', levels: { audit: 35, chatter: 5 }, journal: false })
  expectTypeOf(log).toEqualTypeOf<Logger<'audit' | 'chatter'>>()
  expectTypeOf(log.audit).toEqualTypeOf<LogMethod>()
  expectTypeOf(log.get('db').child({ a: 1 }).chatter).toEqualTypeOf<LogMethod>()
  expectTypeOf(log).not.toHaveProperty('panic')
  expectTypeOf<(typeof log)['isLevelEnabled']>().parameter(0).toEqualTypeOf<LevelName<'audit' | 'chatter'>>()
  expectTypeOf(log.log).toBeCallableWith('audit', 'm', { a: 1 })
  // @ts-expect-error There is no such level.
  log.log('panic', 'm')
})

test('without levels of your own there are the six', () => {
  const log = createLogger({ name: 'shop', journal: false })
  expectTypeOf(log).toEqualTypeOf<Logger>()
  expectTypeOf(log).not.toHaveProperty('audit')
  expectTypeOf(log.info).toBeCallableWith({ a: 1 }, 'm')
  expectTypeOf(log.info).toBeCallableWith(() => 'm')
  const caught: unknown = new Error('no')
  expectTypeOf(log.error).toBeCallableWith(caught, 'm')
})

test('outputters and formatters', () => {
  expectTypeOf(consoleOutputter).returns.toEqualTypeOf<Outputter>()
  expectTypeOf(patternFormatter).returns.toEqualTypeOf<Formatter>()
  expectTypeOf(jsonFormatter).toBeCallableWith({ names: { message: 'msg', 'process.pid': false } })
  expectTypeOf<LoggerStats['outputters'][string]>().toEqualTypeOf<OutputterStats>()
  const outputter = defineOutputter({
    name: 'mine',
    formatter: (record) => {
      expectTypeOf(record).toEqualTypeOf<LogRecord>()
      return record.message
    },
    write(entries) {
      expectTypeOf(entries[0]?.record).toEqualTypeOf<LogRecord | undefined>()
    },
  })
  expectTypeOf(outputter.level).toEqualTypeOf<string | undefined>()
})
