import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Program } from '../test/faults/peers/program.ts'
import { connectCommand } from '../test/kafka/connect.ts'
import { KAFKA_VERSION } from '../test/kafka/jars.ts'
import { freePort } from '../test/kafka/ports.ts'
import type { Report, Surroundings } from './bench.ts'
import type { ConsumeInput, ConsumeResult } from './cases/consume-daily-files.ts'
import type { FillTopicInput } from './cases/fill-topic.ts'
import { kcatVersion, readByKcat } from './kcat.ts'
import { countLines } from './lines-on-disk.ts'
import { processCpu } from './process-cpu.ts'
import { interleave, progress, ratios, spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'
import { FreshTopic } from './topics.ts'

interface ConsumeCase {
  readonly name: string
  readonly by: 'logflume' | 'connect' | 'kcat'
  /** Of logflume's files. */
  readonly path?: string
}

const byModule = '{log.logger}.{YYYYMMDD}'
const connect: ConsumeCase = { name: 'Connect, one file', by: 'connect' }
const cases: readonly ConsumeCase[] = [
  { name: 'logflume, by module', by: 'logflume', path: byModule },
  { name: 'logflume, one file', by: 'logflume', path: 'all.{YYYYMMDD}' },
  connect,
  { name: 'kcat -C, one file', by: 'kcat' },
]

const PARTITIONS = 4
const MODULES = 20
/** As many bytes as make a line some 219 bytes long. */
const PADDING = 30
/** Milliseconds between two looks at what has been written. */
const LOOK_EVERY = 10
const NO_KCAT = 'kcat is missing, so there is no peer in C; on Debian: apt-get install -y kcat'

export interface ConsumeOptions extends Surroundings {
  readonly records: number
}

interface ConsumeRun {
  /** Seconds from the start of the process until all is written. */
  readonly wall: number
  /** The same from the first byte that was written on: Connect's JVM takes seconds to begin. */
  readonly writing: number
  /** CPU of the process in microseconds. */
  readonly process: number
  readonly lines: number
  readonly files: number
}

/** From a topic to files, beside Kafka Connect's FileStreamSink and kcat. */
export async function benchConsume(options: ConsumeOptions): Promise<Report> {
  const { records, rounds, kafka } = options
  const kcat = await kcatVersion()
  const topic = await FreshTopic.create(kafka, { partitions: PARTITIONS })
  try {
    const bytes = await fillTopic(options, topic)
    const there = cases.filter(({ by }) => by !== 'kcat' || kcat !== undefined)
    const runs = await interleave(there, rounds, (one) => run(one, { ...options, bytes }, topic))
    const text = [
      `${number(records)} records of ${PARTITIONS} partitions and ${MODULES} modules to files, ${rounds} rounds;`,
      `Kafka Connect ${KAFKA_VERSION}, FileStreamSink with StringConverter, one task.`,
      'total: from the start of the process on; writing: from the first byte on.',
      '',
      consumeTable(there, runs, records),
      ...(kcat === undefined ? ['', NO_KCAT] : []),
    ].join('\n')
    return { text, failures: there.flatMap((one, index) => wrong(one, runs[index]!, records)) }
  } finally {
    await topic.delete()
  }
}

/** Lines of twenty modules, spread over all partitions. Resolves with the bytes that they have together. */
export async function fillTopic(
  { dir, records }: Pick<ConsumeOptions, 'dir' | 'records'>,
  topic: FreshTopic,
): Promise<number> {
  progress(`writing ${number(records)} records`)
  const journal = await mkdtemp(join(dir, 'journal-'))
  const input: FillTopicInput = {
    ...topic.kafka,
    dir: journal,
    lines: records,
    modules: MODULES,
    padding: PADDING,
  }
  await runCase('fill-topic', input)
  const bytes = await bytesIn(journal)
  await rm(journal, { recursive: true })
  return bytes
}

interface Amount {
  readonly records: number
  readonly bytes: number
}

async function run(
  one: ConsumeCase,
  { dir, records, bytes }: Amount & { readonly dir: string },
  topic: FreshTopic,
): Promise<ConsumeRun> {
  const runDir = await mkdtemp(join(dir, 'consume-'))
  const into = join(runDir, 'files')
  await mkdir(into)
  const begin = performance.now()
  let first = Number.NaN
  const watching = setInterval(() => {
    void bytesIn(into).then((bytes) => {
      if (bytes === 0 || !Number.isNaN(first)) return
      first = performance.now()
      clearInterval(watching)
    })
  }, LOOK_EVERY)
  try {
    const cpu = await consume(one, topic, { records, bytes }, { into, runDir })
    const end = performance.now()
    return { wall: (end - begin) / 1000, writing: (end - first) / 1000, process: cpu, ...(await count(into)) }
  } finally {
    clearInterval(watching)
    await rm(runDir, { recursive: true })
  }
}

interface Places {
  readonly into: string
  readonly runDir: string
}

/** Resolves with the CPU that it took, when all records are in files. */
async function consume(
  { by, path = '' }: ConsumeCase,
  topic: FreshTopic,
  { records, bytes }: Amount,
  { into, runDir }: Places,
): Promise<number> {
  switch (by) {
    case 'logflume': {
      const input: ConsumeInput = { ...topic.kafka, records, dir: into, path }
      return (await runCase<ConsumeResult>('consume-daily-files', input)).process
    }
    case 'kcat':
      return (await readByKcat(topic.kafka.brokers, topic.name, join(into, 'all'))).process
    case 'connect':
      return consumeByConnect(topic, bytes, { into, runDir })
  }
}

async function consumeByConnect(topic: FreshTopic, bytes: number, { into, runDir }: Places): Promise<number> {
  const file = join(into, 'all')
  const sink = {
    name: topic.name,
    'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
    'tasks.max': '1',
    'consumer.override.auto.offset.reset': 'earliest',
    'consumer.override.max.poll.records': '2000',
    topics: topic.name,
    file,
  }
  const { brokers } = topic.kafka
  const command = await connectCommand({
    mode: 'standalone',
    dir: runDir,
    brokers,
    port: await freePort(),
    worker: {},
    connectors: [sink],
  })
  const program = new Program(command, join(runDir, 'connect.txt'))
  await program.start()
  try {
    const deadline = performance.now() + 300_000
    while ((await bytesIn(into)) < bytes) {
      if (performance.now() > deadline) throw new Error('Kafka Connect did not write all records')
      await delay(LOOK_EVERY)
    }
    return await processCpu(program.pid ?? 0)
  } finally {
    await program.kill()
  }
}

async function bytesIn(dir: string): Promise<number> {
  const sizes = await Promise.all((await filesIn(dir)).map(async (file) => (await stat(file)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Hidden ones, in which a sink or a journal keeps its place, are none. */
async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true })
  return entries.filter((one) => one.isFile() && !one.name.startsWith('.')).map(({ name }) => join(dir, name))
}

async function count(dir: string): Promise<Pick<ConsumeRun, 'lines' | 'files'>> {
  return { lines: await countLines(dir), files: (await filesIn(dir)).length }
}

function consumeTable(there: readonly ConsumeCase[], runs: readonly ConsumeRun[][], records: number): string {
  const peer = runs[there.indexOf(connect)]!
  const rate = (figure: 'wall' | 'writing') => (one: ConsumeRun) => records / 1000 / one[figure]
  const rows = there.map(({ name }, index) => {
    const own = runs[index]!
    const versus = (figure: 'wall' | 'writing'): string =>
      own === peer ? '1' : number(spread(ratios(own.map(rate(figure)), peer.map(rate(figure)))).median, 2)
    const [total, ends] = cells(spread(own.map(rate('wall'))), 0)
    return [
      name,
      ...[total, ends, versus('wall')],
      number(spread(own.map(rate('writing'))).median),
      versus('writing'),
      number(spread(own.map((one) => one.process / records)).median, 2),
    ]
  })
  return table([['', 'k/s total', '', '×', 'writing', '×', 'CPU µs'], ...rows])
}

function wrong({ name, path }: ConsumeCase, runs: readonly ConsumeRun[], records: number): string[] {
  const files = path === byModule ? MODULES : 1
  return runs
    .filter((one) => one.lines !== records || one.files !== files)
    .map((one) => `${name}: ${one.lines} of ${records} lines in ${one.files} files, expected ${files}`)
}
