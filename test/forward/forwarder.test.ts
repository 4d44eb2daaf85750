import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { temporaryDirectory } from '../journal/open-journal.ts'
import { FakeKafka, type Fate } from './fake-kafka.ts'
import { Life, route, writeSegment } from './run-forwarder.ts'

const routes = [
  route({ match: 'audit', topic: 'audits' }),
  route({ match: 'error', topic: 'errors' }),
  route({ match: 'noise' }),
]
const topicOf: Readonly<Record<string, string | undefined>> = {
  audit: 'audits',
  error: 'errors',
  noise: undefined,
}
const KINDS = ['plain', 'plain', 'audit', 'error', 'noise']

const line = (n: number, kind: string, padding = 0): string =>
  `{"n":${n},"kind":"${kind}","pad":"${'x'.repeat(padding)}"}`

/** A number from 0 up to `below` for each call, the same ones for the same seed. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed | 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 8) % below
  }
}

/**
 * Each line is in the topic of its kind once, and those of a topic are in their order. Where `duplicates` lines
 * may be there twice, each is there, and no more of them are there twice.
 */
function assertOnceInOrder(
  kafka: FakeKafka,
  lines: readonly string[],
  { refused = [], duplicates = 0 }: { refused?: readonly string[]; duplicates?: number } = {},
): void {
  let twice = 0
  for (const topic of ['logs', 'audits', 'errors']) {
    const expected = lines.filter((one) => {
      const { kind } = JSON.parse(one) as { kind: string }
      return !refused.includes(one) && (kind in topicOf ? topicOf[kind] : 'logs') === topic
    })
    const all = kafka.lines(topic)
    const there = duplicates > 0 ? [...new Set(all)] : all
    twice += all.length - there.length
    const at = expected.findIndex((one, index) => one !== there[index])
    assert.equal(
      there[at]?.slice(0, 60),
      expected[at]?.slice(0, 60),
      `${topic}, line ${at} of ${expected.length}`,
    )
    assert.equal(there.length, expected.length, topic)
  }
  assert.ok(twice <= duplicates, `${twice} lines twice, ${duplicates} counted`)
}

test('lines of several topics: once, in order per lane, over lost answers, refusals and kills', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer(),
        lines: fc.integer({ min: 1, max: 400 }),
        batchBytes: fc.integer({ min: 50, max: 3000 }),
        trouble: fc.integer({ min: 0, max: 30 }),
        lives: fc.integer({ min: 1, max: 6 }),
        maxBytes: fc.option(fc.integer({ min: 60, max: 600 })),
      }),
      async ({ seed, lines: count, batchBytes, trouble, lives, maxBytes }) => {
        const dir = await temporaryDirectory(t)
        const random = numbersFrom(seed)
        const lines = Array.from({ length: count }, (_, n) =>
          line(n, KINDS[random(KINDS.length)] ?? 'plain', random(20) === 0 ? 300 : random(40)),
        )
        const half = Math.floor(count / 2)
        await writeSegment(dir, lines.slice(0, half))
        await writeSegment(dir, lines.slice(half), half)
        let calm = false
        const fates: readonly Fate[] = ['lost before', 'lost after', 6, 19, 3]
        const kafka = new FakeKafka({
          fate: () => (!calm && random(100) < trouble ? (fates[random(fates.length)] ?? 'taken') : 'taken'),
        })
        if (maxBytes !== null) kafka.partition('errors', 0).maxBytes = maxBytes
        const refused = lines.filter(
          (one) => one.includes('"error"') && maxBytes !== null && one.length + 2 > maxBytes,
        )
        const options = { dir, kafka, batchBytes, routing: { routes } }
        let duplicates = 0
        let life = await Life.begin(options, join(dir, 'checkpoint.0'))
        for (let number = 1; number < lives; number++) {
          for (let turns = random(120); turns > 0; turns--) await turn()
          const next = join(dir, `checkpoint.${number}`)
          await life.kill(next, random(2) === 0)
          duplicates += life.ledger.counts.duplicatesPossible ?? 0
          life = await Life.begin(options, next)
        }
        calm = true
        await life.forwarder.reached(count)
        await life.stop()
        duplicates += life.ledger.counts.duplicatesPossible ?? 0
        // A batch without an answer, and then refused for its size: its numbers are in doubt, and that is counted.
        if (maxBytes === null) assert.equal(duplicates, 0)
        assertOnceInOrder(kafka, lines, { refused, duplicates })
        assert.ok(kafka.mostInFlight <= 5)
      },
    ),
    { numRuns: Number(process.env.RUNS ?? 60), includeErrorInReport: true },
  )
})
