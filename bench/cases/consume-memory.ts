import { setTimeout as delay } from 'node:timers/promises'
import { createConsumer, dailyFiles, defineSink, type Sink } from 'logflume/consumer'
import { sampleMemory, type MemorySample } from './memory.ts'
import { input, say } from './report.ts'

export interface ConsumeMemoryInput {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly dir: string
  readonly records: number
  readonly sampleEvery: number
  /** Seconds that the sink takes for the first batch that comes when half of the records are there. */
  readonly standStill: number
}

export interface ConsumeMemoryResult {
  /** By the number of records that the sinks had. */
  readonly samples: readonly MemorySample[]
  /** The same by second, while the sink stood still; `lines` is what the consumer had read. */
  readonly still: readonly MemorySample[]
  readonly delivered: number
}

const { brokers, topic, dir, records, sampleEvery, standStill } = input() as ConsumeMemoryInput
const samples = [sampleMemory(0)]
const still: MemorySample[] = []
let taken = 0
let stood = standStill === 0

/** Counts, and stands still once. */
const clock: Sink = defineSink({
  name: 'clock',
  async write(batch) {
    taken += batch.length
    if (!stood && taken >= records / 2) {
      stood = true
      for (let second = 0; second <= standStill; second++) {
        still.push(sampleMemory(taken))
        await delay(1000)
      }
    }
  },
})

const consumer = createConsumer({
  from: { brokers, topics: [topic], group: `${topic}-${process.pid}` },
  sinks: [dailyFiles({ dir, path: '{log.logger}.{YYYYMMDD}' }), clock],
})
const running = consumer.run()
while (consumer.stats().delivered < records) {
  await delay(20)
  const { delivered } = consumer.stats()
  if (delivered >= samples.length * sampleEvery) samples.push(sampleMemory(delivered))
}
const { delivered } = consumer.stats()
say({ result: { samples, still, delivered } satisfies ConsumeMemoryResult })
await consumer.close()
await running
