import { createConsumer, dailyFiles } from 'logflume/consumer'
import { input, say } from './report.ts'

export interface ConsumeInput {
  readonly brokers: readonly string[]
  readonly topic: string
  /** It ends when it has as many. */
  readonly records: number
  /** Where the files go. */
  readonly dir: string
  /** Of the files in it. */
  readonly path: string
}

/** CPU that the whole process has used since it was started, in microseconds. */
export interface ConsumeResult {
  readonly process: number
  readonly delivered: number
}

const { brokers, topic, records, dir, path } = input() as ConsumeInput
const consumer = createConsumer({
  from: { brokers, topics: [topic], group: `${topic}-${process.pid}` },
  sinks: [dailyFiles({ dir, path })],
})
const running = consumer.run()
while (consumer.stats().delivered < records) await new Promise((resolve) => setTimeout(resolve, 10))
const { user, system } = process.cpuUsage()
const { delivered } = consumer.stats()
say({ result: { process: user + system, delivered } satisfies ConsumeResult })
await consumer.close()
await running
