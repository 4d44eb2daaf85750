import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from './bench.ts'
import { fields, type CallInput } from './cases/calls.ts'
import type { Cost } from './cases/cost.ts'
import { linesOnDisk, type LinesOnDisk } from './lines-on-disk.ts'
import { interleave, ratios, spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'

const cases = [
  { name: 'bound fields, no context', way: 'bound' },
  { name: 'in the MDC', way: 'mdc' },
  { name: 'in two MDCs and an NDC', way: 'nested' },
  { name: 'bound, and a span', way: 'span' },
  { name: 'child() for each line', way: 'child each' },
  { name: 'mdc.run() for each line', way: 'mdc each' },
] as const

export interface ContextBenchOptions {
  readonly dir: string
  readonly rounds: number
  readonly lines: number
  readonly warmup: number
}

interface ContextRun extends Cost {
  readonly found: LinesOnDisk
}

/** A call whose two fields of a request are in a context, beside one where they are bound. */
export async function benchContext({ dir, rounds, lines, warmup }: ContextBenchOptions): Promise<Report> {
  const runs = await interleave(cases, rounds, async ({ way }): Promise<ContextRun> => {
    const runDir = await mkdtemp(join(dir, 'context-'))
    try {
      const input: CallInput = { what: 'lines', dir: runDir, way, lines, warmup, padding: 0 }
      const cost = await runCase<Cost>('context', input)
      return { ...cost, found: await linesOnDisk(runDir, (n) => fields(n).id) }
    } finally {
      await rm(runDir, { recursive: true })
    }
  })
  const peers = runs[0]?.map(({ thread }) => thread / lines) ?? []
  const rows = cases.map(({ name }, index) => {
    const thread = (runs[index] ?? []).map((run) => run.thread / lines)
    return [name, ...cells(spread(thread), 2), ...cells(spread(ratios(thread, peers)), 2)]
  })
  const text = [
    `A call with two fields of its request; ${number(lines)} lines a run, ${rounds} rounds.`,
    'CPU of the main thread in µs a line; median, least–most.',
    '',
    table([['', 'µs', 'main thread', '×', 'no context'], ...rows]),
  ].join('\n')
  const failures = cases.flatMap(({ name }, index) =>
    wrongCounts({ name }, runs[index] ?? [], lines + warmup),
  )
  return { text, failures }
}

/** What has not come to the disk, or not as it was logged. */
function wrongCounts({ name }: { name: string }, runs: readonly ContextRun[], lines: number): string[] {
  return runs.flatMap(({ found }, index) =>
    found.lines === lines && found.wrong === 0
      ? []
      : [
          `context, ${name}, round ${index + 1}: ${found.lines} of ${lines} lines on disk, ${found.wrong} wrong ones`,
        ],
  )
}
