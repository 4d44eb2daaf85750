import type { Kafka } from 'kafkajs'

/** What is used here of the Cluster inside of kafkajs. */
interface Cluster {
  connect(): Promise<void>
  refreshMetadata(): Promise<void>
  findGroupCoordinator(group: { groupId: string }): Promise<Coordinator>
  disconnect(): Promise<void>
}

type CreateCluster = (options: { allowAutoTopicCreation: boolean }) => Cluster

interface Coordinator {
  leaveGroup(member: { groupId: string; memberId: string }): Promise<unknown>
}

/**
 * Says good-bye for a member of this process that lost its connection and could not do so itself. Without
 * it the group waits for the dead member's session to time out before anybody gets its partitions.
 *
 * kafkajs keeps the request to itself; it is reached through the symbol under which a client makes its
 * connections. Where that is gone one day, the group waits, and that is all.
 */
export async function leaveGroup(kafka: Kafka, groupId: string, memberId: string): Promise<void> {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  )
  const createCluster: unknown = symbol && Reflect.get(kafka, symbol)
  if (typeof createCluster !== 'function') return
  const cluster = (createCluster as CreateCluster)({ allowAutoTopicCreation: false })
  try {
    await cluster.connect()
    await cluster.refreshMetadata()
    const coordinator = await cluster.findGroupCoordinator({ groupId })
    await coordinator.leaveGroup({ groupId, memberId })
  } catch (thrown) {
    const known = !(thrown instanceof Error && 'type' in thrown && thrown.type === 'UNKNOWN_MEMBER_ID')
    if (known) throw thrown
  } finally {
    await cluster.disconnect()
  }
}
