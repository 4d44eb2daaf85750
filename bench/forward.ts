import { appendFile, link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report, Surroundings } from './bench.ts'
import { LINE_BYTES } from './padding.ts'
import { fields } from './cases/calls.ts'
import { shuffled } from './cases/shuffled.ts'
import type { FillInput } from './cases/fill-journal.ts'
import type { ForwardInput, ForwardResult } from './cases/forward-logflume.ts'
import { kcatVersion, runKcat } from './kcat.ts'
import { linesOnDisk, logFiles } from './lines-on-disk.ts'
import { interleave, ratios, spread } from './rounds.ts'
import { NO_RSYSLOG, Rsyslog, rsyslogVersion } from './rsyslog.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'
import { FreshTopic } from './topics.ts'

const NO_KCAT = 'kcat is missing, so there is no peer in C; on Debian: apt-get install -y kcat'

interface ForwardCase {
  readonly name: string
  readonly by: 'logflume' | 'kcat' | 'kafkajs' | 'rsyslog'
  readonly gzip: boolean
  readonly client?: ForwardInput['client']
  readonly kcatOptions?: readonly string[]
}

const cases: readonly ForwardCase[] = [
  { name: 'logflume', by: 'logflume', gzip: false },
  { name: 'logflume platformatic', by: 'logflume', gzip: false, client: '@platformatic/kafka' },
  { name: 'kcat -P -l', by: 'kcat', gzip: false },
  { name: 'kcat idempotent', by: 'kcat', gzip: false, kcatOptions: ['-X', 'enable.idempotence=true'] },
  { name: 'rsyslog', by: 'rsyslog', gzip: false },
  { name: 'kafkajs send', by: 'kafkajs', gzip: false },
  { name: 'logflume gzip', by: 'logflume', gzip: true },
  { name: 'kcat gzip', by: 'kcat', gzip: true, kcatOptions: ['-z', 'gzip'] },
  {
    name: 'kcat gzip 1',
    by: 'kcat',
    gzip: true,
    kcatOptions: ['-z', 'gzip', '-X', 'compression.level=1'],
  },
  { name: 'rsyslog gzip', by: 'rsyslog', gzip: true },
  { name: 'kafkajs gzip', by: 'kafkajs', gzip: true },
]
/** Their rate does not depend on how much there is, and all of it would take longer than all others together. */
const PARTS: Partial<Record<ForwardCase['by'], number>> = { kafkajs: 4, rsyslog: 2 }
/** Milliseconds between two looks at how far rsyslog is, which does not say so itself. */
const LOOK_EVERY = 20

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
  const { lines, rounds, kafka, replicas = 1 } = options
  const kcat = await kcatVersion()
  const rsyslog = await rsyslogVersion()
  const source = await fillJournal(options)
  const there = cases.filter(({ by }) => !(by === 'kcat' ? !kcat : by === 'rsyslog' && !rsyslog))
  const runs = await interleave(there, rounds, (one) => run(one, source, options))
  const megabytes = number((lines * LINE_BYTES) / 1e6)
  const text = [
    `${number(lines)} lines of ${LINE_BYTES} bytes (${megabytes} MB) from disk to acks=all, ${rounds} rounds,`,
    'from the start of the process on; kafkajs sends a quarter of them, rsyslog half;',
    `${kafka.nodes.length === 1 ? 'one broker' : `${kafka.nodes.length} brokers`}, each line on ${replicas}.`,
    '',
    forwardTable(there, runs),
    ...(kcat === undefined ? ['', NO_KCAT] : []),
    ...(rsyslog === undefined ? ['', NO_RSYSLOG] : []),
  ].join('\n')
  return { text, failures: there.flatMap((one, index) => wrongCounts(one, runs[index]!)) }
}

/** Once for all runs: none of them changes it. */
async function fillJournal({ dir, lines }: ForwardOptions): Promise<Source> {
  const probe = join(dir, 'probe')
  await runCase('fill-journal', { dir: probe, lines: 10, padding: 0 } satisfies FillInput)
  const { bytes } = await linesOnDisk(probe, (n) => fields(shuffled(n)).id)
  await rm(probe, { recursive: true })
  const journal = await mkdtemp(join(dir, 'journal-'))
  const padding = Math.max(0, LINE_BYTES - Math.round(bytes / 10))
  await runCase('fill-journal', { dir: journal, lines, padding } satisfies FillInput)
  const found = await linesOnDisk(journal, (n) => fields(shuffled(n)).id)
  if (found.lines !== lines || found.wrong > 0)
    throw new Error(`The journal has ${found.lines} of ${lines} lines`)
  const file = `${journal}.txt`
  for (const segment of await logFiles(journal))
    await appendFile(file, await readFile(join(journal, segment)))
  return { journal, file, lines }
}

/** The first lines of the file of all, for whoever cannot be told to stop. */
async function firstLines({ file, lines: all }: Source, lines: number, dir: string): Promise<string> {
  if (lines === all) return file
  const bytes = await readFile(file)
  const part = join(dir, 'part.txt')
  await writeFile(part, bytes.subarray(0, (bytes.length / all) * lines))
  return part
}

async function run(one: ForwardCase, source: Source, options: ForwardOptions): Promise<ForwardRun> {
  const { kafka, dir, replicas = 1 } = options
  const lines = Math.ceil(source.lines / (PARTS[one.by] ?? 1))
  const runDir = await mkdtemp(join(dir, 'forward-'))
  const topic = await FreshTopic.create(kafka, { replicationFactor: replicas })
  try {
    const from = one.by === 'logflume' ? await linkJournal(source, runDir) : source.file
    const input: ForwardInput = { ...topic.kafka, gzip: one.gzip, client: one.client, from, lines }
    const cost =
      one.by === 'rsyslog'
        ? await follow({ ...input, from: await firstLines(source, lines, runDir) }, topic, runDir)
        : await send(one, input)
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
  const { process } = await runCase<ForwardResult>(`forward-${by}`, input, {
    onMessage(message) {
      if ('result' in message) done = performance.now()
    },
  })
  return { wall: (done - started) / 1000, process }
}

/** It goes on for ever, so what counts is when the topic has all lines. */
async function follow(
  { brokers, topic: name, gzip, from, lines }: ForwardInput,
  topic: FreshTopic,
  runDir: string,
): Promise<Pick<ForwardRun, 'wall' | 'process'>> {
  const dir = await mkdtemp(join(runDir, 'rsyslog-'))
  const started = performance.now()
  const rsyslog = await Rsyslog.start({ dir, brokers, topic: name, gzip, file: from })
  try {
    await topic.reaches(lines, LOOK_EVERY)
    const wall = (performance.now() - started) / 1000
    return { wall, process: await rsyslog.cpu() }
  } finally {
    await rsyslog.stop()
  }
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
