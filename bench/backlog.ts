import { copyFile, link, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { accountedFor } from './app.ts'
import type { Report, Surroundings } from './bench.ts'
import { LINE_BYTES } from './padding.ts'
import type { BacklogInput, BacklogResult, CallCost } from './cases/backlog.ts'
import type { FillBacklogInput } from './cases/fill-backlog.ts'
import type { ReadTailInput, Tail } from './cases/read-tail.ts'
import { logFiles } from './lines-on-disk.ts'
import { interleave, progress, ratios, spread, type Spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'
import { FreshTopic, SHORT_MEMORY } from './topics.ts'

interface BacklogCase {
  readonly name: string
  readonly behind: boolean
}

const withBacklog: BacklogCase = { name: 'with the backlog', behind: true }
const without: BacklogCase = { name: 'without one', behind: false }
const cases: readonly BacklogCase[] = [withBacklog, without]

/** As many bytes as make a line some 219 bytes long, with its number. */
const PADDING = 25
/** Milliseconds that filling, and catching up, may take. */
const PATIENCE = 1_800_000
/** Rows of the table that shows how it caught up. */
const STEPS = 10

export interface BacklogOptions extends Surroundings {
  /** Of the backlog. */
  readonly bytes: number
  /** Lines a second that the app logs meanwhile. */
  readonly rate: number
  /** Seconds that it logs when it has caught up, and before measuring begins. */
  readonly seconds: number
  readonly warmup: number
}

interface BacklogRun extends BacklogResult {
  readonly records: number
  readonly tail: Tail
}

interface Source {
  readonly dir: string
  readonly lines: number
}

/** An app that starts with gigabytes which Kafka does not have yet. */
export async function benchBacklog(options: BacklogOptions): Promise<Report> {
  const { bytes, rate, rounds } = options
  const source = await fill(options)
  const runs = await interleave(cases, rounds, (one) => run(one, source, options))
  await rm(source.dir, { recursive: true })
  const [behind = []] = runs
  const text = [
    `An app starts with ${number(bytes / 1e9, 1)} GB in its journal (${number(source.lines)} lines) and logs`,
    `${number(rate)} lines a second meanwhile, ${rounds} rounds; medians, least–most.`,
    '',
    startTable(runs),
    '',
    'What a call costs: CPU of the main thread, and the time of single calls, in µs.',
    '',
    callTable(behind),
    '',
    'How the last run caught up:',
    '',
    progressTable(behind.at(-1)?.progress ?? []),
  ].join('\n')
  return { text, failures: cases.flatMap((one, index) => wrongCounts(one, runs[index]!)) }
}

async function fill({ dir, bytes }: BacklogOptions): Promise<Source> {
  const lines = Math.ceil(bytes / LINE_BYTES)
  const journal = join(dir, 'backlog')
  progress(`writing ${number(lines)} lines`)
  const input: FillBacklogInput = { dir: journal, lines, padding: PADDING }
  await runCase('fill-backlog', input, { timeout: PATIENCE })
  return { dir: journal, lines }
}

async function run(
  { name, behind }: BacklogCase,
  source: Source,
  options: BacklogOptions,
): Promise<BacklogRun> {
  const { kafka, dir, rate, seconds, warmup } = options
  const runDir = await mkdtemp(join(dir, 'backlog-'))
  const topic = await FreshTopic.create(kafka, { config: SHORT_MEMORY })
  try {
    const journal = join(runDir, 'journal')
    if (behind) await copyJournal(source.dir, journal)
    const backlog = behind ? source.lines : 0
    const settings = { backlog, rate, seconds, warmup, padding: PADDING, kafka: topic.kafka }
    const input: BacklogInput = { dir: journal, ...settings }
    const result = await runCase<BacklogResult>('backlog', input, {
      timeout: PATIENCE,
      onMessage(message) {
        if ('event' in message) progress(`${name}, ${message.event}`)
      },
    })
    const records = await topic.records()
    const tail = await runCase<Tail>('read-tail', { ...topic.kafka, end: records } satisfies ReadTailInput)
    return { ...result, records, tail }
  } finally {
    await topic.delete()
    await rm(runDir, { recursive: true })
  }
}

/** The same segments; only the last one, to which the app appends, is one of its own. */
async function copyJournal(from: string, to: string): Promise<void> {
  await mkdir(to)
  const segments = await logFiles(from)
  const last = segments.pop()
  for (const segment of segments) await link(join(from, segment), join(to, segment))
  if (last !== undefined) await copyFile(join(from, last), join(to, last))
}

function startTable(runs: readonly BacklogRun[][]): string {
  const [, reference = []] = runs
  const rows = cases.map(({ name }, index) => {
    const peaks = runs[index]!.map(({ peak }) => peak / 1e6)
    const more = peaks.map((peak, round) => peak - reference[round]!.peak / 1e6)
    return [
      name,
      ...cells(spread(runs[index]!.map(({ created }) => created)), 0),
      ...cells(spread(runs[index]!.map(({ firstForwarded }) => firstForwarded)), 0),
      number(spread(peaks).median),
      ...(reference === runs[index] ? ['-', ''] : cells(spread(more), 0)),
    ]
  })
  return table([['', 'ms', 'to start', 'ms', 'to 1st in Kafka', 'peak MB', 'more', 'MB'], ...rows])
}

function callTable(runs: readonly BacklogRun[]): string {
  const there = runs.filter(({ draining }) => draining !== undefined)
  const row = (name: string, costs: readonly CallCost[]): string[] => {
    const of = (figure: keyof CallCost): Spread => spread(costs.map((cost) => cost[figure]))
    const base = there.map(({ drained }) => drained.cpu)
    return [
      name,
      ...cells(of('cpu'), 2),
      ...cells(
        spread(
          ratios(
            costs.map(({ cpu }) => cpu),
            base,
          ),
        ),
        2,
      ),
      ...cells(of('p50'), 1),
      ...cells(of('p99'), 1),
    ]
  }
  if (there.length === 0) return 'It had caught up before anything could be measured.'
  return table([
    ['', 'CPU', '', '×', 'caught up', 'p50', '', 'p99', ''],
    row(
      'catching up',
      there.flatMap(({ draining }) => draining ?? []),
    ),
    row(
      'caught up',
      there.map(({ drained }) => drained),
    ),
  ])
}

function progressTable(all: BacklogResult['progress']): string {
  const step = Math.max(1, Math.ceil((all.length - 1) / STEPS))
  const shown = all.filter((_, index) => index % step === 0 || index === all.length - 1)
  const rows = shown.map(({ seconds, forwarded, pending, rss }, index) => {
    const before = shown[index - 1]
    const rate = before && (forwarded - before.forwarded) / (seconds - before.seconds) / 1000
    return [
      number(seconds, 1),
      number(forwarded),
      number(pending),
      rate === undefined ? '-' : number(rate),
      number(rss / 1e6),
    ]
  })
  return table([['s', 'in Kafka', 'pending', 'k lines/s', 'RSS MB'], ...rows])
}

/** Lines that are missing, there twice, or not in order. */
export function wrongCounts(
  { name }: { readonly name: string },
  runs: readonly Pick<BacklogRun, 'lines' | 'records' | 'counts' | 'tail'>[],
): string[] {
  return runs.flatMap(({ lines, records, counts, tail }, index) => {
    const accounted = accountedFor(counts)
    return records === lines && counts.forwarded === lines && accounted === lines && tail.disordered === 0
      ? []
      : [
          `backlog, ${name}, round ${index + 1}: ${records} of ${lines} lines in Kafka, ` +
            `${accounted} accounted for, ${tail.disordered} out of order`,
        ]
  })
}
