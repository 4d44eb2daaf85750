import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { KafkaNode } from '../test/kafka/node.ts'
import type { Report, Surroundings } from './bench.ts'
import type { AppInput, AppResult } from './cases/app.ts'
import { fields } from './cases/calls.ts'
import { linesOnDisk, type LinesOnDisk } from './lines-on-disk.ts'
import { recover } from './recover.ts'
import { interleave, ratios, spread, type Spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'
import { FreshTopic } from './topics.ts'

/** Nothing listens on port 1. */
const NO_BROKER = ['127.0.0.1:1']

interface AppCase {
  readonly name: string
  readonly kafka: 'off' | 'absent' | 'there'
  /** What happens to the broker when half of the lines are logged. */
  readonly halfway?: (node: KafkaNode) => unknown
}

const diskOnly: AppCase = { name: 'off (disk only)', kafka: 'off' }
const cases: readonly AppCase[] = [
  diskOnly,
  { name: 'up', kafka: 'there' },
  { name: 'absent from the start', kafka: 'absent' },
  { name: 'paused in the middle', kafka: 'there', halfway: (node) => node.pause() },
  { name: 'killed in the middle', kafka: 'there', halfway: (node) => node.kill() },
]

export interface AppOptions extends Surroundings {
  /** Logged in each run. */
  readonly lines: number
  /** Of these, how many before measuring starts. */
  readonly warmup: number
  /** Lines a second. */
  readonly rate: number
  /** Milliseconds that a run waits in the end for a Kafka that does not come. */
  readonly patience: number
}

/** Milliseconds that a run waits for a Kafka that is up. */
const TRUST = 60_000

export interface AppRun extends AppResult {
  readonly found: LinesOnDisk
  /** By the topic's end offset; undefined where the broker did not stay up. */
  readonly records: number | undefined
}

/** What Kafka costs the app's own thread, whatever state Kafka is in. */
export async function benchApp(options: AppOptions): Promise<Report> {
  const { lines, warmup, rate, rounds } = options
  const runs = await interleave(cases, rounds, (one) => run(one, options))
  const text = [
    `An app that logs ${number(lines)} lines at ${number(rate)} a second, ${rounds} rounds.`,
    `CPU of its main thread in ms for ${number(lines - warmup)} of them (the others warm it up).`,
    '',
    appTable(runs),
    '',
    noise(runs),
  ].join('\n')
  return { text, failures: cases.flatMap((one, index) => wrongCounts(one, runs[index]!, lines)) }
}

async function run(one: AppCase, options: AppOptions): Promise<AppRun> {
  const { dir, kafka, lines, warmup, rate } = options
  await recover(kafka)
  const runDir = await mkdtemp(join(dir, 'app-'))
  const topic = one.kafka === 'there' ? await FreshTopic.create(kafka) : undefined
  const absent = one.kafka === 'absent' ? { brokers: NO_BROKER, topic: 'nowhere' } : undefined
  const isUp = one.kafka === 'there' && one.halfway === undefined
  const patience = isUp ? TRUST : options.patience
  const input: AppInput = { dir: runDir, lines, warmup, rate, patience, kafka: topic?.kafka ?? absent }
  const node = kafka.node(1)
  let disturbed: unknown
  try {
    const result = await runCase<AppResult>('app', input, {
      onMessage(message) {
        if ('event' in message) disturbed = one.halfway?.(node)
      },
    })
    await disturbed
    const found = await linesOnDisk(runDir, (n) => fields(n).id)
    const records = isUp ? await topic?.records() : undefined
    return { ...result, found, records }
  } finally {
    await rm(runDir, { recursive: true })
    // A dead broker comes back only when the next run needs it; the few bytes that it has may stay till then.
    if (node.pid !== undefined) {
      await recover(kafka)
      await topic?.delete()
    }
  }
}

function appTable(runs: readonly AppRun[][]): string {
  const peers = threadTimes(runs[cases.indexOf(diskOnly)]!)
  const rows = cases.map(({ name, kafka }, index) => {
    const thread = threadTimes(runs[index]!)
    const onDisk = Math.min(...runs[index]!.map(({ found }) => found.lines - found.wrong))
    const acknowledged = spread(runs[index]!.map(({ counts }) => counts.forwarded)).median
    return [
      name,
      ...cells(spread(thread), 0),
      ...cells(spread(ratios(thread, peers)), 2),
      number(onDisk),
      kafka === 'there' ? number(acknowledged) : '-',
    ]
  })
  return table([['Kafka is', 'ms', 'main thread', '×', 'disk only', 'on disk', 'in Kafka'], ...rows])
}

function threadTimes(runs: readonly AppRun[]): number[] {
  return runs.map(({ cost }) => cost.thread / 1000)
}

/** How far the cases with Kafka lie apart, beside how far the runs of one case do. */
function noise(runs: readonly AppRun[][]): string {
  const spreads = runs.map((one) => spread(threadTimes(one)))
  const between = spread(spreads.filter((_, index) => cases[index] !== diskOnly).map(({ median }) => median))
  const within = Math.max(...spreads.map(width))
  return [
    `Between the medians of the four cases with Kafka: ${percent(width(between))}; between the`,
    `runs of one and the same case: up to ${percent(within)}.`,
  ].join('\n')
}

const width = ({ least, most }: Spread): number => most / least - 1
const percent = (part: number): string => `${number(100 * part, 1)} %`

/** Lines that are not on disk, each once and in order, or that the logger's own counts do not account for. */
export function wrongCounts(
  { name }: { readonly name: string },
  runs: readonly AppRun[],
  lines: number,
): string[] {
  return runs.flatMap(({ found, counts, records }, index) => {
    const one = `app, Kafka ${name}, round ${index + 1}`
    const failures: string[] = []
    if (found.lines !== lines || found.wrong !== 0) {
      failures.push(`${one}: ${found.lines} of ${lines} lines on disk, ${found.wrong} wrong ones`)
    }
    const accounted = accountedFor(counts)
    if (counts.written !== lines || accounted !== lines) {
      failures.push(`${one}: ${accounted} of ${lines} lines accounted for, ${counts.written} written`)
    }
    if (records !== undefined && records !== lines)
      failures.push(`${one}: ${records} of ${lines} lines in Kafka`)
    return failures
  })
}

export function accountedFor({ forwarded, pending, lost }: AppResult['counts']): number {
  return Object.values(lost).reduce((sum, count) => sum + count, forwarded + pending)
}
