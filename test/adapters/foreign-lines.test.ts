import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BUNYAN, ForeignLines, PINO } from '../../src/adapters/foreign-lines.ts'
import { JsonEntries } from '../../src/adapters/json-entries.ts'
import type { FieldNames } from '../../src/adapters/line-format.ts'

const NOW = Date.parse('2026-11-21T13:10:00.123Z')
const EVERY = {
  '@timestamp': '2026-11-21T13:10:00.123Z',
  'log.level': 'info',
  'log.logger': 'shop',
  'service.name': 'shop',
}

/** The line, parsed; what every line has is checked, and its order. */
function map(text: string, names: FieldNames = {}, dialect = PINO): Record<string, unknown> {
  const line = new ForeignLines('shop', names, dialect, () => NOW).make(text)
  assert.match(line, /^\{.*\}\n$/)
  return JSON.parse(line) as Record<string, unknown>
}

test("a line of pino's has ECS names, in the order of our own lines", () => {
  const line = new ForeignLines('shop', {}, PINO).make(
    '{"level":30,"time":1795266600123,"pid":7,"hostname":"web-1","name":"db","orderId":17,"msg":"placed"}',
  )
  assert.equal(
    line,
    '{"@timestamp":"2026-11-21T13:10:00.123Z","log.level":"info","log.logger":"db","service.name":"shop",' +
      '"process.pid":7,"host.hostname":"web-1","orderId":17,"message":"placed"}\n',
  )
})

for (const [what, time, expected] of [
  ['milliseconds', '1795266600123', '2026-11-21T13:10:00.123Z'],
  ['seconds', '1795266600', '2026-11-21T13:10:00.000Z'],
  ['seconds with a fraction', '1795266600.5', '2026-11-21T13:10:00.500Z'],
  ['ISO 8601', '"2020-02-03T04:05:06.789Z"', '2020-02-03T04:05:06.789Z'],
  ['ISO 8601 with an offset', '"2020-02-03T04:05:06+01:00"', '2020-02-03T03:05:06.000Z'],
] as const) {
  test(`a time in ${what} becomes @timestamp`, () => {
    assert.deepEqual(map(`{"time":${time}}`), { ...EVERY, '@timestamp': expected })
  })
}

test('a time to the nanosecond is kept whole beside @timestamp', () => {
  const time = '2020-02-03T04:05:06.789123456Z'
  assert.deepEqual(map(`{"time":"${time}"}`), { ...EVERY, '@timestamp': '2020-02-03T04:05:06.789Z', time })
})

for (const time of [
  '"soon"',
  'null',
  '-1',
  '1e300',
  '99999999999999999',
  '{"a":1}',
  '"2020-99-99T00:00:00.000Z"',
]) {
  test(`a time of ${time} is none: the line has the time of now, and the field`, () => {
    assert.deepEqual(map(`{"time":${time}}`), { ...EVERY, time: JSON.parse(time) as unknown })
  })
}

test('levels have their names; an own one is learned, an unknown one is its number', () => {
  const lines = new ForeignLines('shop', {}, PINO)
  lines.learn({ levels: { 35: 'audit' } })
  const levels = [10, 20, 30, 40, 50, 60, 35, 33, '"warn"', '"Ünusual"'].map((level) => {
    const { 'log.level': name } = JSON.parse(lines.make(`{"level":${level}}`)) as Record<string, unknown>
    return name
  })
  const usual = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
  assert.deepEqual(levels, [...usual, 'audit', '33', 'warn', 'Ünusual'])
})

test("pino's and bunyan's errors become error.*; what else they have is kept below", () => {
  const pino =
    '{"type":"TypeError","message":"boom","stack":"TypeError: boom\\n    at x","code":"E","name":"N","more":{"a":1}}'
  assert.deepEqual(map(`{"level":50,"err":${pino},"msg":"failed"}`), {
    ...EVERY,
    'log.level': 'error',
    'error.type': 'TypeError',
    'error.message': 'boom',
    'error.stack_trace': 'TypeError: boom\n    at x',
    'error.code': 'E',
    'error.name': 'N',
    'error.more': { a: 1 },
    message: 'failed',
  })
  const bunyan = '{"name":"TypeError","message":"boom","stack":"TypeError: boom"}'
  assert.deepEqual(map(`{"err":${bunyan},"v":0}`, {}, BUNYAN), {
    ...EVERY,
    'error.type': 'TypeError',
    'error.message': 'boom',
    'error.stack_trace': 'TypeError: boom',
  })
  for (const err of ['"text"', '{"a":1}', '[]', 'null'])
    assert.deepEqual(map(`{"err":${err}}`), { ...EVERY, err: JSON.parse(err) as unknown })
})

test('names that come twice: ours are not forged, and nothing is lost', () => {
  assert.deepEqual(
    map(
      '{"level":30,"time":1795266600123,"pid":7,"level":"forged","time":1,"pid":8,"@timestamp":"x",' +
        '"log.level":"y","message":"z","field.message":"w","a":1,"a":2,"msg":"first","msg":"second"}',
    ),
    {
      ...EVERY,
      'process.pid': 7,
      level: 'forged',
      time: 1,
      pid: 8,
      'field.@timestamp': 'x',
      'field.log.level': 'y',
      'field.message': 'z',
      'field.field.message': 'w',
      a: 2,
      msg: 'first',
      message: 'second',
    },
  )
})

