import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { date } from '../../src/transforms/date.ts'
import { grok } from '../../src/transforms/grok.ts'
import { csv } from '../../src/transforms/csv.ts'
import { dissect } from '../../src/transforms/dissect.ts'
import { json } from '../../src/transforms/json.ts'
import { kv } from '../../src/transforms/kv.ts'
import { prefix } from '../../src/transforms/prefix.ts'
import { regex } from '../../src/transforms/regex.ts'
import { makeRecord } from '../consume/make-record.ts'
import { after } from './run.ts'

test('json: the fields of an object become those of the record, or of a field of it', () => {
  const line = { message: '{"a":1,"b":{"c":2},"message":"inner"}', host: 'h' }
  assert.deepEqual(after(json(), line), { message: 'inner', host: 'h', a: 1, b: { c: 2 } })
  assert.deepEqual(after(json({ source: 'raw', target: 'data', removeSource: true }), { raw: '[1,2]' }), {
    data: [1, 2],
  })
  assert.deepEqual(after(json({ removeSource: true }), { message: '{"message":"stays"}' }), {
    message: 'stays',
  })
})

test('json: a name of its own makes no prototype', () => {
  const fields = after(json(), { message: '{"__proto__":{"admin":true}}' })
  assert.equal((fields as { admin?: boolean }).admin, undefined)
  assert.equal(
    JSON.stringify(fields),
    '{"message":"{\\"__proto__\\":{\\"admin\\":true}}","__proto__":{"admin":true}}',
  )
})

test('what cannot be read is tagged by its kind, once', () => {
  const tagOf = (fields: unknown): unknown => (fields as { tags?: unknown }).tags
  assert.deepEqual(tagOf(after(json(), 'no json')), ['_jsonparsefailure'])
  assert.deepEqual(tagOf(after(json(), { message: '[1]' })), ['_jsonparsefailure'])
  assert.deepEqual(tagOf(after(json(), { message: { a: 1 } })), ['_jsonparsefailure'], 'no text')
  assert.deepEqual(tagOf(after(dissect({ pattern: '%{a}|%{b}' }), 'x')), ['_dissectfailure'])
  assert.deepEqual(tagOf(after(kv(), 'only words')), ['_kvparsefailure'])
  assert.deepEqual(tagOf(after(csv(), 'a,"b')), ['_csvparsefailure'])
  assert.deepEqual(tagOf(after(csv(), 'a,"b"c')), ['_csvparsefailure'])
  assert.deepEqual(tagOf(after(regex({ pattern: /^\d/ }), 'x')), ['_regexparsefailure'])
  assert.deepEqual(tagOf(after(prefix(), 'shop##$$##text')), ['_prefixparsefailure'])
  const tagged = { message: 'x', tags: ['old', '_jsonparsefailure'] }
  assert.deepEqual(tagOf(after(json(), tagged)), ['old', '_jsonparsefailure'])
  assert.deepEqual(tagOf(after(json(), { message: 'x', tags: 'old' })), ['old', '_jsonparsefailure'])
  assert.deepEqual(tagOf(after(json({ failureTag: 'bad' }), 'x')), ['bad'])
})

test('what cannot be read is dead where that is asked for, and says why', () => {
  assert.throws(() => after(json({ onFailure: 'dead' }), 'x'), { code: 'SINK', message: /^json: .*JSON/ })
  assert.throws(() => after(csv({ onFailure: 'dead' }), '"'), { message: /^csv: a quote that does not end/ })
})

test('a record without the field, or for which the condition is false, keeps its text as it came', () => {
  const text = '{ "other": 1 }'
  const record = makeRecord(text)
  assert.equal(json()(record), record)
  assert.equal(record.line, text)
  const meant = makeRecord('{ "message": "{}" }')
  assert.equal(json({ if: (one) => one.get('message') === 'x' })(meant), meant)
  assert.equal(meant.line, '{ "message": "{}" }')
})

