import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { benchExits, exitLoggers, exitRows } from '../bench/exits.ts'
import { temporaryDirectory } from './journal/open-journal.ts'

// A short form of the benchmark: four ends, two loggers, and what is to be said when a promise is broken.

const rows = exitRows.filter(({ ending }) =>
  ['process.exit', 'uncaught exception', 'SIGTERM, handler', 'worker dead'].includes(ending),
)

function loggers(...names: string[]) {
  return exitLoggers.filter(({ name }) => names.includes(name))
}

/** The rows of a Markdown table, as cells. */
function cellsOf(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
}

test('the table of exits has a row for each end, and logflume has all lines in each', async (t) => {
  const dir = await temporaryDirectory(t)
  const both = loggers('logflume', 'pino worker')
  const { text, markdown, failures } = await benchExits({
    dir,
    quick: true,
    loggers: both,
    rows,
    hung: false,
  })
  assert.deepEqual(failures, [])

  const [head, rule, ...body] = cellsOf(markdown)
  assert.deepEqual(head, ['', 'of', 'logflume', 'pino worker'])
  assert.equal(rule?.length, 4)
  assert.deepEqual(
    body.map(([ending, of, logflume]) => [ending, of, logflume]),
    [
      ['process.exit', '1000', '1000'],
      ['uncaught exception', '1000', '1000'],
      ['SIGTERM, handler', '1050', '1050'],
      ['worker dead', '1000', '1000'],
    ],
  )
  for (const [, , , pino] of body) assert.match(pino ?? '', /^\d+†?$/)
  assert.match(text, new RegExp(`^Node ${process.versions.node}`))
  assert.match(text, /logflume \d+\.\d+\.\d+.*, pino \d+\.\d+\.\d+/)
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line)
})

test('a cell of ours that is not complete is reported', async (t) => {
  const dir = await temporaryDirectory(t)
  // Writes nothing before its process.exit ends; were it ours, that would be a broken promise.
  const [log4js] = loggers('log4js')
  assert.ok(log4js !== undefined)
  const { failures } = await benchExits({
    dir,
    loggers: [{ ...log4js, ours: true }],
    rows: rows.slice(0, 1),
    hung: false,
  })
  assert.deepEqual(failures, ['exits, process.exit, log4js: 0 of 1000 lines on disk'])
})

test('the table in docs/guarantees.md has the rows and the columns of the benchmark', async () => {
  const page = await readFile(new URL('../docs/guarantees.md', import.meta.url), 'utf8')
  const table = page.slice(page.indexOf('|  | of |'))
  const [head, , ...body] = cellsOf(table.slice(0, table.indexOf('\n\n')))
  assert.deepEqual(head, ['', 'of', ...exitLoggers.map(({ name }) => name)])
  assert.deepEqual(
    body.map(([ending]) => ending),
    exitRows.map(({ ending }) => ending),
  )
})
