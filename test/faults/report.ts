import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { number, table } from '../../bench/table.ts'
import type { Outcome } from './run.ts'

type Row = Pick<
  Outcome,
  | 'subject'
  | 'replication'
  | 'minInSync'
  | 'seed'
  | 'kills'
  | 'brokerKills'
  | 'faults'
  | 'lines'
  | 'lost'
  | 'twice'
  | 'outOfOrder'
  | 'seconds'
>

const HEAD = [
  ['', 'RF', 'seed', 'kills', 'broker', 'other', 'lines', 'lost', 'twice', 'out of', 's'],
  ['', '', '', '', 'kills', 'faults', '', '', '', 'order', ''],
]

/** What a terminal shows of some runs. */
export function showTable(rows: readonly Row[]): string {
  return table([...HEAD, ...rows.map(cells)])
}

/** The same for a page of the docs. */
function markdownTable(rows: readonly Row[]): string {
  const titles = HEAD[0]!.map((first, column) => `${first} ${HEAD[1]![column] ?? ''}`.trim())
  const rule = titles.map((_, column) => (column === 0 ? '---' : '--:'))
  return [titles, rule, ...rows.map(cells)].map((row) => `| ${row.join(' | ')} |\n`).join('')
}

function cells(row: Row): string[] {
  const { subject, replication, seed, kills, brokerKills, lines, lost, twice, outOfOrder, seconds } = row
  const others = Object.entries(row.faults).filter(
    ([what]) => !what.startsWith('process kill') && what !== 'broker kill',
  )
  const rest = [
    replication,
    seed,
    kills,
    brokerKills,
    others.reduce((sum, [, count]) => sum + count, 0),
    lines,
    lost,
    twice,
    outOfOrder,
    seconds,
  ]
  return [subject, ...rest.map((value) => number(value))]
}

/** Keeps the outcome as JSON, and all that are kept as one table. Returns the table's file. */
export async function keep(outcome: Outcome, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const { subject, replication, seed, kills } = outcome
  const name = `${subject.replace(/\W+/g, '-')}-rf${replication}-kills${kills}-seed${seed}.json`
  await writeFile(join(folder, name), `${JSON.stringify(outcome, null, 2)}\n`)
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort()
  const rows = files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as Row)
  const page = join(folder, 'table.md')
  await writeFile(page, markdownTable(await Promise.all(rows)))
  return page
}
