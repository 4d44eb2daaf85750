import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report, Surroundings } from './bench.ts'
import type { EndToEndAppInput } from './cases/end-to-end-app.ts'
import type { EndToEndConsumerInput, EndToEndResult } from './cases/end-to-end-consumer.ts'
import { interleave, ratios, spread } from './rounds.ts'
import { NO_RSYSLOG, Rsyslog, rsyslogVersion } from './rsyslog.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'
import { FreshTopic } from './topics.ts'

interface EndToEndCase {
  readonly name: string
  readonly by: EndToEndAppInput['by']
}

const ours: EndToEndCase = { name: 'logflume', by: 'logflume' }
const peer: EndToEndCase = { name: 'file, rsyslog', by: 'file' }

/** As many bytes as make a line some 219 bytes long, with its number and its time. */
const PADDING = 10

export interface EndToEndOptions extends Surroundings {
  /** Lines a second. */
  readonly rate: number
  /** Seconds that are measured in each run, and before them those that are not. */
  readonly seconds: number
  readonly warmup: number
}

interface EndToEndRun extends EndToEndResult {
  readonly records: number
}

/** From a log call to a consumer in another process. */
export async function benchEndToEnd(options: EndToEndOptions): Promise<Report> {
  const { rate, seconds, warmup, rounds } = options
  const rsyslog = await rsyslogVersion()
  const cases = rsyslog === undefined ? [ours] : [ours, peer]
  const runs = await interleave(cases, rounds, (one) => run(one, options))
  const text = [
    `From the call to a sink of logflume's consumer in another process, in ms;`,
    `${number(rate)} lines a second, ${seconds} s a run, ${rounds} rounds; medians, least–most.`,
    ...(rsyslog === undefined ? [] : [`rsyslog ${rsyslog}, imfile with inotify to omkafka`]),
    '',
    endToEndTable(cases, runs),
    ...(rsyslog === undefined ? ['', NO_RSYSLOG] : []),
  ].join('\n')
  const lines = rate * (warmup + seconds)
  return { text, failures: cases.flatMap((one, index) => wrongCounts(one, runs[index]!, lines)) }
}

async function run({ by }: EndToEndCase, options: EndToEndOptions): Promise<EndToEndRun> {
  const { kafka, dir, rate, seconds, warmup } = options
  const runDir = await mkdtemp(join(dir, 'end-to-end-'))
  const topic = await FreshTopic.create(kafka)
  const lines = rate * (warmup + seconds)
  const into = join(runDir, by === 'logflume' ? 'journal' : 'app.log')
  const app: EndToEndAppInput = { by, into, lines, rate, padding: PADDING, kafka: topic.kafka }
  const consumer: EndToEndConsumerInput = { ...topic.kafka, lines, warmup: rate * warmup }
  const rsyslog = by === 'file' ? await follow(into, runDir, topic) : undefined
  try {
    let isReady = (): void => undefined
    const ready = new Promise<void>((resolve) => (isReady = resolve))
    const [result] = await Promise.all([
      runCase<EndToEndResult>('end-to-end-consumer', consumer, { onMessage: () => isReady() }),
      ready.then(() => runCase('end-to-end-app', app)),
    ])
    return { ...result, records: await topic.records() }
  } finally {
    await rsyslog?.stop()
    await topic.delete()
    await rm(runDir, { recursive: true })
  }
}

async function follow(file: string, runDir: string, topic: FreshTopic): Promise<Rsyslog> {
  const dir = join(runDir, 'rsyslog')
  await mkdir(dir)
  return await Rsyslog.start({ dir, ...topic.kafka, gzip: false, file })
}

function endToEndTable(cases: readonly EndToEndCase[], runs: readonly EndToEndRun[][]): string {
  const medians = runs.map((one) => one.map(({ p50 }) => p50))
  const rows = cases.map(({ name }, index) => {
    const of = (figure: 'p99' | 'p999' | 'max') => spread(runs[index]!.map((run) => run[figure]))
    const beside = medians[cases.indexOf(peer)]
    return [
      name,
      ...cells(spread(medians[index]!), 2),
      ...cells(of('p99'), 1),
      number(of('p999').median, 1),
      number(of('max').median),
      beside === undefined ? '-' : number(spread(ratios(medians[index]!, beside)).median, 2),
    ]
  })
  return table([['', 'p50', '', 'p99', '', 'p99.9', 'max', '× rsyslog'], ...rows])
}

/** Lines that did not arrive once and in order. */
export function wrongCounts(
  { name }: { readonly name: string },
  runs: readonly Pick<EndToEndRun, 'records' | 'disordered'>[],
  lines: number,
): string[] {
  return runs.flatMap(({ records, disordered }, index) =>
    records === lines && disordered === 0
      ? []
      : [`end-to-end, ${name}, round ${index + 1}: ${records} of ${lines} lines, ${disordered} out of order`],
  )
}
