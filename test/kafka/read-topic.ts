import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, EachBatchPayload, IHeaders } from 'kafkajs'
import { kafkaClient } from './client.ts'

export interface TopicMessage {
  readonly partition: number
  readonly offset: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly headers: IHeaders
}

export interface ReadOptions {
  /** Wait until there are as many. @default as many as there are when reading starts */
  readonly count?: number
  /** Milliseconds. @default 30_000 */
  readonly timeout?: number
}

export interface NewTopic {
  /** @default 1 */
  readonly partitions?: number
  /** @default 1 */
  readonly replicationFactor?: number
  readonly config?: Readonly<Record<string, string>>
}

/** A name that no other test has. */
export function uniqueTopic(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 13)}`
}

/** Resolves when every partition has a leader. */
export async function createTopic(
  brokers: readonly string[],
  topic: string,
  { partitions = 1, replicationFactor = 1, config = {} }: NewTopic = {},
): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  const admin = kafkaClient(brokers).admin()
  try {
    await admin.connect()
    await admin.createTopics({
      topics: [{ topic, numPartitions: partitions, replicationFactor, configEntries }],
      waitForLeaders: false, // kafkajs gives up where another broker, which it asks, has not heard of it yet
    })
    for (let attempt = 1; !(await hasLeaders(admin, topic)); attempt++) {
      if (attempt === 300) throw new Error(`${topic} has partitions without a leader`)
      await sleep(100)
    }
  } finally {
    await admin.disconnect()
  }
}

/** Leaders that know of it themselves: kafkajs sends to all of them again where only one does not, and doubles. */
async function hasLeaders(admin: Admin, topic: string): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const partitions = topics.flatMap((one) => one.partitions)
    if (partitions.length === 0 || partitions.some(({ leader }) => leader < 0)) return false
    return (await admin.fetchTopicOffsets(topic)).length === partitions.length
  } catch {
    return false
  }
}

/**
 * All messages of a topic, by partition and offset: up to the high watermarks of this moment, or until
 * `count` of them are there. Rejects after `timeout`, saying how far it came.
 */
export async function readTopic(
  brokers: readonly string[],
  topic: string,
  options: ReadOptions = {},
): Promise<TopicMessage[]> {
  const messages: TopicMessage[] = []
  await eachMessage(brokers, topic, (message) => messages.push(message), options)
  return messages.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset))
}

/** The same messages one by one, in order of offset within each partition, for more than fit into memory. */
export async function eachMessage(
  brokers: readonly string[],
  topic: string,
  take: (message: TopicMessage) => void,
  { count, timeout = 30_000 }: ReadOptions = {},
): Promise<void> {
  let taken = 0
  const unread = count === undefined ? await unreadPartitions(brokers, topic) : new Map<number, bigint>()
  const complete = () => (count === undefined ? unread.size === 0 : taken >= count)
  if (complete()) return

  const wanted = () => (count === undefined ? `offsets ${describe(unread)} to come` : `${count} wanted`)
  const consumer = kafkaClient(brokers).consumer({ groupId: uniqueTopic('read-topic'), maxWaitTimeInMs: 100 })
  const { promise, resolve, reject } = deferred()
  const timer = setTimeout(() => {
    reject(new Error(`${taken} messages of ${topic} after ${timeout} ms, ${wanted()}`))
  }, timeout)
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) reject(payload.error)
  })
  // Told also of what has no messages to show, as the end of a transaction.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    if (BigInt(lastOffset) + 1n >= (unread.get(partition) ?? 0n)) unread.delete(partition)
    if (complete()) resolve()
  })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        for (const message of batch.messages) take(fromKafkajs(batch.partition, message))
        taken += batch.messages.length
        return Promise.resolve()
      },
    })
    await promise
  } finally {
    clearTimeout(timer)
    await consumer.disconnect()
  }
}

/** The partitions that hold something, each with its high watermark. */
async function unreadPartitions(brokers: readonly string[], topic: string): Promise<Map<number, bigint>> {
  const offsets = await topicOffsets(brokers, topic)
  const filled = offsets.filter(({ low, high }) => low !== high)
  return new Map(filled.map(({ partition, high }) => [partition, BigInt(high)]))
}

/** Of each partition; asks again for up to 30 s where leaders are just moving, at which kafkajs gives up. */
export async function topicOffsets(brokers: readonly string[], topic: string) {
  const admin = kafkaClient(brokers).admin()
  const deadline = Date.now() + 30_000
  try {
    await admin.connect()
    for (;;) {
      try {
        return await admin.fetchTopicOffsets(topic)
      } catch (error) {
        if (Date.now() > deadline) throw error
        await sleep(200)
      }
    }
  } finally {
    await admin.disconnect()
  }
}

function fromKafkajs(
  partition: number,
  message: EachBatchPayload['batch']['messages'][number],
): TopicMessage {
  const { offset, key, value, timestamp, headers = {} } = message
  return { partition, offset: BigInt(offset), key, value, timestamp: Number(timestamp), headers }
}

function describe(unread: ReadonlyMap<number, bigint>): string {
  return [...unread].map(([partition, end]) => `${partition}:${end}`).join(' ')
}

function deferred() {
  let resolve!: () => void
  let reject!: (error: Error) => void
  const promise = new Promise<void>((...settle) => ([resolve, reject] = settle))
  return { promise, resolve, reject }
}
