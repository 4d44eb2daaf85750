import type { Kafka } from 'kafkajs'
import { LogflumeError } from '../errors.ts'

/** What is used here of the Cluster inside of kafkajs. */
interface Cluster {
  findGroupCoordinator(group: { groupId: string }): Promise<Coordinator>
}

interface Coordinator {
  offsetFetch(request: {
    groupId: string
    topics: readonly { topic: string; partitions: readonly { partition: number }[] }[]
  }): Promise<{ responses: readonly { partitions: readonly FetchedOffset[] }[] }>
}

interface FetchedOffset {
  readonly offset: string
  readonly metadata: string | null
  readonly errorCode?: number
}

/** What a member asks of its group, beside what kafkajs offers. */
export interface Group {
  /** The committed offset of a partition, and the text beside it. */
  committed(topic: string, partition: number): Promise<{ place: bigint | undefined; note: string }>
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
  let find: (() => Promise<Coordinator>) | undefined
  if (symbol !== undefined && typeof create === 'function') {
    Reflect.set(kafka, symbol, (...args: unknown[]): Cluster => {
      const cluster = (create as (...args: unknown[]) => Cluster)(...args)
      const findGroupCoordinator = cluster.findGroupCoordinator.bind(cluster)
      find ??= () => findGroupCoordinator({ groupId })
      cluster.findGroupCoordinator = async (group) => {
        await beforeJoin()
        return findGroupCoordinator(group)
      }
      return cluster
    })
  }
  return {
    async committed(topic, partition) {
      const coordinator = await find?.()
      if (coordinator === undefined)
        throw new LogflumeError('KAFKA', 'this kafkajs is not the one that is known')
      const topics = [{ topic, partitions: [{ partition }] }]
      const { responses } = await coordinator.offsetFetch({ groupId, topics })
      const { offset = '-1', metadata = null } = responses[0]?.partitions[0] ?? {}
      const place = BigInt(offset)
      return { place: place < 0n ? undefined : place, note: metadata ?? '' }
    },
  }
}
