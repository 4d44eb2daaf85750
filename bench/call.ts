import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report, Surroundings } from './bench.ts'
import { fields, type CallInput, type SmallCost } from './cases/calls.ts'
import type { Cost } from './cases/cost.ts'
import { linesOnDisk, type LinesOnDisk } from './lines-on-disk.ts'
import { paddings } from './padding.ts'
import { interleave, ratios, spread } from './rounds.ts'
import type { OtherNode } from './other-node.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'
import { FreshTopic } from './topics.ts'

interface CallCase {
  readonly name: string
  readonly script: string
  readonly way?: string
  readonly forwards?: true
}

const peer: CallCase = { name: 'pino, worker', script: 'call-pino', way: 'worker' }
const cases: readonly CallCase[] = [
  { name: 'logflume, to Kafka', script: 'call-logflume', forwards: true },
  { name: 'logflume, disk only', script: 'call-logflume' },
  { name: 'logflume, async', script: 'call-logflume', way: 'async' },
  peer,
  { name: 'pino, async', script: 'call-pino', way: 'async' },
  { name: 'pino, sync', script: 'call-pino', way: 'sync' },
  { name: 'winston, File', script: 'call-winston' },
]
const smallCases: readonly CallCase[] = [
  { name: 'logflume', script: 'call-logflume' },
  { name: 'pino', script: 'call-pino', way: 'async' },
  { name: 'winston', script: 'call-winston' },
]

export interface CallOptions extends Surroundings {
  /** Measured in each run. */
  readonly lines: number
  /** Logged before them in each run. */
  readonly warmup: number
  /** The Node that runs the cases. @default the one that runs the benchmark */
  readonly node?: OtherNode | undefined
}

interface LineRun extends Cost {
  readonly found: LinesOnDisk
  /** Records in Kafka; undefined where none were to come there. */
  readonly records: number | undefined
}

/** The cost of a log call, beside pino and winston. */
export async function benchCalls(options: CallOptions): Promise<Report> {
  const { lines, warmup, rounds, node } = options
  const padding = await paddings(cases, (one) => runLines(one, options, { lines: 10, warmup: 0, padding: 0 }))
  const runs = await interleave(cases, rounds, (one) =>
    runLines(one, options, { lines, warmup, padding: padding.get(one) ?? 0 }),
  )
  const small = await interleave(smallCases, rounds, (one) => runSmall(one, options))
  const text = [
    ...(node === undefined ? [] : [`Node ${node.version}:`]),
    `A call: 2 bound fields, 3 in the call; ${number(lines)} lines a run, ${rounds} rounds.`,
    'CPU in µs a line, until the last line is where it goes; median, least–most.',
    '',
    lineTable(runs, lines),
    '',
    'Calls that make no line: CPU of the main thread in ns a call.',
    '',
    smallTable(small),
  ].join('\n')
  return { text, failures: cases.flatMap((one, index) => wrongCounts(one, runs[index]!, lines + warmup)) }
}

async function runLines(
  { script, way, forwards }: CallCase,
  { kafka, dir, node }: CallOptions,
  input: Pick<CallInput, 'lines' | 'warmup' | 'padding'>,
): Promise<LineRun> {
  const runDir = await mkdtemp(join(dir, 'call-'))
  const topic = forwards && (await FreshTopic.create(kafka))
  try {
    const lines: CallInput = { what: 'lines', dir: runDir, way, kafka: topic?.kafka, ...input }
    const cost = await runCase<Cost>(script, lines, { execPath: node?.execPath })
    const found = await linesOnDisk(runDir, (n) => fields(n).id)
    return { ...cost, found, records: await topic?.records() }
  } finally {
    await topic?.delete()
    await rm(runDir, { recursive: true })
  }
}

async function runSmall({ script, way }: CallCase, { dir, node }: CallOptions): Promise<SmallCost> {
  const runDir = await mkdtemp(join(dir, 'call-'))
  const input: CallInput = { what: 'small', dir: runDir, way, lines: 0, warmup: 0, padding: 0 }
  const cost = await runCase<SmallCost>(script, input, { execPath: node?.execPath })
  await rm(runDir, { recursive: true })
  return cost
}

function lineTable(runs: readonly LineRun[][], lines: number): string {
  const peers = runs[cases.indexOf(peer)]!
  const rows = cases.map(({ name }, index) => {
    const thread = runs[index]!.map((run) => run.thread / lines)
    const all = runs[index]!.map((run) => run.process / lines)
    const best = peers.map((run) => run.thread / lines)
    const bytes = spread(runs[index]!.map(({ found }) => found.bytes / found.lines))
    return [
      name,
      ...cells(spread(thread), 2),
      ...cells(spread(ratios(thread, best)), 2),
      ...cells(spread(all), 2),
      number(bytes.median),
    ]
  })
  return table([['', 'µs', 'main thread', '×', 'pino worker', 'µs', 'process', 'bytes'], ...rows])
}

function smallTable(runs: readonly SmallCost[][]): string {
  const rows = smallCases.map(({ name }, index) => [
    name,
    ...cells(spread(runs[index]!.map(({ disabled }) => disabled)), 1),
    ...cells(spread(runs[index]!.map(({ child }) => child)), 0),
  ])
  return table([['', 'ns', 'level off', 'ns', 'child()'], ...rows])
}

/** What a case has not written, or not as it was logged. */
export function wrongCounts({ name }: { name: string }, runs: readonly LineRun[], lines: number): string[] {
  return runs.flatMap(({ found, records = lines }, index) => {
    const run = `call, ${name}, round ${index + 1}`
    return [
      ...(found.lines === lines && found.wrong === 0
        ? []
        : [`${run}: ${found.lines} of ${lines} lines on disk, ${found.wrong} wrong ones`]),
      ...(records === lines ? [] : [`${run}: ${records} records of ${lines} lines in Kafka`]),
    ]
  })
}
