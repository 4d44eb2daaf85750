import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { patternFormatter, type PatternOptions } from '../../../src/logger/formatters/pattern-formatter.ts'
import type { Logger } from '../../../src/logger/logger.ts'
import type { LogRecord } from '../../../src/logger/log-record.ts'
import { formatted, records, time } from './records.ts'

function format(pattern: string, act: (log: Logger) => void, options?: PatternOptions): string {
  return formatted(patternFormatter(pattern, options), act)
}

const once = (log: Logger): void => log.get('db::pool').info('connected', { host: 'a' })

test('the directives of log4j', () => {
  const cases: Record<string, string> = {
    '%d [%p] %c - %m%n': '2026-11-21 13:10:00,123 [INFO] shop::db::pool - connected\n',
    '%d{ISO8601}': '2026-11-21T13:10:00,123',
    '%d{ABSOLUTE}': '13:10:00,123',
    '%d{DATE}': '21 Nov 2026 13:10:00,123',
    '%d{yyyy-MM-dd}{UTC}': new Date(time).toISOString().slice(0, 10),
    '%d{%H:%M:%S.%L}': '13:10:00.123',
    '%c{1}|%c{2}|%c{9}|%c{-1}': 'pool|db::pool|shop::db::pool|db::pool',
    '%-6p|%6p|%.3p|%.-3p|%6.3p|%-6.3p': 'INFO  |  INFO|NFO|INF|   NFO|NFO   ',
    '%logger{1} %-5level %msg': 'pool INFO  connected',
    '%t %%': 'main %',
    '%i': String(process.pid),
    '%X{host} %X{none}| %x| %X': 'a | | {}',
    '%f': 'host=a',
    'no directives': 'no directives',
    '': '',
  }
  for (const [pattern, text] of Object.entries(cases)) assert.equal(format(pattern, once), text, pattern)
})

test('the directives of Log4r mean other things, and each record ends its line', () => {
  const cases: Record<string, string> = {
    '%d %l %c %C: %m': '2026-11-21 13:10:00 INFO pool shop::db::pool: connected\n',
    '%M': 'connected {"host":"a"}\n',
    '%p %h': `${process.pid} main\n`,
    '[%6.3m]': '[   con]\n',
  }
  for (const [pattern, text] of Object.entries(cases)) {
    assert.equal(format(pattern, once, { directives: 'log4r' }), text, pattern)
  }
  assert.equal(format('%d', once, { directives: 'log4r', datePattern: '%y%m%d' }), '261121\n')
})

