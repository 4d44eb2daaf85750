import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isComplete, summary, type Outcome } from '../../examples/demo/summary.ts'

const good: Outcome = {
  forwarded: 'in Kafka',
  shop: { written: 105, forwarded: 100, pending: 0, lost: 5 },
  firstLife: { onDisk: 60, gone: 5 },
  verdict: { onDisk: 100, inFiles: 100, missing: [], twice: [], unknown: [] },
  modules: new Map([['shop::db', { lines: 100, errors: 2 }]]),
  latency: { p50: 7, p99: 120 },
  requests: { served: 1_234_567, failed: 123_456, unanswered: 12_345 },
  dir: '/tmp/logflume-demo-abcdef',
  files: [{ path: 'shop/shop~db.20261121', lines: ['a'.repeat(200), 'b', 'c'] }],
}

test('all is well when every line on disk is in the files, and only what never got to the disk is lost', () => {
  assert.ok(isComplete(good))
  assert.match(summary(good), /Nothing that was on disk is missing, and nothing is there twice\.$/)
})

const bad: Readonly<Record<string, Partial<Outcome>>> = {
  'a line is missing': { verdict: { ...good.verdict, inFiles: 99, missing: ['x'.repeat(200)] } },
  'a line is there twice': { verdict: { ...good.verdict, inFiles: 101, twice: ['x'] } },
  'a line is there that was not logged': { verdict: { ...good.verdict, inFiles: 101, unknown: ['x'] } },
  'lines are pending': { shop: { written: 105, forwarded: 99, pending: 1, lost: 5 } },
  'lines were lost after they were on disk': { shop: { written: 105, forwarded: 99, pending: 0, lost: 6 } },
  'the counts do not add up': { shop: { written: 106, forwarded: 100, pending: 0, lost: 5 } },
  'Kafka has more than the disk': { shop: { written: 106, forwarded: 101, pending: 0, lost: 5 } },
}
for (const [what, difference] of Object.entries(bad)) {
  test(`it is not well, and the summary does not say so, when ${what}`, () => {
    const outcome = { ...good, ...difference }
    assert.ok(!isComplete(outcome))
    assert.doesNotMatch(summary(outcome), /Nothing/)
  })
}

test('the summary shows lines that are missing, and fits 80 columns', () => {
  const text = summary({ ...good, ...bad['a line is missing'] })
  assert.match(text, /missing there +1\n/)
  assert.match(text, /^ {4}x{76}$/m)
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line)
})