test('options with a wrong value, or that are not there, are refused by their place', () => {
  const wrong: [() => unknown, RegExp][] = [
    [() => json({ target: '' }), /^json\.target: expected a non-empty string/],
    [() => json({ onFailure: 'drop' as 'tag' }), /^json\.onFailure: expected one of tag, dead/],
    [() => json({ if: true as never }), /^json\.if: expected a function/],
    [() => json({ tagret: 'x' } as never), /^json\.tagret: no such option; there are .*target/],
    [() => dissect({ pattern: 'plain' }), /^dissect\.pattern: expected a pattern like/],
    [() => dissect({ pattern: '%{a}%{b}' }), /a text between %\{a\} and %\{b\}/],
    [() => dissect({ pattern: '%{*a} %{b}' }), /both %\{\*a\} and %\{&a\}/],
    [() => dissect({ pattern: '%{+} %{b}' }), /a name in %\{\+\}/],
    [() => dissect({ pattern: '%{a/b} %{c}' }), /^dissect\.pattern: expected fields like/],
    [() => csv({ quote: '""' }), /^csv\.quote: expected one character/],
    [() => csv({ columns: 'a' as never }), /^csv\.columns: expected an array of names/],
    [() => regex({ pattern: 'a' as never }), /^regex\.pattern: expected a regular expression/],
    [() => kv({ maxPairs: 0 }), /^kv\.maxPairs: expected a whole number of at least 1/],
  ]
  for (const [make, message] of wrong) assert.throws(make, { code: 'INVALID_OPTION', message })
})

test('dissect: fields, skipped ones, appended ones, padding, and names from the text', () => {
  const pattern = '%{ip} - %{?user} [%{time}] "%{http.verb} %{path}"'
  const text = '1.2.3.4 - bob [21/Nov] "GET /a b"'
  assert.deepEqual(after(dissect({ pattern }), { message: text, http: { version: 1 } }), {
    message: text,
    ip: '1.2.3.4',
    time: '21/Nov',
    http: { version: 1, verb: 'GET' },
    path: '/a b',
  })
  const parse = (one: string, value: string): unknown =>
    after(dissect({ pattern: one, target: 'd' }), { message: value })
  assert.deepEqual(parse('%{+ts/2} %{+ts/1} %{x}', 'b a c'), { message: 'b a c', d: { ts: 'a b', x: 'c' } })
  assert.deepEqual(parse('%{a->} %{b}', 'x     y'), { message: 'x     y', d: { a: 'x', b: 'y' } })
  assert.deepEqual(parse('%{*k}=%{&k};%{}', 'color=red;rest'), {
    message: 'color=red;rest',
    d: { color: 'red' },
  })
})

test('dissect takes apart what was joined', () => {
  const value = fc.string().filter((text) => !text.includes('|'))
  fc.assert(
    fc.property(value, value, fc.string(), (a, b, c) => {
      const message = `<${a}|${b}|${c}`
      assert.deepEqual(after(dissect({ pattern: '<%{a}|%{b}|%{c}', target: 'd' }), { message }), {
        message,
        d: { a, b, c },
      })
    }),
  )
})

test('kv: quotes, separators, names that come twice, names that are wanted', () => {
  const parse = (message: string, options = {}): unknown =>
    (after(kv({ ...options, target: 'd' }), { message }) as { d: unknown }).d
  assert.deepEqual(parse('a=1 b="two words" c=\'it\' d= e="x\\"y" word f=a"b'), {
    a: '1',
    b: 'two words',
    c: 'it',
    d: '',
    e: 'x"y',
    f: 'a"b',
  })
  assert.deepEqual(parse('a=1 a=2 a=3 u=http://x/?a=1'), { a: ['1', '2', '3'], u: 'http://x/?a=1' })
  assert.deepEqual(parse('a:1&b:2|c:3', { fieldSplit: '&|', valueSplit: ':' }), { a: '1', b: '2', c: '3' })
  assert.deepEqual(parse('[a]=<1> [b]=<2>', { trimKey: '[]', trimValue: '<>', prefix: 'p.' }), {
    'p.a': '1',
    'p.b': '2',
  })
  assert.deepEqual(parse('a=1 b=2 c=3', { include: ['a', 'b'], exclude: ['b'] }), { a: '1' })
  assert.deepEqual(parse('a="no end b=2'), { a: '"no', b: '2' })
  assert.deepEqual(parse('__proto__=x'), JSON.parse('{"__proto__":"x"}'))
  const many = after(kv({ maxPairs: 2 }), 'a=1 b=2 c=3') as { tags: unknown; c?: string }
  assert.deepEqual([many.tags, many.c], [['_kvparsefailure'], undefined])
})

