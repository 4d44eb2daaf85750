import type { Kafka } from 'kafkajs'
import { LogflumeError } from '../errors.ts'

/** Partitions by topic. */
export type Assignment = Readonly<Record<string, readonly number[]>>

export interface CommittedPlace {
  readonly place: bigint | undefined
  readonly note: string
}

/** What a member asks, beside what kafkajs offers; over the same connections. */
export interface Group {
  /** What is committed, by 'topic/partition'. */
  committed(assignment: Assignment): Promise<ReadonlyMap<string, CommittedPlace>>
  /** The first offset of a time in milliseconds or later, or the end; or the first that there is. */
  offsetsAt(
    topic: string,
    partitions: readonly number[],
    time: number | 'earliest',
  ): Promise<readonly bigint[]>
  /** All topics that there are. */
  topics(): Promise<readonly string[]>
  /**
   * Lets go of all connections at once. kafkajs itself waits up to 30 s for answers under way, and its sockets
   * and timers keep the process alive as long.
   */
  release(): void
}

/** What is used here of the Cluster inside of kafkajs. */
interface Cluster {
  findGroupCoordinator(group: { groupId: string }): Promise<Coordinator>
  fetchTopicsOffset(topics: readonly OffsetRequest[]): Promise<{ partitions: readonly FetchedOffset[] }[]>
  metadata(): Promise<{ topicMetadata: readonly { topic: string }[] }>
  readonly brokerPool?: { readonly seedBroker?: Broker; readonly brokers?: Readonly<Record<string, Broker>> }
}

interface Broker {
  readonly connectionPool?: { readonly pool?: readonly Connection[] }
}

interface Connection {
  readonly socket?: { destroy(): void } | null
  readonly requestQueue?: { destroy(): void }
}

interface OffsetRequest {
  readonly topic: string
  readonly partitions: readonly { readonly partition: number }[]
  readonly fromBeginning?: boolean
  readonly fromTimestamp?: number
}

interface Coordinator {
  offsetFetch(request: {
    groupId: string
    topics: readonly { topic: string; partitions: readonly { partition: number }[] }[]
  }): Promise<{ responses: readonly { topic: string; partitions: readonly FetchedOffset[] }[] }>
}

interface FetchedOffset {
  readonly partition: number
  readonly offset: string
  readonly metadata?: string | null
}

/**
 * Reaches a consumer's own connections, which kafkajs keeps to itself, through the symbol under which a
 * client makes them; to be called before the consumer is made. kafkajs tells nobody in time that it joins the
 * group anew; but it looks for the coordinator then, and that can wait for `beforeJoin`.
 */
export function reachGroup(kafka: Kafka, groupId: string, beforeJoin: () => Promise<void>): Group {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  )
  const create: unknown = symbol && Reflect.get(kafka, symbol)
  let reached: Cluster | undefined
  let find: () => Promise<Coordinator> = () => Promise.reject(unknownKafkajs())
  const cluster = (): Cluster => {
    if (reached === undefined) throw unknownKafkajs()
    return reached
  }
  if (symbol !== undefined && typeof create === 'function') {
    Reflect.set(kafka, symbol, (...args: unknown[]): Cluster => {
      const made = (create as (...args: unknown[]) => Cluster)(...args)
      if (reached !== undefined) return made
      reached = made
      const findGroupCoordinator = made.findGroupCoordinator.bind(made)
      find = () => findGroupCoordinator({ groupId })
      made.findGroupCoordinator = async (group) => {
        await beforeJoin()
        return findGroupCoordinator(group)
      }
      return made
    })
  }
  return {
    async committed(assignment) {
      const topics = Object.entries(assignment).map(([topic, partitions]) => ({
        topic,
        partitions: partitions.map((partition) => ({ partition })),
      }))
      const places = new Map<string, CommittedPlace>()
      if (topics.length === 0) return places
      const coordinator = await find()
      const { responses } = await coordinator.offsetFetch({ groupId, topics })
      for (const { topic, partitions } of responses)
        for (const { partition, offset, metadata } of partitions) {
          const place = BigInt(offset)
          places.set(`${topic}/${partition}`, { place: place < 0n ? undefined : place, note: metadata ?? '' })
        }
      return places
    },
    async offsetsAt(topic, partitions, time) {
      const ask = async (what: Pick<OffsetRequest, 'fromBeginning' | 'fromTimestamp'>): Promise<bigint[]> => {
        const request = { topic, partitions: partitions.map((partition) => ({ partition })), ...what }
        const [answer] = await cluster().fetchTopicsOffset([request])
        const offsets = new Map(
          answer?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]),
        )
        return partitions.map((partition) => offsets.get(partition) ?? -1n)
      }
      if (time === 'earliest') return ask({ fromBeginning: true })
      // In this order: what comes in between is behind the end, not before it.
      const ends = await ask({ fromBeginning: false })
      const found = await ask({ fromTimestamp: time })
      return found.map((offset, index) => (offset < 0n ? (ends[index] ?? 0n) : offset))
    },
    async topics() {
      const { topicMetadata } = await cluster().metadata()
      return topicMetadata.map(({ topic }) => topic)
    },
    release() {
      const { seedBroker, brokers = {} } = reached?.brokerPool ?? {}
      for (const broker of [seedBroker, ...Object.values(brokers)])
        for (const { socket, requestQueue } of broker?.connectionPool?.pool ?? []) {
          requestQueue?.destroy()
          socket?.destroy()
        }
    },
  }
}

function unknownKafkajs(): LogflumeError {
  return new LogflumeError('KAFKA', 'this kafkajs is not the one that logflume knows')
}
