import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { KafkaNode } from '../test/kafka/node.ts'
import { accountedFor } from './app.ts'
import type { Report, Surroundings } from './bench.ts'
import type { OutageInput, OutageResult } from './cases/outage.ts'
import { countLines } from './lines-on-disk.ts'
import { memoryTable } from './memory.ts'
import { recover } from './recover.ts'
import { interleave } from './rounds.ts'
import { runCase } from './run-case.ts'
import { number } from './table.ts'
import { FreshTopic, SHORT_MEMORY } from './topics.ts'

/** Nothing listens on port 1. */
const NO_BROKER = ['127.0.0.1:1']

interface OutageCase {
  readonly name: string
  readonly kafka: 'absent' | 'there'
  /** What happens to the broker behind the first lines. */
  readonly then?: (node: KafkaNode) => void
}

const cases: readonly OutageCase[] = [
  { name: 'up', kafka: 'there' },
  { name: 'absent', kafka: 'absent' },
  { name: 'paused', kafka: 'there', then: (node) => node.pause() },
]

/** As many bytes as make a line some 219 bytes long. */
const PADDING = 40
const SAMPLES = 5

export interface OutageOptions extends Surroundings {
  /** Logged in each run. */
  readonly lines: number
  /** Lines a second. */
  readonly rate: number
}

interface OutageRun extends OutageResult {
  readonly onDisk: number
}

/** What an app holds while Kafka is away and it goes on logging. */
export async function benchOutage(options: OutageOptions): Promise<Report> {
  const { lines, rate, rounds } = options
  const runs = await interleave(cases, rounds, (one) => run(one, options))
  const text = [
    `Memory in MB of an app that logs ${number(lines)} lines at ${number(rate)} a second while`,
    'Kafka is up, absent (nobody listens), or paused behind the first lines;',
    `${rounds} rounds, medians. Growth: from the first sample with lines to the last one.`,
    '',
    memoryTable(cases, runs),
  ].join('\n')
  return { text, failures: cases.flatMap((one, index) => wrongCounts(one, runs[index]!, lines)) }
}

async function run(one: OutageCase, { kafka, dir, lines, rate }: OutageOptions): Promise<OutageRun> {
  await recover(kafka)
  const runDir = await mkdtemp(join(dir, 'outage-'))
  const topic = one.kafka === 'there' ? await FreshTopic.create(kafka, { config: SHORT_MEMORY }) : undefined
  const input: OutageInput = {
    dir: runDir,
    lines,
    rate,
    sampleEvery: Math.ceil(lines / SAMPLES),
    padding: PADDING,
    kafka: topic?.kafka ?? { brokers: NO_BROKER, topic: 'nowhere' },
  }
  try {
    const result = await runCase<OutageResult>('outage', input, {
      flags: ['--expose-gc'],
      onMessage(message) {
        if ('event' in message) one.then?.(kafka.node(1))
      },
    })
    return { ...result, onDisk: await countLines(runDir) }
  } finally {
    await recover(kafka)
    await topic?.delete()
    await rm(runDir, { recursive: true })
  }
}

/** Lines that are not on disk, or that the logger's own counts do not account for. */
export function wrongCounts(
  { name }: { readonly name: string },
  runs: readonly Pick<OutageRun, 'onDisk' | 'counts'>[],
  lines: number,
): string[] {
  return runs.flatMap(({ onDisk, counts }, index) => {
    const accounted = accountedFor(counts)
    return onDisk === lines && counts.written === lines && accounted === lines
      ? []
      : [
          `outage, Kafka ${name}, round ${index + 1}: ${onDisk} of ${lines} lines on disk, ` +
            `${accounted} accounted for, ${counts.written} written`,
        ]
  })
}
