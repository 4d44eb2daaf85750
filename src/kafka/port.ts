import type { SecuritySettings } from '../kafka-security.ts'

/**
 * What the forwarder needs of a Kafka client, and nothing more: whole record batches, made by us, for one
 * topic and partition. A client behind this port keeps sockets, TLS, SASL and metadata.
 */
export interface KafkaPort {
  /**
   * The partitions of a topic, in order of number. Creates the topic where it is missing and the options
   * say so. Always asks the cluster afresh.
   */
  partitions(topic: string): Promise<readonly PartitionState[]>
  /** A new producer id for idempotent batches. Asks again by itself while the coordinator loads. */
  initProducerId(): Promise<ProducerIdentity>
  /**
   * Sends one record batch (format v2) and resolves when those have it that `acks` names, also when they had it
   * before. Calls made one after the other for one partition, without awaiting, leave in that order on one
   * connection. Rejects with a `KafkaRefusal`, also when no answer came.
   *
   * A lost connection, and a request without an answer in time, reject everything in flight on it, in order.
   * Let all of it settle before sending again: what is sent meanwhile goes over a new connection, ahead of
   * what was refused. Let the first batch of a producer id in a partition be acknowledged before the next
   * one leaves: a broker that does not know the id takes any sequence for its first.
   */
  produce(topic: string, partition: number, batch: Buffer): Promise<ProduceAnswer>
  /** Closes all connections; requests under way reject. Never rejects. */
  close(): Promise<void>
}

export interface PartitionState {
  readonly partition: number
  /** Undefined while the partition has no leader. */
  readonly leader: number | undefined
}

export interface ProducerIdentity {
  readonly id: bigint
  readonly epoch: number
}

export interface ProduceAnswer {
  /** Offset of the batch's first record; -1 where the broker does not say: it knew it for a repeat, or was not asked (`acks: 'none'`). */
  readonly baseOffset: bigint
}

/** The client libraries that there is a port over. */
export type KafkaClient = 'kafkajs' | '@platformatic/kafka'

export interface KafkaOptions extends SecuritySettings {
  /** 'host:port' of some brokers; the others are found through them. */
  readonly brokers: readonly string[]
  readonly clientId: string
  /** How a missing topic is created; false leaves creating to others. */
  readonly createTopic: TopicCreation | false
  /**
   * Whose having a batch is waited for: all in-sync replicas, the leader, or nobody (then no refusal is heard
   * of either). Numbers against repeats need 'all'. @default 'all'
   */
  readonly acks?: Acks
  /** Milliseconds until a request without an answer counts as failed. */
  readonly requestTimeout: number
  /** Milliseconds until a connection attempt counts as failed. */
  readonly connectionTimeout: number
}

export type CompressionName = 'none' | 'gzip' | 'zstd' | 'lz4' | 'snappy'

export type Acks = 'all' | 'leader' | 'none'

export interface TopicCreation {
  readonly partitions: number
  /** At most the number of brokers there are. */
  readonly replicationFactor: number
  /** As in { 'retention.ms': '86400000' }. @default the brokers' own */
  readonly config?: Readonly<Record<string, string>>
}
