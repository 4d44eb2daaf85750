import { createConsumer } from 'logflume/consumer'
import { elasticsearch } from 'logflume/sinks/elasticsearch'
import { input, say } from './report.ts'

export interface SearchInput {
  readonly brokers: readonly string[]
  readonly topic: string
  /** It ends when it has as many. */
  readonly records: number
  /** Of OpenSearch. */
  readonly node: string
  readonly index: string
}

/** CPU that the whole process has used since it was started, in microseconds. */
export interface SearchResult {
  readonly process: number
}

const { brokers, topic, records, node, index } = input() as SearchInput
const consumer = createConsumer({
  from: { brokers, topics: [topic], group: index },
  sinks: [elasticsearch({ node, index })],
})
const running = consumer.run()
while (consumer.stats().delivered < records) await new Promise((resolve) => setTimeout(resolve, 10))
const { user, system } = process.cpuUsage()
say({ result: { process: user + system } satisfies SearchResult })
await consumer.close()
await running
