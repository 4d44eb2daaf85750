import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineSorter } from '../../src/forward/line-sorter.ts'
import { TopicRouter, type RouteSettings } from '../../src/forward/router.ts'
import { topicField } from '../../src/topic.ts'
import { route } from './run-forwarder.ts'

const ecs = (level: string, logger: string, rest = '', time = '2026-11-21T13:10:00.123Z'): string =>
  `{"@timestamp":"${time}","log.level":"${level}","log.logger":"${logger}","message":"m"${rest}}`

/** Topics by lines. */
function sorted(
  settings: Partial<RouteSettings>,
  lines: readonly string[],
  time = 0,
): (string | undefined)[] {
  const router = new TopicRouter({ service: 'shop', topic: 'logs', routes: [], ...settings })
  const block = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const topics: (string | undefined)[] = []
  for (const { topic, lines: some, records, numbers } of router.sort(block, lines.length, time)) {
    const texts = some.toString().split('\n').slice(0, -1)
    assert.equal(texts.length, records)
    for (const [index, text] of texts.entries()) {
      const number = numbers?.[index] ?? index
      assert.equal(text, lines[number])
      topics[number] = topic
    }
  }
  return topics
}

test('without a rule all lines are one pile, and no byte is copied', () => {
  const router = new TopicRouter({ service: 'shop', topic: 'logs-{service}', routes: [] })
  const block = Buffer.from('one\ntwo\n')
  const piles = router.sort(block, 2, 0)
  assert.equal(piles.length, 1)
  assert.equal(piles[0]?.lines, block)
  assert.deepEqual([piles[0].topic, router.main], ['logs-shop', 'logs-shop'])
})

test('the first rule of which all holds decides; the others go where all others go, or nowhere', () => {
  const routes = [
    route({ logger: 'shop::db', levels: ['error', 'fatal'], ranks: [50, Infinity], topic: 'db-errors' }),
    route({ logger: 'shop::db' }),
    route({ match: /"n":\d{3}/g, topic: 'large' }),
    route({ match: '"health":true' }),
  ]
  const lines = [
    ecs('info', 'shop'),
    ecs('error', 'shop::db'),
    ecs('error', 'shop::db::pool'),
    ecs('info', 'shop::db'),
    ecs('error', 'shop::dbx'),
    ecs('info', 'shop', ',"n":100'),
    ecs('info', 'shop', ',"n":101'),
    ecs('info', 'shop', ',"health":true'),
    '{"level":50,"msg":"of pino"}',
    'no JSON',
  ]
  assert.deepEqual(sorted({ routes }, lines), [
    'logs',
    'db-errors',
    'db-errors',
    undefined,
    'logs',
    'large',
    'large',
    undefined,
    'logs',
    'logs',
  ])
})

test('a line of pino has its level as a number', () => {
  const routes = [route({ levels: ['warn', 'error', 'fatal'], ranks: [40, Infinity], topic: 'bad' })]
  const levels = [30, 40, 45, 60].map((level) => `{"level":${level},"msg":"m"}`)
  assert.deepEqual(sorted({ routes }, levels), ['logs', 'bad', 'bad', 'bad'])
})

test('a text of one line is not found in the line before it', () => {
  const routes = [route({ match: 'needle', topic: 'found' })]
  assert.deepEqual(sorted({ routes }, ['nee', 'dle', 'needle', '', 'x needle']), [
    'logs',
    'logs',
    'found',
    'logs',
    'found',
  ])
})

test('days, hours and loggers in a topic are those of the line; without a time, those of the line before', () => {
  const lines = [
    'no time',
    ecs('info', 'shop::db', '', '2026-11-21T23:59:59.999Z'),
    'no time',
    ecs('info', 'shop', '', '2026-11-22T00:00:00.000Z'),
    ecs('info', 'shop', '', '2026-11-21T23:59:59.999Z'),
  ]
  const time = Date.UTC(2026, 0, 2)
  assert.deepEqual(sorted({ topic: 'logs-{service}-{YYYYMMDD}' }, lines, time), [
    'logs-shop-20260102',
    'logs-shop-20261121',
    'logs-shop-20261121',
    'logs-shop-20261122',
    'logs-shop-20261121',
  ])
  assert.deepEqual(sorted({ topic: '{logger}.{HH}' }, lines, time), [
    'unknown.00',
    'shop.db.23',
    'unknown.23',
    'shop.00',
    'shop.23',
  ])
})

test('a line that names its topic itself goes there, whatever the rules say; what is no such field does not', () => {
  const own = (topic: string): string =>
    `{"@timestamp":"2026-11-21T13:10:00.123Z",${topicField(topic)},"log.level":"info","message":"m"}`
  const lines = [
    own('audit'),
    ecs('info', 'shop'),
    own('not/a/topic'),
    ecs('info', 'shop', `,"nested":{${topicField('forged')}}`),
    `\t${own('audit')}`,
  ]
  assert.deepEqual(sorted({}, lines), ['audit', 'logs', 'logs', 'logs', 'logs'])
  assert.deepEqual(sorted({ routes: [route({ match: '{' })] }, lines)[0], 'audit')
})

test('other rules have another name, the same rules the same', () => {
  const name = (settings: Partial<RouteSettings>): string =>
    new TopicRouter({ service: 'shop', topic: 'logs', routes: [], ...settings }).rules
  const rules = [
    {},
    { topic: 'other' },
    { topic: 'logs-{YYYY}' },
    { routes: [route({ match: 'a' })] },
    { routes: [route({ match: /a/ })] },
    { routes: [route({ match: /a/i })] },
    { routes: [route({ match: 'a', topic: 'b' })] },
    { routes: [route({ logger: 'a' })] },
  ]
  assert.equal(new Set(rules.map(name)).size, rules.length)
  for (const settings of rules) assert.equal(name(settings), name(settings))
  // As checkpoints of version 1 are read.
  assert.equal(name({}), 'topic logs')
})

test('lines that are sorted keep their order in each place, and none is lost', () => {
  const sorter = new LineSorter()
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 4 }), fc.stringMatching(/^[a-z]{0,9}$/)), { minLength: 1 }),
      (lines) => {
        const block = Buffer.from(lines.map(([, text]) => `${text}\n`).join(''))
        let next = 0
        const piles = sorter.sort(block, lines.length, () => lines[next++]?.[0] ?? 0)
        const expected = new Map<number, string[]>()
        for (const [place, text] of lines) expected.set(place, [...(expected.get(place) ?? []), `${text}\n`])
        assert.equal(piles.length, expected.size)
        for (const { place, lines: some, records, numbers } of piles) {
          const texts = expected.get(place) ?? []
          assert.equal(some.toString(), texts.join(''))
          assert.equal(records, texts.length)
          const all = lines.flatMap(([other], index) => (other === place ? [index] : []))
          assert.deepEqual(numbers === undefined ? all : [...numbers], all)
        }
      },
    ),
  )
})