test('where the call is, of every way to call', () => {
  const formatter = patternFormatter('%F:%M:%C:%L %l%n')
  const lines: number[] = []
  /** The message, once the line that it stands on is noted. */
  const here = (message: string): string => {
    const [, , caller = ''] = new Error().stack?.split('\n') ?? []
    lines.push(Number(/:(\d+):\d+\)?$/.exec(caller)?.[1]))
    return message
  }
  class Shop {
    order(log: Logger): void {
      log.info(here('m'))
    }
  }
  const text = formatted(formatter, (log) => {
    new Shop().order(log)
    const { warn } = log
    warn(here('taken off its logger'))
    log.log('info', here('m'))
    log.log('nope' as 'info', here('m'))
  })
  const places = text.split('\n').slice(0, -1)
  assert.equal(
    places[0],
    `pattern-formatter.test.ts:order:Shop:${lines[0]} Shop.order(pattern-formatter.test.ts:${lines[0]})`,
  )
  places.forEach((place, index) =>
    assert.match(place, new RegExp(`^pattern-formatter\\.test\\.ts:.*:${lines[index]} `)),
  )
  assert.match(format('%T', once, { directives: 'log4r' }), /^pattern-formatter\.test\.ts:\d+:in `once'\n$/)
})

test('the stack of an error follows its record, or stands where the pattern has it', () => {
  const fail = (log: Logger): void => log.error(new TypeError('no'), 'failed')
  assert.match(format('%m%n', fail), /^failed\nTypeError: no\n {4}at [^]*\n$/)
  assert.match(format('%m <%ex>', fail), /^failed <TypeError: no\n[^]*\n>$/)
  assert.equal(format('%m%n', fail, { stack: false }), 'failed\n')
  assert.match(format('%M', fail, { directives: 'log4r' }), /^failed Caught TypeError: no\n(\tat .*\n){7}$/)
})

test('what a record says cannot steer a terminal', () => {
  assert.equal(
    format('%m %X{a}', (log) => log.info('a\u001b[2Jb\tc\nd', { a: '\r' })),
    'a\\x1b[2Jb\tc\nd \\x0d',
  )
})

test('a pattern that cannot be is refused, with the place', () => {
  const cases: [string, RegExp][] = [
    ['%d %q', /^pattern: expected a directive after % at character 4, got "%d %q" \(string\)$/],
    ['100%', /a directive after % at character 4/],
    ['%-', /a directive after % at character 1/],
    ['%5', /at character 1/],
    ['%9999m', /widths of at most 1000, at character 1/],
    ['%d{yyyy', /a } for the { at character 3/],
    ['%m %d{yyyy-bb}', /^pattern, %d at character 4: expected a letter of SimpleDateFormat at character 6/],
    ["%d{'T}", /a quote that ends, at character 1/],
    ['%d{%Y-%Q}', /a strftime letter after % at character 4/],
    ['%d{yyyy}{Mars}', /UTC or local/],
    ['%c{x}', /^pattern, %c at character 1: expected a whole number/],
    ['%c{0}', /whole number/],
  ]
  for (const [pattern, message] of cases) {
    assert.throws(() => patternFormatter(pattern), { code: 'INVALID_OPTION', message }, pattern)
  }
  assert.throws(() => patternFormatter(5 as never), { code: 'INVALID_OPTION' })
  assert.throws(() => patternFormatter('%m', { directives: 'log4net' as never }), {
    message: /^directives: /,
  })
  assert.throws(() => patternFormatter('%p%n', { directives: 'log4r' }), { message: /at character 3/ })
})

const directive = fc.constantFrom(
  ...[
    'd',
    'd{ISO8601}',
    'd{HH:mm:ss.SSSXXX}{UTC}',
    'd{%c}',
    'p',
    'c',
    'c{1}',
    'c{-2}',
    'm',
    'M',
    'l',
    'F',
    'L',
    'C',
  ],
  ...['t', 'r', 'x', 'X', 'X{a}', 'h', 'i', 'f', 'ex', 'n', '%', 'logger', 'level', 'message'],
)
const width = fc.constantFrom('', '5', '-5', '.3', '.-3', '20.30', '-20.10')
const part = fc.oneof(
  fc.tuple(width, directive).map((parts) => `%${parts.join('')}`),
  fc.string().map((text) => text.replaceAll('%', '%%').replaceAll('{', '')),
)
const value = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withMap: true })

test('a good pattern never throws, whatever the record is', () => {
  fc.assert(
    fc.property(fc.array(part), fc.array(value, { maxLength: 3 }), fc.string(), (parts, args, name) => {
      const formatter = patternFormatter(parts.join(''))
      // `formatted` fails where a formatter has thrown.
      const text = formatted(formatter, (log) => {
        const logger = log.get(name.replaceAll(':', '') || 'x').child({ a: args[0] })
        const call = logger.info as (...parts: unknown[]) => void
        call.apply(logger, args)
      })
      assert.equal(typeof text, 'string')
    }),
    { numRuns: 200 },
  )
})

test('of any text patterns are made, or refused', () => {
  const [record] = records(once) as [LogRecord]
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."%-.{}05dcmXxp 'yQ".split('')) }), (pattern) => {
      try {
        assert.equal(typeof patternFormatter(pattern)(record), 'string')
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, 'INVALID_OPTION', String(error))
      }
    }),
    { numRuns: 500 },
  )
})

test('contexts are shown where a record has them', () => {
  const [record] = records(once) as [LogRecord]
  const read = { ...pick(record), mdc: { user: 'ada', n: 1 }, ndc: ['outer', 'inner'], gdc: 'all' }
  assert.equal(patternFormatter('%X{user} %X [%x]')(read), 'ada {user=ada, n=1} [outer inner]')
  assert.equal(patternFormatter('%X{user} %x %g', { directives: 'log4r' })(read), 'ada outer inner all\n')
})

function pick(record: LogRecord): LogRecord {
  const {
    time,
    level,
    rank,
    logger,
    service,
    pid,
    hostname,
    message,
    fields,
    error,
    stackTrace,
    origin,
    line,
  } = record
  return {
    time,
    level,
    rank,
    logger,
    service,
    pid,
    hostname,
    message,
    fields,
    error,
    stackTrace,
    origin,
    line,
  }
}