test('what is no JSON object is the message of a line', () => {
  for (const text of ['plain "text"', '[]', '5', '{"half":', '\u0007\u2028'])
    assert.deepEqual(map(text), { ...EVERY, message: text })
})

test('an object with spaces, names with escapes and a message that is no text are read', () => {
  assert.deepEqual(map('{ "msg": 5, "a\\"\\u0062": [ 1 ], "__proto__": 1 }'), {
    ...EVERY,
    message: '5',
    'a"b': [1],
    ['__proto__']: 1,
  })
})

test('own names: the fields that they name, others as in ECS; false leaves out', () => {
  const names: FieldNames = {
    time: 'ts',
    level: 'severity',
    orderId: 'order.id',
    pid: false,
    text: 'message',
    err: 'failure',
  }
  const text =
    '{"level":40,"time":1795266600,"pid":7,"hostname":"h","orderId":17,"severity":"mine","text":"hello"}'
  assert.deepEqual(map(text, names), {
    ts: '2026-11-21T13:10:00.000Z',
    severity: 'warn',
    'log.logger': 'shop',
    'service.name': 'shop',
    'host.hostname': 'h',
    'order.id': 17,
    'field.severity': 'mine',
    message: 'hello',
  })
  assert.equal(map('{"err":{"message":"boom"}}', names)['failure.message'], 'boom')
  assert.deepEqual(map('{"level":30,"time":1,"name":"x"}', { level: false, time: false, name: false }), {
    'service.name': 'shop',
  })
})

test("pino's other keys are learned", () => {
  const lines = new ForeignLines('shop', {}, PINO, () => NOW)
  lines.learn({ messageKey: 'text', errorKey: 'failure' })
  assert.deepEqual(JSON.parse(lines.make('{"failure":{"message":"boom"},"text":"hello"}')), {
    ...EVERY,
    'error.message': 'boom',
    message: 'hello',
  })
})

test('any object and any text is one valid line, with each name once', () => {
  const key = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.constantFrom('time', 'level', 'msg', 'err', 'pid', 'name', 'v', 'message', 'error.type', '@timestamp'),
  )
  const text = fc.oneof(
    fc.array(fc.tuple(key, fc.jsonValue())).map((entries) => {
      const properties = entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
      return `{${properties.join(',')}}`
    }),
    fc.string({ unit: 'binary' }).filter((one) => !one.includes('\n')),
  )
  const lines = new ForeignLines('shop', { v: 'time', x: 'message' }, BUNYAN)
  const entries = new JsonEntries()
  fc.assert(
    fc.property(text, (one) => {
      const line = lines.make(one)
      assert.equal(line.indexOf('\n'), line.length - 1)
      const parsed = JSON.parse(line) as Record<string, unknown>
      assert.equal(Object.keys(parsed)[0], '@timestamp')
      let names = 0
      for (entries.open(line.slice(0, -1)); entries.next();) names++
      assert.equal(names, Object.keys(parsed).length)
    }),
    { numRuns: 1000 },
  )
})

// What lines have in common is read once. A reader that has seen no line before knows of nothing in common.
test('a line becomes the same whatever lines came before it', () => {
  const value = fc.constantFrom(
    '1',
    '2',
    '"a"',
    '"b"',
    'null',
    '{"a":[1,{"b":"x,y"}]}',
    '"q\\"u"',
    '{"message":"m"}',
  )
  const name = fc.constantFrom(
    'pid',
    'hostname',
    'name',
    'v',
    'user',
    'msg',
    'err',
    'level',
    'time',
    'process.pid',
  )
  const property = fc.tuple(name, value).map(([key, json]) => `"${key}":${json}`)
  const bound = fc.constantFrom(
    '"pid":1,"hostname":"h","name":"n"',
    '"pid":1,"hostname":"h","name":"n","user":7',
    '"pid":1,"hostname":"h"',
    '"v":0,"user":{"a":1}',
  )
  const line = fc
    .tuple(bound, fc.array(property, { maxLength: 4 }), fc.constantFrom('', ' ', ',', '}'))
    .map(([common, rest, end]) => `{"level":30,"time":1700000000123,${[common, ...rest].join(',')}${end}}`)
  for (const names of [{}, { user: 'user.id', hostname: false as const, name: 'process.pid' }]) {
    fc.assert(
      fc.property(fc.array(line, { minLength: 3, maxLength: 12 }), (texts) => {
        const learned = new ForeignLines('shop', names, BUNYAN, () => 0)
        for (const text of texts) {
          const fresh = new ForeignLines('shop', names, BUNYAN, () => 0)
          assert.equal(learned.make(text), fresh.make(text), text)
        }
      }),
      { numRuns: 500 },
    )
  }
})

test('lines with nothing in common, and other names of levels on the way, are read all the same', () => {
  const lines = new ForeignLines('shop', {}, PINO)
  for (let n = 0; n < 2500; n++) {
    const made = JSON.parse(lines.make(`{"level":35,"time":1,"n${n % 7}":${n},"msg":"m"}`)) as Record<
      string,
      unknown
    >
    assert.deepEqual([made[`n${n % 7}`], made.message], [n, 'm'])
    assert.equal(made['log.level'], n > 5 ? 'notice' : '35')
    if (n === 5) lines.learn({ levels: { 35: 'notice' } })
  }
})
