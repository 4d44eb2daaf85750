import { toError } from '../errors.ts'
import type { MakeBrokerClient } from './broker-client.ts'
import { BrokerConnection } from './broker-connection.ts'
import { KafkaRefusal } from './kafka-refusal.ts'

export interface TopicMetadata {
  /** 0 when all is well; of the topic, not of its partitions. */
  readonly errorCode: number
  /** In order of number; the leader is negative where there is none. */
  readonly partitions: readonly { readonly partition: number; readonly leader: number }[]
  readonly brokers: number
  readonly controller: number
}

/** The brokers: where they are, and a connection to each one that is used. */
export class Cluster {
  readonly #bootstrap: readonly string[]
  readonly #makeClient: MakeBrokerClient
  readonly #connectionTimeout: number
  /** Addresses by node id, as of the last metadata. */
  #nodes = new Map<number, string>()
  readonly #connections = new Map<string, BrokerConnection>()
  #turn = 0
  #closed = false

  constructor(bootstrap: readonly string[], makeClient: MakeBrokerClient, connectionTimeout: number) {
    this.#bootstrap = bootstrap
    this.#makeClient = makeClient
    this.#connectionTimeout = connectionTimeout
  }

  /** Fresh metadata of one topic, from whichever broker answers. `until` is a `performance.now()`, as below. */
  async topic(name: string, until: number): Promise<TopicMetadata> {
    const metadata = await this.ask(until, (broker, timeout) =>
      broker.request((client) => client.metadata(name), timeout),
    )
    const { nodes, controller, errorCode, partitions } = metadata
    this.#nodes = new Map(nodes.map(({ id, host, port }) => [id, `${host}:${port}`]))
    return {
      errorCode,
      partitions: [...partitions].sort((a, b) => a.partition - b.partition),
      brokers: nodes.length,
      controller,
    }
  }

  /** An open connection to the node of that id. */
  async node(id: number, until: number): Promise<BrokerConnection> {
    const address = this.#nodes.get(id)
    if (address === undefined) throw KafkaRefusal.unanswered(`no address is known of Kafka node ${id}`)
    return this.#open(address, until - performance.now())
  }

  /**
   * Asks one broker after the other until one answers: first those that are connected and idle, then all
   * that are known. Each gets its share of the time, so that one that hangs leaves some for the rest.
   */
  async ask<T>(
    until: number,
    question: (broker: BrokerConnection, timeout: number) => Promise<T>,
  ): Promise<T> {
    const candidates = this.#candidates()
    let failure: unknown
    for (const [index, address] of candidates.entries()) {
      const stop = performance.now() + (until - performance.now()) / (candidates.length - index)
      try {
        const broker = await this.#open(address, stop - performance.now())
        return await question(broker, stop - performance.now())
      } catch (error) {
        failure = error
      }
    }
    throw toError(failure)
  }

  #candidates(): string[] {
    const idle = [...this.#connections.values()].filter(({ isIdle }) => isIdle).map(({ address }) => address)
    const others = [...new Set([...this.#nodes.values(), ...this.#bootstrap])]
    // Begins with another one each time, or a hanging one would take the first share of every call.
    const first = this.#turn++ % others.length
    return [...new Set([...idle, ...others.slice(first), ...others.slice(0, first)])]
  }

  async #open(address: string, timeout: number): Promise<BrokerConnection> {
    if (this.#closed) throw KafkaRefusal.unanswered('the Kafka client is closed', { retryable: false })
    let connection = this.#connections.get(address)
    if (connection === undefined || connection.hasEnded) {
      connection = new BrokerConnection(address, this.#makeClient, this.#connectionTimeout)
      this.#connections.set(address, connection)
    }
    await connection.open(timeout)
    return connection
  }

  /** Ends all connections; whatever is under way rejects. */
  close(): void {
    this.#closed = true
    const reason = KafkaRefusal.unanswered('the Kafka client was closed')
    for (const connection of this.#connections.values()) connection.end(reason)
    this.#connections.clear()
  }
}
