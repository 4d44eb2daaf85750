import { appendFile, link, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report, Surroundings } from './bench.ts'
import { LINE_BYTES } from './call.ts'
import { fields } from './cases/calls.ts'
import { shuffled } from './cases/shuffled.ts'
import type { FillInput } from './cases/fill-journal.ts'
import type { ForwardInput, ForwardResult } from './cases/forward-logflume.ts'
import { kcatVersion, runKcat } from './kcat.ts'
import { linesOnDisk, logFiles } from './lines-on-disk.ts'
import { interleave, ratios, spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'
import { FreshTopic } from './topics.ts'

const NO_KCAT = 'kcat is missing, so there is no peer in C; on Debian: apt-get install -y kcat'

interface ForwardCase {
  readonly name: string
  readonly by: 'logflume' | 'kcat' | 'kafkajs'
  readonly gzip: boolean
  readonly client?: ForwardInput['client']
  readonly kcatOptions?: readonly string[]
}

const cases: readonly ForwardCase[] = [
  { name: 'logflume', by: 'logflume', gzip: false },
  { name: 'logflume platformatic', by: 'logflume', gzip: false, client: '@platformatic/kafka' },
  { name: 'kcat -P -l', by: 'kcat', gzip: false },
  { name: 'kafkajs send', by: 'kafkajs', gzip: false },
  { name: 'logflume gzip', by: 'logflume', gzip: true },
  { name: 'kcat gzip', by: 'kcat', gzip: true, kcatOptions: ['-z', 'gzip'] },
  {
    name: 'kcat gzip 1',
    by: 'kcat',
    gzip: true,
    kcatOptions: ['-z', 'gzip', '-X', 'compression.level=1'],
  },
  { name: 'kafkajs gzip', by: 'kafkajs', gzip: true },
]
/** Its rate does not depend on how much there is, and all of it would take longer than all others together. */
const KAFKAJS_PART = 4

export interface ForwardOptions extends Surroundings {
  /** Lines of the journal. */
  readonly lines: number
}

export interface ForwardRun {
  /** To be sent. */
  readonly lines: number
  /** As counted by the topic's end offset. */
  readonly records: number
  /** Bytes that the topic has on the broker's disk. */
  readonly bytes: number
  /** Seconds from the start of the process until all is acknowledged. */
  readonly wall: number
  /** CPU of the process in microseconds. */
  readonly process: number
}

/** A journal, the same lines in one file, and how many there are. */
interface Source {
  readonly journal: string
  readonly file: string
  readonly lines: number
}

/** From a journal to acknowledged by Kafka, beside kcat and kafkajs. */
export async function benchForward(options: ForwardOptions): Promise<Report> {
  const { lines, rounds } = options
  const kcat = await kcatVersion()
  const source = await fillJournal(options)
  const there = cases.filter(({ by }) => by !== 'kcat' || kcat !== undefined)
  const runs = await interleave(there, rounds, (one) => run(one, source, options))
  const megabytes = number((lines * LINE_BYTES) / 1e6)
  const text = [
    `${number(lines)} lines of ${LINE_BYTES} bytes (${megabytes} MB) from disk to acks=all, ${rounds} rounds,`,
    'from the start of the process on; kafkajs sends a quarter of them.',
    '',
    forwardTable(there, runs),
    ...(kcat === undefined ? ['', NO_KCAT] : []),
  ].join('\n')
  return { text, failures: there.flatMap((one, index) => wrongCounts(one, runs[index]!)) }
}

/** Once for all runs: none of them changes it. */
async function fillJournal({ dir, lines }: ForwardOptions): Promise<Source> {
  const probe = join(dir, 'probe')
  await runCase('fill-journal', { dir: probe, lines: 10, padding: 0 } satisfies FillInput)
  const { bytes } = await linesOnDisk(probe, (n) => fields(shuffled(n)).id)
  const journal = join(dir, 'journal')
  const padding = Math.max(0, LINE_BYTES - Math.round(bytes / 10))
  await runCase('fill-journal', { dir: journal, lines, padding } satisfies FillInput)
  const found = await linesOnDisk(journal, (n) => fields(shuffled(n)).id)
  if (found.lines !== lines || found.wrong > 0)
    throw new Error(`The journal has ${found.lines} of ${lines} lines`)
  const file = join(dir, 'journal.txt')
  for (const segment of await logFiles(journal))
    await appendFile(file, await readFile(join(journal, segment)))
  return { journal, file, lines }
}

async function run(one: ForwardCase, source: Source, { kafka, dir }: ForwardOptions): Promise<ForwardRun> {
  const lines = one.by === 'kafkajs' ? Math.ceil(source.lines / KAFKAJS_PART) : source.lines
  const runDir = await mkdtemp(join(dir, 'forward-'))
  const topic = await FreshTopic.create(kafka)
  try {
    const from = one.by === 'logflume' ? await linkJournal(source, runDir) : source.file
    const cost = await send(one, { ...topic.kafka, gzip: one.gzip, client: one.client, from, lines })
    return { lines, records: await topic.records(), bytes: await topic.bytes(), ...cost }
  } finally {
    await topic.delete()
    await rm(runDir, { recursive: true })
  }
}

/** The same segments in a directory that knows nothing of Kafka yet. */
async function linkJournal({ journal }: Source, runDir: string): Promise<string> {
  const dir = join(runDir, 'journal')
  await mkdir(dir)
  for (const segment of await logFiles(journal)) await link(join(journal, segment), join(dir, segment))
  return dir
}

async function send(
  { by, kcatOptions = [] }: ForwardCase,
  input: ForwardInput,
): Promise<Pick<ForwardRun, 'wall' | 'process'>> {
  const started = performance.now()
  let done = 0
  if (by === 'kcat') {
    const { process } = await runKcat(input.brokers, input.topic, input.from, kcatOptions)
    return { wall: (performance.now() - started) / 1000, process }
  }
  const { process } = await runCase<ForwardResult>(`forward-${by}`, input, (message) => {
    if ('result' in message) done = performance.now()
  })
  return { wall: (done - started) / 1000, process }
}

function forwardTable(there: readonly ForwardCase[], runs: readonly ForwardRun[][]): string {
  const rate = (one: ForwardCase | undefined): number[] | undefined =>
    one && runs[there.indexOf(one)]!.map(({ lines, wall }) => lines / wall / 1000)
  const peer = (by: ForwardCase['by'], gzip: boolean): number[] | undefined =>
    rate(there.find((one) => one.by === by && one.gzip === gzip))
  const rows = there.map((one, index) => {
    const rates = rate(one) ?? []
    const cpu = runs[index]!.map(({ lines, process }) => process / lines)
    const kcat = peer('kcat', one.gzip)
    const kafkajs = peer('kafkajs', one.gzip)
    const bytes = runs[index]!.map((run) => run.bytes / run.lines)
    return [
      one.name,
      ...cells(spread(rates), 0),
      ...cells(spread(cpu), 2),
      ...(kcat === undefined ? ['-', ''] : cells(spread(ratios(rates, kcat)), 2)),
      kafkajs === undefined ? '-' : number(spread(ratios(rates, kafkajs)).median, 1),
      number(spread(bytes).median),
    ]
  })
  return table([['', 'k', 'lines/s', 'µs', 'CPU/line', '×', 'kcat', 'kafkajs', 'bytes'], ...rows])
}

/** Runs that brought more or fewer lines than there were. */
export function wrongCounts({ name }: { readonly name: string }, runs: readonly ForwardRun[]): string[] {
  return runs.flatMap(({ lines, records }, index) =>
    records === lines
      ? []
      : [`forward, ${name}, round ${index + 1}: ${records} records of ${lines} lines in Kafka`],
  )
}
