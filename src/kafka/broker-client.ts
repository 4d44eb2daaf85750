import type { ProducerIdentity } from './port.ts'

/**
 * What a client library does for us: one connection to one broker, and four kinds of requests over it. When
 * to connect, how long to wait and when to give up is decided by `BrokerConnection`, alike for all libraries.
 * What rejects, does so with a `RefusableError` or a `KafkaRefusal`.
 */
export interface BrokerClient {
  /** Connects, asks for the broker's versions, logs in. Rejects with a reason that names the address. */
  connect(): Promise<void>
  /** Also where no login is asked for. False from `RENEW_BEFORE` the end of a session on. */
  readonly isLoggedIn: boolean
  /** Logs in once more, on the open connection (KIP-368). Nothing else is asked meanwhile. */
  logIn(): Promise<void>
  metadata(topic: string): Promise<ClusterMetadata>
  createTopic(topic: NewTopic, timeout: number): Promise<ErrorCode>
  initProducerId(): Promise<ProducerIdentity | ErrorCode>
  /**
   * Writes the request in this very turn of the event loop. Resolves with the answer; without one, once the
   * system has the bytes, where nobody is to answer (`acks: 'none'`).
   */
  produce(topic: string, partition: number, batch: Buffer, timeout: number): Promise<PartitionAnswer>
  /** Destroys the socket at once, also one that is still to come. */
  destroy(reason: Error): void
}

/** A client that is not connected yet; `lost` is to be called when its connection ends by itself. */
export type MakeBrokerClient = (address: BrokerAddress, lost: Lost) => BrokerClient

/** With what the socket says; with nothing where it was just closed. */
export type Lost = (error?: unknown) => void

/** Part of a session's life that is left when its login is renewed: time for what is under way. */
export const RENEW_BEFORE = 0.15

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

/** Kafka's; 0 when all is well. */
export interface ErrorCode {
  readonly errorCode: number
}

export interface ClusterMetadata extends ErrorCode {
  readonly nodes: readonly (BrokerAddress & { readonly id: number })[]
  readonly controller: number
  /** Of the topic that was asked about, in any order; the leader is negative where there is none. */
  readonly partitions: readonly { readonly partition: number; readonly leader: number }[]
}

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly config: Readonly<Record<string, string>>
}

export interface PartitionAnswer extends ErrorCode {
  /** -1 where it does not say. */
  readonly baseOffset: bigint
}

/** As kafkajs marks its errors. */
export interface RefusableError extends Error {
  /** False where trying again is pointless. @default true */
  readonly retriable?: boolean
}
