import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report, Surroundings } from './bench.ts'
import { LINE_BYTES } from './padding.ts'
import type { CallInput } from './cases/calls.ts'
import type { Percentiles } from './cases/percentiles.ts'
import { countLines } from './lines-on-disk.ts'
import { interleave, spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'
import { FreshTopic } from './topics.ts'

interface LatencyCase {
  readonly name: string
  readonly script: string
  readonly way?: string
  /** What it writes is to be found on disk. */
  readonly writes: boolean
  /** It is ours, so that a missing line is a failure. */
  readonly forwards?: true
}

const cases: readonly LatencyCase[] = [
  { name: 'an empty call', script: 'call-empty', writes: false },
  { name: 'logflume', script: 'call-logflume', writes: true, forwards: true },
  { name: 'pino, worker', script: 'call-pino', way: 'worker', writes: true },
  { name: 'pino-roll', script: 'call-pino', way: 'roll', writes: true },
  { name: 'winston daily', script: 'call-winston', way: 'daily', writes: true },
]

/** As many bytes as make the padding of a line of 219 bytes, about, in each of the loggers. */
const PADDING = 40

export interface LatencyOptions extends Surroundings {
  /** Lines a second. */
  readonly rate: number
  /** Seconds that are measured in each run, and before them those that are not. */
  readonly seconds: number
  readonly warmup: number
  /** How many times a run rotates, about. */
  readonly rotations: number
}

interface LatencyRun extends Percentiles {
  /** Undefined where none were to be there. */
  readonly onDisk: number | undefined
  readonly records: number | undefined
}

/** How long a single call takes at most, while files are rotated and compressed and lines forwarded. */
export async function benchLatency(options: LatencyOptions): Promise<Report> {
  const { rate, seconds, warmup, rounds } = options
  const runs = await interleave(cases, rounds, (one) => run(one, options))
  const lines = rate * (warmup + seconds)
  const text = [
    `Single calls in µs at ${number(rate)} lines a second, ${seconds} s a run, ${rounds} rounds; medians,`,
    'least–most. logflume rotates, compresses and forwards; pino writes one file,',
    'pino-roll rotates, winston daily rotates and compresses.',
    '',
    latencyTable(runs),
  ].join('\n')
  return { text, failures: cases.flatMap((one, index) => wrongCounts(one, runs[index]!, lines)) }
}

async function run(one: LatencyCase, options: LatencyOptions): Promise<LatencyRun> {
  const { kafka, dir, rate, seconds, warmup, rotations } = options
  const runDir = await mkdtemp(join(dir, 'latency-'))
  const topic = one.forwards && (await FreshTopic.create(kafka))
  const bytes = rate * (seconds + warmup) * LINE_BYTES
  const input: CallInput = {
    what: 'latency',
    dir: runDir,
    way: one.way,
    kafka: topic?.kafka,
    lines: rate * seconds,
    warmup: rate * warmup,
    rate,
    padding: PADDING,
    segmentBytes: Math.max(4096, Math.ceil(bytes / (rotations + 1))),
    gzip: true,
  }
  try {
    const times = await runCase<Percentiles>(one.script, input)
    const onDisk = one.writes ? await countLines(runDir) : undefined
    return { ...times, onDisk, records: await topic?.records() }
  } finally {
    await topic?.delete()
    await rm(runDir, { recursive: true })
  }
}

function latencyTable(runs: readonly LatencyRun[][]): string {
  const rows = cases.map(({ name, writes }, index) => {
    const of = (figure: keyof Percentiles) => spread(runs[index]!.map((run) => run[figure]))
    const onDisk = Math.min(...runs[index]!.map((run) => run.onDisk ?? 0))
    return [
      name,
      number(of('p50').median, 2),
      number(of('p99').median, 1),
      ...cells(of('p999'), 1),
      ...cells(of('max'), 0),
      writes ? number(onDisk) : '-',
    ]
  })
  return table([['', 'p50', 'p99', 'p99.9', '', 'max', '', 'on disk'], ...rows])
}

/** Lines of ours that are missing, or there twice; of the others the table tells. */
export function wrongCounts(
  { name, forwards }: Pick<LatencyCase, 'name' | 'forwards'>,
  runs: readonly Pick<LatencyRun, 'onDisk' | 'records'>[],
  lines: number,
): string[] {
  if (forwards !== true) return []
  return runs.flatMap(({ onDisk, records }, index) =>
    onDisk === lines && records === lines
      ? []
      : [`latency, ${name}, round ${index + 1}: ${onDisk} of ${lines} lines on disk, ${records} in Kafka`],
  )
}
