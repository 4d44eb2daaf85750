import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report, Surroundings } from './bench.ts'
import type { CallInput } from './cases/calls.ts'
import type { MemorySample } from './cases/memory.ts'
import { countLines } from './lines-on-disk.ts'
import { interleave, spread, type Spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'
import { FreshTopic, SHORT_MEMORY } from './topics.ts'

interface MemoryCase {
  readonly name: string
  readonly script: string
  readonly way?: string
  readonly forwards?: true
}

const cases: readonly MemoryCase[] = [
  { name: 'logflume, to Kafka', script: 'call-logflume', forwards: true },
  { name: 'logflume, disk only', script: 'call-logflume' },
  { name: 'pino, worker', script: 'call-pino', way: 'worker' },
]

/** As many bytes as make a line some 219 bytes long. */
const PADDING = 40
const SAMPLES = 10

export interface MemoryOptions extends Surroundings {
  /** Logged in each run. */
  readonly lines: number
}

interface MemoryRun {
  readonly samples: readonly MemorySample[]
  readonly onDisk: number
  readonly records: number | undefined
}

/** What a process holds while it logs for long, as fast as it can. */
export async function benchMemory(options: MemoryOptions): Promise<Report> {
  const { lines, rounds } = options
  const runs = await interleave(cases, rounds, (one) => run(one, options))
  const text = [
    `Memory in MB over ${number(lines)} lines logged as fast as it goes, ${rounds} rounds; medians.`,
    'Heap: of the main thread, after a garbage collection. RSS: of the process, with',
    'all its threads. Growth: from the first sample with lines to the last one.',
    '',
    memoryTable(cases, runs),
  ].join('\n')
  return { text, failures: cases.flatMap((one, index) => wrongCounts(one, runs[index]!, lines)) }
}

async function run({ script, way, forwards }: MemoryCase, options: MemoryOptions): Promise<MemoryRun> {
  const { kafka, dir, lines } = options
  const runDir = await mkdtemp(join(dir, 'memory-'))
  const topic = forwards && (await FreshTopic.create(kafka, { config: SHORT_MEMORY }))
  const input: CallInput = {
    what: 'memory',
    dir: runDir,
    way,
    kafka: topic?.kafka,
    lines,
    warmup: 0,
    sampleEvery: Math.ceil(lines / SAMPLES),
    padding: PADDING,
  }
  try {
    const samples = await runCase<MemorySample[]>(script, input, { flags: ['--expose-gc'] })
    return { samples, onDisk: await countLines(runDir), records: await topic?.records() }
  } finally {
    await topic?.delete()
    await rm(runDir, { recursive: true })
  }
}

const kinds = [
  { what: 'heap', label: 'heap', digits: 1 },
  { what: 'rss', label: 'RSS', digits: 0 },
] as const

/** A row for heap and one for RSS of each case, at the start and at some numbers of lines. */
export function memoryTable(
  all: readonly { readonly name: string }[],
  runs: readonly { readonly samples: readonly MemorySample[] }[][],
): string {
  const [{ samples } = { samples: [] }] = runs[0] ?? []
  const shown = [0, 1, 2, 5, samples.length - 1].filter(
    (n, at, some) => n < samples.length && some.indexOf(n) === at,
  )
  const head = shown.map((index) => (index === 0 ? 'start' : count(samples[index]!.lines)))
  const rows = all.flatMap(({ name }, index) =>
    kinds.map(({ what, label, digits }) => {
      const megabytes = runs[index]!.map((one) => one.samples.map((sample) => sample[what] / 1e6))
      const growth = spread(megabytes.map((values) => values.at(-1)! - values[1]!))
      return [
        `${name}: ${label}`,
        ...shown.map((sample) => number(spread(megabytes.map((values) => values[sample]!)).median, digits)),
        ...signed(growth, digits),
      ]
    }),
  )
  return table([['', ...head, 'growth', ''], ...rows])
}

/** `500`, `2.5 M`. */
function count(lines: number): string {
  return lines < 1e6 ? number(lines) : `${Math.round(lines / 1e5) / 10} M`
}

function signed(growth: Spread, digits: number): string[] {
  const [median, range] = cells(growth, digits)
  return [growth.median < 0 ? median : `+${median}`, range]
}

/** Lines that are missing, or there twice. */
export function wrongCounts(
  { name }: { readonly name: string },
  runs: readonly Pick<MemoryRun, 'onDisk' | 'records'>[],
  lines: number,
): string[] {
  return runs.flatMap(({ onDisk, records = lines }, index) =>
    onDisk === lines && records === lines
      ? []
      : [`memory, ${name}, round ${index + 1}: ${onDisk} of ${lines} lines on disk, ${records} in Kafka`],
  )
}
