import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from './bench.ts'
import type { CallInput } from './cases/calls.ts'
import type { Cost } from './cases/cost.ts'
import { interleave, ratios, spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'

const cases = [
  { name: 'logflume, fileOutputter', way: 'logflume' },
  { name: 'log4js, file appender', way: 'log4js' },
] as const

export interface PatternOptions {
  readonly dir: string
  readonly rounds: number
  readonly lines: number
  readonly warmup: number
}

interface PatternRun extends Cost {
  /** In the file. */
  readonly found: number
}

/** A record through a pattern into a file, beside log4js. */
export async function benchPattern({ dir, rounds, lines, warmup }: PatternOptions): Promise<Report> {
  const runs = await interleave(cases, rounds, async ({ way }): Promise<PatternRun> => {
    const runDir = await mkdtemp(join(dir, 'pattern-'))
    const input: CallInput = { what: 'lines', dir: runDir, way, lines, warmup, padding: 0 }
    const cost = await runCase<Cost>('pattern', input)
    const found = (await readFile(join(runDir, 'pattern.log'), 'utf8')).split('\n').length - 1
    await rm(runDir, { recursive: true })
    return { ...cost, found }
  })
  const peers = runs[1]!.map(({ thread }) => thread / lines)
  const rows = cases.map(({ name }, index) => {
    const thread = runs[index]!.map((run) => run.thread / lines)
    const all = runs[index]!.map((run) => run.process / lines)
    return [
      name,
      ...cells(spread(thread), 2),
      ...cells(spread(ratios(thread, peers)), 2),
      ...cells(spread(all), 2),
    ]
  })
  const text = [
    `A record through a pattern into a file; ${number(lines)} records a run, ${rounds} rounds.`,
    'CPU in µs a record, until the last one is in the file; median, least–most.',
    '',
    table([['', 'µs', 'main thread', '×', 'log4js', 'µs', 'process'], ...rows]),
  ].join('\n')
  const failures = cases.flatMap(({ name }, index) =>
    runs[index]!.flatMap(({ found }, round) =>
      found === lines + warmup
        ? []
        : [`pattern, ${name}, round ${round + 1}: ${found} of ${lines + warmup} records in the file`],
    ),
  )
  return { text, failures }
}
