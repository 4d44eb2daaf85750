import { createLogger } from 'logflume'
import { boundFields, fields, logLines, message } from './calls.ts'
import { input, say } from './report.ts'

export interface FillTopicInput {
  readonly dir: string
  readonly brokers: readonly string[]
  readonly topic: string
  readonly lines: number
  readonly modules: number
  readonly padding: number
}

/** Lines that a module logs before the next one has its turn. */
const LINES_AT_ONCE = 3

// A service of many modules, whose lines are spread over all partitions of a topic.
const { dir, brokers, topic, lines, modules, padding } = input() as FillTopicInput
const kafka = { brokers, topic, partition: 'spread', batchBytes: 100_000 } as const
const root = createLogger({ name: 'shop', dir, kafka })
const logs = Array.from({ length: modules }, (_, index) =>
  root.get(`module${index}`).child(boundFields({ padding })),
)
await logLines((n) => logs[Math.floor(n / LINES_AT_ONCE) % modules]!.info(message, fields(n)), 0, lines)
const { forwarded, lost } = await root.close({ timeout: 240_000 })
say({ result: { forwarded, lost } })
