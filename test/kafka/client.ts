import { Kafka, logLevel } from 'kafkajs'
import type { KafkaConfig } from 'kafkajs'

/** A quiet kafkajs client, more patient than a new election takes, for looking at brokers from outside. */
export function kafkaClient(brokers: readonly string[], config: Partial<KafkaConfig> = {}): Kafka {
  const retry = { retries: 30, maxRetryTime: 1000 }
  return new Kafka({ clientId: 'test', brokers: [...brokers], logLevel: logLevel.NOTHING, retry, ...config })
}

/** The ids of the brokers that take part in the cluster as one of them sees it; none where it does not answer. */
export async function registeredBrokers(broker: string): Promise<readonly number[]> {
  const admin = kafkaClient([broker], {
    connectionTimeout: 1000,
    requestTimeout: 2000,
    retry: { retries: 0 },
  }).admin()
  try {
    await admin.connect()
    const { brokers, controller } = await admin.describeCluster()
    return controller === null || controller < 0 ? [] : brokers.map(({ nodeId }) => nodeId)
  } catch {
    return []
  } finally {
    await admin.disconnect()
  }
}

/** Creates the topic in which Kafka keeps group offsets, as long as all nodes for its copies are there. */
export async function prepareGroups(brokers: readonly string[]): Promise<void> {
  const admin = kafkaClient(brokers).admin()
  try {
    await admin.connect()
    await admin.describeGroups(['prepare'])
  } finally {
    await admin.disconnect()
  }
}
