import assert from 'node:assert/strict'
import { isAbsolute, join, normalize, sep } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { PathTemplate } from '../../src/sinks/path-template.ts'

const noon = Date.UTC(2026, 10, 21, 12, 34)

function source(values: Readonly<Record<string, unknown>>): { get: (name: string) => unknown } {
  return { get: (name) => values[name] }
}

function render(template: string, values: Readonly<Record<string, unknown>>, time = noon): string {
  return new PathTemplate('path', template, 'utc').path(source(values), time)
}

test('fields and dates take their places', () => {
  const values = { 'service.name': 'shop', 'log.logger': 'shop::db', n: 17, ok: true }
  assert.equal(render('{service.name}/{log.logger}.{YYYYMMDD}', values), 'shop/shop~db.20261121')
  assert.equal(render('all-{YYYY-MM-DD}T{HH}.log', values), 'all-2026-11-21T12.log')
  assert.equal(render('{YYYY}/{MM}/{n}{ok}', values), '2026/11/17true')
  assert.equal(render('everything.log', values), 'everything.log')
})

test('what has no text is unknown', () => {
  for (const nothing of [undefined, null, '', {}, [], ['a']])
    assert.equal(render('{a}/x', { a: nothing }), 'unknown/x', JSON.stringify(nothing))
})

test('days begin at midnight of the zone, also where that is no full hour', (t) => {
  const zone = process.env.TZ
  process.env.TZ = 'Asia/Kathmandu' // UTC+5:45
  t.after(() => {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })
  const midnight = Date.UTC(2026, 10, 20, 18, 15)
  const local = new PathTemplate('path', '{YYYYMMDD}', 'local')
  const utc = new PathTemplate('path', '{YYYYMMDD}', 'utc')
  assert.equal(local.path(source({}), midnight - 1), '20261120')
  assert.equal(local.path(source({}), midnight), '20261121')
  assert.equal(local.path(source({}), midnight - 1), '20261120')
  assert.equal(utc.path(source({}), midnight), '20261120')
})

test('values that only look alike together have paths of their own', () => {
  const template = new PathTemplate('path', '{a}{b}', 'utc')
  const pairs: [string, string][] = [
    ['x', '1:y'],
    ['x1:', 'y'],
    ['1:x', 'y'],
  ]
  const first = pairs.map(([a, b]) => template.path(source({ a, b }), noon))
  const again = pairs.map(([a, b]) => template.path(source({ a, b }), noon))
  assert.deepEqual(first, ['x1%3Ay', 'x1%3Ay', '1%3Axy'])
  assert.deepEqual(again, first)
})

test('whatever the values are, the path stays inside, as deep as the template is', () => {
  const part = fc.constantFrom('..', '.', '/', '\\', '\0', 'a', '::', '%', '\u{1f600}', ' ', '-', 'con')
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.array(part).map((parts) => parts.join('')),
  )
  const template = new PathTemplate('path', '{a}/{b}{c}.{YYYYMMDD}/x{a}', 'utc')
  fc.assert(
    fc.property(value, value, value, (a, b, c) => {
      const path = template.path(source({ a, b, c }), noon)
      assert.equal(isAbsolute(path), false)
      assert.equal(normalize(join('dir', path)), join('dir', path))
      const segments = path.split(sep)
      assert.equal(segments.length, 3)
      for (const segment of segments) {
        assert.ok(Buffer.byteLength(segment) <= 255)
        assert.ok(!['', '.', '..'].includes(segment))
      }
    }),
    { numRuns: 2000 },
  )
})

for (const template of [
  '/abs',
  '../up',
  'a/../b',
  'a//b',
  'a/',
  './a',
  'a/{}',
  '{a',
  'a}',
  'a\\b',
  'a:b',
  'a\nb',
  'x'.repeat(250) + '{a}',
]) {
  test(`the template ${JSON.stringify(template.slice(0, 20))} is refused`, () => {
    assert.throws(() => new PathTemplate('path', template, 'utc'), {
      code: 'INVALID_OPTION',
      message: /^path: /,
    })
  })
}
