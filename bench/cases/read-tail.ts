import { Kafka, logLevel } from 'kafkajs'
import { input, say } from './report.ts'

export interface ReadTailInput {
  readonly brokers: readonly string[]
  readonly topic: string
  /** Offset behind the last record. */
  readonly end: number
}

/** What a topic of one partition still has. */
export interface Tail {
  /** Offset of its first record. */
  readonly first: number
  readonly lines: number
  /** Lines whose number is not their offset: in a topic of one partition that only they are in, it has to be. */
  readonly disordered: number
}

// Reads what the broker has kept, and looks whether the lines are there once and in order.
const { brokers, topic, end } = input() as ReadTailInput
const kafka = new Kafka({ clientId: 'bench', brokers: [...brokers], logLevel: logLevel.ERROR })
const consumer = kafka.consumer({ groupId: topic })
let first: number | undefined
let lines = 0
let disordered = 0
const done = new Promise<void>((resolve, reject) => {
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
  void (async () => {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      eachBatch: ({ batch: { messages } }) => {
        for (const { value, offset } of messages) {
          const { n } = JSON.parse(String(value)) as { n: number }
          first ??= Number(offset)
          lines++
          if (n !== Number(offset)) disordered++
          if (Number(offset) >= end - 1) resolve()
        }
        return Promise.resolve()
      },
    })
  })().catch(reject)
})
await done
say({ result: { first: first ?? 0, lines, disordered } satisfies Tail })
await consumer.disconnect()
