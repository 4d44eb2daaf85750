import { setTimeout as sleep } from 'node:timers/promises'
import { backoff } from '../retry.ts'
import type { MakeBrokerClient, RefusableError } from './broker-client.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { Cluster } from './cluster.ts'
import type { TopicMetadata } from './cluster.ts'
import { KafkaCode, KafkaRefusal } from './kafka-refusal.ts'
import type {
  KafkaOptions,
  KafkaPort,
  PartitionState,
  ProduceAnswer,
  ProducerIdentity,
  TopicCreation,
} from './port.ts'

const COORDINATOR_IS_COMING: readonly number[] = [
  KafkaCode.COORDINATOR_LOAD_IN_PROGRESS,
  KafkaCode.COORDINATOR_NOT_AVAILABLE,
  KafkaCode.NOT_COORDINATOR,
]

/** The leader of one partition, as long as it is believed to be that. */
interface Route {
  readonly leader: Promise<BrokerConnection>
  connection: BrokerConnection | undefined
}

/**
 * The port over connections of whichever client library. Connects when first used, and again by itself
 * after a connection was lost; repeats no request by itself, but for `initProducerId` while the coordinator
 * loads.
 */
export class ClusterPort implements KafkaPort {
  readonly #options: KafkaOptions
  readonly #cluster: Cluster
  readonly #routes = new Map<string, Route>()
  readonly #closing = new AbortController()

  constructor(options: KafkaOptions, makeClient: MakeBrokerClient) {
    this.#options = options
    this.#cluster = new Cluster(options.brokers, makeClient, options.connectionTimeout)
  }

  async partitions(topic: string): Promise<readonly PartitionState[]> {
    return this.#refusing(`partitions of ${topic}`, async (what) => {
      const until = this.#deadline()
      const { createTopic } = this.#options
      let metadata = await this.#cluster.topic(topic, until)
      if (metadata.errorCode === KafkaCode.UNKNOWN_TOPIC_OR_PARTITION && createTopic !== false) {
        await this.#createTopic(topic, createTopic, metadata, until)
        metadata = await this.#completeTopic(topic, until)
      }
      const { errorCode, partitions } = metadata
      if (errorCode !== 0) throw KafkaRefusal.answered(errorCode, what)
      return partitions.map(({ partition, leader }) => ({
        partition,
        leader: leader < 0 ? undefined : leader,
      }))
    })
  }

  async #createTopic(
    topic: string,
    wanted: TopicCreation,
    { brokers, controller }: TopicMetadata,
    until: number,
  ) {
    const broker = await this.#cluster.node(controller, until)
    const timeout = until - performance.now()
    const { partitions, config = {} } = wanted
    const replicationFactor = Math.min(wanted.replicationFactor, brokers)
    const { errorCode } = await broker.request(
      (client) => client.createTopic({ name: topic, partitions, replicationFactor, config }, timeout),
      timeout,
    )
    if (errorCode !== 0 && errorCode !== KafkaCode.TOPIC_ALREADY_EXISTS) {
      throw KafkaRefusal.answered(errorCode, `creating the topic ${topic}`)
    }
  }

  /** A new topic shows up broker by broker, and its leaders after it. */
  async #completeTopic(topic: string, until: number): Promise<TopicMetadata> {
    for (let attempt = 1; ; attempt++) {
      const metadata = await this.#cluster.topic(topic, until)
      const complete = metadata.errorCode === 0 && metadata.partitions.every(({ leader }) => leader >= 0)
      const pause = backoff(attempt, { first: 20, most: 500 })
      if (complete || performance.now() + pause >= until) return metadata
      await this.#pause(pause)
    }
  }

  async initProducerId(): Promise<ProducerIdentity> {
    return this.#refusing('a new producer id', async (what) => {
      const until = this.#deadline()
      for (let attempt = 1; ; attempt++) {
        const answer = await this.#cluster.ask(until, (broker, timeout) =>
          broker.request((client) => client.initProducerId(), timeout),
        )
        if (!('errorCode' in answer)) return answer
        const { errorCode } = answer
        const pause = backoff(attempt, { first: 50, most: 1000 })
        if (!COORDINATOR_IS_COMING.includes(errorCode) || performance.now() + pause >= until) {
          throw KafkaRefusal.answered(errorCode, what)
        }
        await this.#pause(pause)
      }
    })
  }

  async produce(topic: string, partition: number, batch: Buffer): Promise<ProduceAnswer> {
    const what = `produce to ${topic}-${partition}`
    const until = this.#deadline()
    const key = `${partition} ${topic}`
    const route = this.#route(key, topic, partition)
    try {
      // All who wait for one leader go on in the order in which they came, each writing in its own turn.
      const leader = await route.leader
      const timeout = until - performance.now()
      const { errorCode, baseOffset } = await leader.request(
        (client) => client.produce(topic, partition, batch, timeout),
        timeout,
      )
      if (errorCode === KafkaCode.DUPLICATE_SEQUENCE_NUMBER) return { baseOffset: -1n }
      if (errorCode !== 0) throw KafkaRefusal.answered(errorCode, what)
      return { baseOffset }
    } catch (error) {
      const refusal = asRefusal(error, what)
      if (refusal.retryable && this.#routes.get(key) === route) this.#routes.delete(key)
      throw refusal
    }
  }

  #route(key: string, topic: string, partition: number): Route {
    const known = this.#routes.get(key)
    if (known !== undefined && known.connection?.hasEnded !== true) return known
    const leader = this.#findLeader(topic, partition)
    const route: Route = { leader, connection: undefined }
    this.#routes.set(key, route)
    leader.then(
      (connection) => (route.connection = connection),
      () => undefined, // told to everyone who awaits it
    )
    return route
  }

  async #findLeader(topic: string, partition: number): Promise<BrokerConnection> {
    const what = `leader of ${topic}-${partition}`
    // Half of the time at most, so that the batches that wait for it have as much left for their answers.
    const until = performance.now() + this.#options.requestTimeout / 2
    const { errorCode, partitions } = await this.#cluster.topic(topic, until)
    if (errorCode !== 0) throw KafkaRefusal.answered(errorCode, what)
    const leader = partitions.find((one) => one.partition === partition)?.leader
    if (leader === undefined) throw KafkaRefusal.answered(KafkaCode.UNKNOWN_TOPIC_OR_PARTITION, what)
    if (leader < 0) throw KafkaRefusal.answered(KafkaCode.LEADER_NOT_AVAILABLE, what)
    return this.#cluster.node(leader, until)
  }

  /** By a clock that nobody sets back. */
  #deadline(): number {
    return performance.now() + this.#options.requestTimeout
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#closing.signal })
  }

  async #refusing<T>(what: string, work: (what: string) => Promise<T>): Promise<T> {
    try {
      return await work(what)
    } catch (error) {
      throw asRefusal(error, what)
    }
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  close(): Promise<void> {
    this.#closing.abort()
    this.#cluster.close()
    this.#routes.clear()
    return Promise.resolve()
  }
}

/** Whatever was thrown below. */
function asRefusal(thrown: unknown, what: string): KafkaRefusal {
  if (thrown instanceof KafkaRefusal) return thrown
  const { message, retriable } = thrown as RefusableError
  return KafkaRefusal.unanswered(`${what}: ${message}`, { cause: thrown, retryable: retriable !== false })
}