test('kv reads what logfmt writes', () => {
  const name = fc.stringMatching(/^[a-z]\w{0,8}$/)
  fc.assert(
    fc.property(fc.dictionary(name, fc.string(), { minKeys: 1, noNullPrototype: true }), (fields) => {
      const quoted = (text: string): string => `"${text.replace(/["\\]/g, (char) => `\\${char}`)}"`
      const message = Object.entries(fields)
        .map(([key, value]) => `${key}=${quoted(value)}`)
        .join(' ')
      assert.deepEqual(after(kv({ target: 'd' }), { message }), { message, d: fields })
    }),
  )
})

test('csv: columns by name, more than have one, empty ones', () => {
  const columns = ['a', '', 'c']
  assert.deepEqual(after(csv({ columns, target: 'd' }), { message: '1,2,,4' }), {
    message: '1,2,,4',
    d: { a: '1', c: '', column4: '4' },
  })
  assert.deepEqual(after(csv({ columns, skipEmpty: true, separator: ';' }), { message: '1;2;;"a;""b"""' }), {
    message: '1;2;;"a;""b"""',
    a: '1',
    column4: 'a;"b"',
  })
})

test('csv reads what was written as RFC 4180 has it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ', 'ä') }), { minLength: 1 }),
      (row) => {
        const message = row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')
        const { d } = after(csv({ target: 'd' }), { message }) as { d: Record<string, string> }
        assert.deepEqual(Object.values(d), row)
      },
    ),
  )
})

test('regex: named groups, and names for numbered ones; what took no part is no field', () => {
  const pattern = /^(?<verb>\w+) (\S+)(?: (?<version>\d))?/g
  const transform = regex({ pattern, names: ['', 'url.path'] })
  const read = { message: 'GET /a', verb: 'GET', 'url.path': '/a' }
  assert.deepEqual(after(transform, 'GET /a'), read)
  assert.deepEqual(after(transform, 'GET /a'), read, 'the second time as the first, whatever its flags are')
})

test('prefix: service, module and text, in which the separator may come again', () => {
  assert.deepEqual(after(prefix(), 'shop##$$##db##$$##a ##$$## b'), {
    message: 'a ##$$## b',
    service: 'shop',
    module: 'db',
  })
  const options = { separator: '|', names: ['a'], source: 'raw', target: 'text', removeSource: true }
  assert.deepEqual(after(prefix(options), { raw: 'x|y|z' }), { a: 'x', text: 'y|z' })
})

test('whatever a text is, it is read or tagged, and the record can still be written', () => {
  const transforms = [
    json(),
    dissect({ pattern: '%{a} %{+a/2}=%{b->} %{c}' }),
    kv({ fieldSplit: ' &', trimValue: '"' }),
    csv({ columns: ['a', '', 'b.c'] }),
    regex({ pattern: /^(?<a>.)(?<b>.*)$/s }),
    prefix({ separator: '|', names: ['a'] }),
    date({ source: 'message', formats: ['ISO8601', 'UNIX', 'MMM d yy HH:mm:ss a z', 'yyyyDDDHHmmssSSS'] }),
    grok({
      match: ['^%{IPORHOST:a} %{QS:b}$', '%{TIMESTAMP_ISO8601:[a][t]} %{GREEDYDATA:c}', '%{NUMBER:n:int}'],
    }),
  ]
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'a=1',
      '"',
      "'",
      ' ',
      '{"a":',
      '}',
      '|',
      '\\',
      '2026-11-21',
      '1.2.3.4',
      '__proto__=1',
      ',',
      '-',
      '\n',
    ),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom(...transforms), (pieces, transform) => {
      const record = makeRecord({ message: pieces.join('') })
      assert.equal(transform(record), record)
      assert.equal(typeof JSON.parse(record.line), 'object')
    }),
    { numRuns: 2000 },
  )
})
