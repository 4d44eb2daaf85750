import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readForwardOptions } from '../../src/forward/options.ts'
import { OptionReader } from '../../src/options.ts'

const read = (options: object, ranks?: Record<string, number>) =>
  readForwardOptions(new OptionReader('kafka', { brokers: ['a:1'], ...options }), { service: 'shop', ranks })

for (const [options, message] of [
  [{ topic: 'a b' }, /^kafka\.topic: expected a topic name/],
  [{ topic: 'logs-{team}' }, /^kafka\.topic: expected a topic name/],
  [{ topic: '{service' }, /^kafka\.topic: expected a topic name/],
  [{ topic: '..' }, /^kafka\.topic: expected a topic name/],
  [{ routes: {} }, /^kafka\.routes: expected an array of routes/],
  [{ routes: [{}] }, /^kafka\.routes\[0\]\.topic: expected a topic or `drop: true`/],
  [{ routes: [{ topic: 'a', drop: true }] }, /^kafka\.routes\[0\]\.topic: expected a topic or `drop: true`/],
  [{ routes: [{ drop: true }, { topic: 'a/b' }] }, /^kafka\.routes\[1\]\.topic: expected a topic name/],
  [{ routes: [{ topic: 'a', level: 'loud' }] }, /^kafka\.routes\[0\]\.level: expected one of trace, debug/],
  [{ routes: [{ topic: 'a', level: { min: 'loud' } }] }, /^kafka\.routes\[0\]\.level\.min: expected one of/],
  [{ routes: [{ topic: 'a', level: { max: 'info' } }] }, /^kafka\.routes\[0\]\.level\.min: /],
  [{ routes: [{ topic: 'a', match: 5 }] }, /^kafka\.routes\[0\]\.match: expected a regular expression/],
  [{ routes: [{ topic: 'a', match: 'a\nb' }] }, /^kafka\.routes\[0\]\.match: /],
  [{ routes: [{ topic: 'a', logger: '' }] }, /^kafka\.routes\[0\]\.logger: expected a non-empty string/],
  [{ routes: [{ topic: 'a', loger: 'x' }] }, /^kafka\.routes\[0\]\.loger: no such option/],
] as const) {
  test(`${JSON.stringify(options)} is refused by name`, () =>
    assert.throws(() => read(options), { code: 'INVALID_OPTION', message }))
}

test('a level alone is that level, a least one those above it too, the own ones among them', () => {
  const { routing } = read(
    {
      routes: [
        { level: 'warn', topic: 'a' },
        { level: { min: 'error' }, topic: 'b' },
      ],
    },
    { info: 30, warn: 40, error: 50, alarm: 55 },
  )
  assert.deepEqual(
    routing.routes.map(({ levels }) => levels),
    [['warn'], ['error', 'alarm']],
  )
})

test('what is read crosses to another thread as it is', () => {
  const settings = read({ topic: 'logs-{service}-{YYYYMMDD}', routes: [{ match: /a.b/i, topic: 'x' }] })
  assert.deepEqual(structuredClone(settings), settings)
})
