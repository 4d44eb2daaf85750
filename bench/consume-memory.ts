import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report, Surroundings } from './bench.ts'
import type { ConsumeMemoryInput, ConsumeMemoryResult } from './cases/consume-memory.ts'
import { fillTopic } from './consume.ts'
import { memoryTable } from './memory.ts'
import { interleave, spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { number } from './table.ts'
import { FreshTopic } from './topics.ts'

export interface ConsumeMemoryOptions extends Surroundings {
  readonly records: number
  /** Seconds that a sink stands still. */
  readonly seconds: number
}

const SAMPLES = 10

/** What a consumer holds over many records, and while one of its sinks stands still. */
export async function benchConsumeMemory(options: ConsumeMemoryOptions): Promise<Report> {
  const { records, seconds, rounds, kafka, dir } = options
  const topic = await FreshTopic.create(kafka, { partitions: 4 })
  try {
    await fillTopic(options, topic)
    const cases = [
      { name: 'all go on', standStill: 0 },
      { name: 'one stands still', standStill: seconds },
    ]
    const runs = await interleave(cases, rounds, async ({ standStill }) => {
      const runDir = await mkdtemp(join(dir, 'consume-memory-'))
      const input: ConsumeMemoryInput = {
        ...topic.kafka,
        dir: runDir,
        records,
        sampleEvery: Math.ceil(records / SAMPLES),
        standStill,
      }
      const result = await runCase<ConsumeMemoryResult>('consume-memory', input, { flags: ['--expose-gc'] })
      await rm(runDir, { recursive: true })
      return result
    })
    const still = (runs[1] ?? []).map((one) => one.still)
    const grown = spread(still.map((all) => (all.at(-1)!.rss - all[0]!.rss) / 1e6))
    const text = [
      `Memory in MB of a consumer over ${number(records)} records to daily files by module, ${rounds} rounds;`,
      'medians. Growth: from the first sample with records to the last one.',
      '',
      memoryTable(cases, runs),
      '',
      `While one of its sinks stood still for ${seconds} s: RSS from ${number(median(still, 0))} to`,
      `${number(median(still, -1))} MB; the change ${number(grown.least)} to ${number(grown.most)} MB.`,
    ].join('\n')
    return { text, failures: cases.flatMap(({ name }, index) => wrongCounts(name, runs[index]!, records)) }
  } finally {
    await topic.delete()
  }
}

function median(still: readonly ConsumeMemoryResult['still'][], at: number): number {
  return spread(still.map((all) => all.at(at)!.rss / 1e6)).median
}

function wrongCounts(name: string, runs: readonly ConsumeMemoryResult[], records: number): string[] {
  return runs
    .filter(({ delivered }) => delivered !== records)
    .map(({ delivered }) => `consume-memory, ${name}: ${delivered} of ${records} records delivered`)
}
