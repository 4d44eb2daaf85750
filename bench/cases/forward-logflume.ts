import { createLogger } from 'logflume'
import { input, say } from './report.ts'

export interface ForwardInput {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly gzip: boolean
  /** logflume's Kafka client; its default where there is none. */
  readonly client?: '@platformatic/kafka' | undefined
  /** A journal's directory for logflume, a file of lines for the others. */
  readonly from: string
  /** How many of its lines, from the first. */
  readonly lines: number
}

/** CPU that the whole process has used since it was started, in microseconds, and lines acknowledged by then. */
export interface ForwardResult {
  readonly process: number
  readonly acknowledged: number
}

// A process that finds a journal of another one, and forwards it.
const { brokers, topic, gzip, client, from } = input() as ForwardInput
const log = createLogger({
  name: 'shop',
  dir: from,
  kafka: { brokers, topic, compression: gzip ? 'gzip' : 'none', client: client ?? 'kafkajs' },
})
const { forwarded } = await log.flush({ timeout: 240_000 })
const { user, system } = process.cpuUsage()
say({ result: { process: user + system, acknowledged: forwarded } satisfies ForwardResult })
await log.close()
