import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report, Surroundings } from './bench.ts'
import { fields, type CallInput } from './cases/calls.ts'
import type { Cost } from './cases/cost.ts'
import { linesOnDisk, type LinesOnDisk } from './lines-on-disk.ts'
import { paddings } from './padding.ts'
import { interleave, ratios, spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'

interface AdapterCase {
  readonly name: string
  readonly script: string
  readonly way: string
}

const pinoCase = (name: string, way: string): AdapterCase => ({ name, script: 'adapters-pino', way })
const winstonCase = (name: string, way: string): AdapterCase => ({ name, script: 'adapters-winston', way })

/** Each set beside its first: what comes with the logger. */
const sets: readonly (readonly AdapterCase[])[] = [
  [
    pinoCase('pino/file', 'file, worker'),
    pinoCase('pino-roll', 'pino-roll, worker'),
    pinoCase('logflume/pino', 'ours, worker'),
    pinoCase('logflume/pino, ecs', 'ours, worker, ecs'),
  ],
  [
    pinoCase('pino.destination, async', 'file, async'),
    pinoCase('pino.destination, sync', 'file, sync'),
    pinoCase('journalDestination', 'ours'),
    pinoCase('journalDestination, ecs', 'ours, ecs'),
  ],
  [
    winstonCase('winston, File', 'file'),
    winstonCase('winston-daily-rotate-file', 'daily'),
    winstonCase('logflume/winston', 'ours'),
  ],
]
const titles = ['pino, on its thread', 'pino, in process', 'winston']

export interface AdapterOptions extends Omit<Surroundings, 'kafka'> {
  /** Measured in each run. */
  readonly lines: number
  /** Logged before them in each run. */
  readonly warmup: number
}

interface AdapterRun extends Cost {
  readonly found: LinesOnDisk
}

/** pino and winston into the journal, beside their own files and the usual rotation. */
export async function benchAdapters(options: AdapterOptions): Promise<Report> {
  const { lines, warmup, rounds } = options
  const cases = sets.flat()
  const padding = await paddings(cases, (one) => run(one, options, { lines: 10, warmup: 0, padding: 0 }))
  const runs = await interleave(cases, rounds, (one) =>
    run(one, options, { lines, warmup, padding: padding.get(one) ?? 0 }),
  )
  const ofCase = (one: AdapterCase): AdapterRun[] => runs[cases.indexOf(one)] ?? []
  const text = [
    `2 bound fields, 3 in the call; ${number(lines)} lines a run, ${rounds} rounds.`,
    'CPU in µs a line, until the last line is on disk; median, least–most.',
    `Lines on disk, the least of all rounds, of ${number(lines + warmup)}.`,
    ...sets.flatMap((set, index) => ['', `${titles[index] ?? ''}:`, '', setTable(set, ofCase, lines)]),
  ].join('\n')
  const failures = cases.flatMap((one) => (ofOurs(one) ? wrongCounts(one, ofCase(one), lines + warmup) : []))
  return { text, failures }
}

async function run(
  { script, way }: AdapterCase,
  { dir }: AdapterOptions,
  input: Pick<CallInput, 'lines' | 'warmup' | 'padding'>,
): Promise<AdapterRun> {
  const runDir = await mkdtemp(join(dir, 'adapters-'))
  try {
    const cost = await runCase<Cost>(script, {
      what: 'lines',
      dir: runDir,
      way,
      ...input,
    } satisfies CallInput)
    return { ...cost, found: await linesOnDisk(runDir, (n) => fields(n).id) }
  } finally {
    await rm(runDir, { recursive: true })
  }
}

function setTable(
  set: readonly AdapterCase[],
  ofCase: (one: AdapterCase) => AdapterRun[],
  lines: number,
): string {
  const [first] = set
  const peers = (first === undefined ? [] : ofCase(first)).map((one) => one.thread)
  const rows = set.map((one) => {
    const runs = ofCase(one)
    const found = spread(runs.map((run) => run.found.lines))
    return [
      one.name,
      ...cells(spread(runs.map(({ thread }) => thread / lines)), 2),
      ...cells(
        spread(
          ratios(
            runs.map(({ thread }) => thread),
            peers,
          ),
        ),
        2,
      ),
      ...cells(spread(runs.map((cost) => cost.process / lines)), 2),
      number(found.least),
    ]
  })
  return table([['', 'µs', 'main thread', '×', 'first', 'µs', 'process', 'lines'], ...rows])
}

/** Of the others it is told in the table. */
function ofOurs({ way }: AdapterCase): boolean {
  return way.startsWith('ours')
}

/** What has not come to the disk, or not as it was logged. */
export function wrongCounts(
  { name }: { name: string },
  runs: readonly AdapterRun[],
  lines: number,
): string[] {
  return runs.flatMap(({ found }, index) =>
    found.lines === lines && found.wrong === 0
      ? []
      : [
          `adapters, ${name}, round ${index + 1}: ${found.lines} of ${lines} lines on disk, ${found.wrong} wrong ones`,
        ],
  )
}
