import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Account } from './account.ts'

function line(app: number, run: number, n: number, rest = ''): Buffer {
  return Buffer.from(`{"message":"order placed","app":${app},"run":${run},"n":${n},"pad":"${rest}"}`)
}

/** Lines by app, run and number: those of one journal, and what is in one partition. */
type Lines = readonly (readonly [app: number, run: number, n: number])[]

function tally(journal: Lines, partition: Lines) {
  const account = new Account()
  for (const id of journal) account.logged('shop.0', line(...id))
  for (const [offset, id] of partition.entries()) account.arrived(0, BigInt(offset), line(...id))
  const { examples, ...counts } = account.tally()
  assert.equal(
    examples.length > 0,
    Object.values(counts)
      .slice(1)
      .some((count) => count > 0),
  )
  return counts
}

const good = { lost: 0, twice: 0, outOfOrder: 0, foreign: 0 }
const journal: Lines = [
  [0, 0, 0],
  [0, 0, 1],
  [0, 1, 0],
]

for (const [what, partition, expected] of [
  ['each line once, in order', journal, { ...good, lines: 3 }],
  [
    'the last line is lost',
    [
      [0, 0, 0],
      [0, 0, 1],
    ],
    { ...good, lines: 3, lost: 1 },
  ],
  ['a batch came twice', [...journal, [0, 0, 1], [0, 1, 0]], { ...good, lines: 3, twice: 2 }],
  [
    'a line came late',
    [
      [0, 0, 1],
      [0, 0, 0],
      [0, 1, 0],
    ],
    { ...good, lines: 3, outOfOrder: 1 },
  ],
  ['a line that nobody logged', [...journal, [0, 1, 1]], { ...good, lines: 3, foreign: 1 }],
] as const satisfies readonly (readonly [string, Lines, object])[]) {
  test(`compares a journal with Kafka: ${what}`, () => assert.deepEqual(tally(journal, partition), expected))
}

test('a line with other bytes is not the one that was logged', () => {
  const account = new Account()
  account.logged('shop.0', line(0, 0, 0, 'whole'))
  account.arrived(0, 0n, line(0, 0, 0, 'who'))
  const { lines, lost, foreign } = account.tally()
  assert.deepEqual({ lines, lost, foreign }, { lines: 1, lost: 1, foreign: 1 })
})

test('order is that of a journal in a partition, not of different ones', () => {
  const account = new Account()
  account.logged('shop.0', line(0, 0, 0))
  account.logged('shop.0', line(0, 0, 1))
  account.logged('shop.1', line(1, 0, 0))
  account.arrived(0, 0n, line(0, 0, 1))
  account.arrived(0, 1n, line(1, 0, 0))
  account.arrived(1, 0n, line(0, 0, 0))
  assert.equal(account.tally().outOfOrder, 0)
})

test('a line that was promised and is not in the journal is lost', () => {
  const account = new Account()
  account.logged('shop.0', line(0, 0, 0))
  account.logged('shop.0', line(0, 0, 2)) // 1 is missing
  account.arrived(0, 0n, line(0, 0, 0))
  account.arrived(0, 1n, line(0, 0, 2))
  account.promised(0, 0, 5) // 3 and 4 are missing
  account.promised(1, 0, 2) // nothing at all is there
  const { lines, lost } = account.tally()
  assert.deepEqual({ lines, lost }, { lines: 7, lost: 5 })
  assert.equal(account.stored(0, 0), 3)
})

test('a journal that holds a line twice, or one of somebody else', () => {
  const account = new Account()
  for (const n of [0, 0]) account.logged('shop.0', line(0, 0, n))
  account.logged('shop.0', Buffer.from('half a li'))
  account.arrived(0, 0n, line(0, 0, 0))
  const { lines, lost, twice, foreign } = account.tally()
  assert.deepEqual({ lines, lost, twice, foreign }, { lines: 1, lost: 0, twice: 1, foreign: 1 })
})
