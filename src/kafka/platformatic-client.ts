import { isIP } from 'node:net'
import type { Socket } from 'node:net'
import type * as platformatic from '@platformatic/kafka'
import type {
  BrokerAddress,
  BrokerClient,
  ClusterMetadata,
  ErrorCode,
  Lost,
  NewTopic,
  PartitionAnswer,
  RefusableError,
} from './broker-client.ts'
import { RENEW_BEFORE } from './broker-client.ts'
import { KafkaRefusal } from './kafka-refusal.ts'
import { platformaticLogin } from './platformatic-login.ts'
import type { Platformatic } from './platformatic-login.ts'
import type { Acks, KafkaOptions, ProducerIdentity } from './port.ts'
import { PRODUCE, PRODUCE_VERSION, produceFields } from './produce-request.ts'

/**
 * The longest that a timer runs. How long to wait for an answer is for `BrokerConnection` to say, which ends
 * the connection then; version 1 would go on with it and take the late answer for another one's.
 */
const NEVER = 2 ** 31 - 1
/** Nothing of ours is to wait in the library's queue; how much is under way is the forwarder's to bound. */
const UNBOUNDED = 2 ** 31 - 1

/** One connection of @platformatic/kafka, by what that package exports: `Connection` and its requests. */
export class PlatformaticClient implements BrokerClient {
  readonly #library: Platformatic
  readonly #address: BrokerAddress
  readonly #acks: Acks
  readonly #lost: Lost
  readonly #connection: platformatic.Connection
  /** By `performance.now()`. */
  #sessionEnds = Infinity

  constructor(
    library: Platformatic,
    address: BrokerAddress,
    lost: Lost,
    { clientId, connectionTimeout, acks = 'all', tls, sasl }: KafkaOptions,
  ) {
    this.#library = library
    this.#address = address
    this.#acks = acks
    this.#lost = lost
    this.#connection = new library.Connection(clientId, {
      connectTimeout: connectionTimeout,
      requestTimeout: NEVER,
      maxInflights: UNBOUNDED,
      ...(tls && { tls: { ...(isIP(address.host) === 0 && { servername: address.host }), ...tls } }),
      ...(sasl && { sasl: platformaticLogin(library, sasl, (lifetime) => this.#beginSession(lifetime)) }),
    })
  }

  async connect(): Promise<void> {
    const { host, port } = this.#address
    await explained(
      new Promise<void>((resolve, reject) => {
        void this.#connection.connect(host, port, (error) => (error === null ? resolve() : reject(error)))
        this.#watch()
      }),
    )
    await this.#checkVersions()
  }

  #watch(): void {
    const failed = (error: unknown): void => this.#lost(explain(error))
    const closed = (): void => this.#lost()
    this.#connection.on('error', failed).on('close', closed)
    // 'end' as well: what the other side has closed, the library closes when it has written out everything.
    this.#connection.socket.on('error', failed).once('end', closed)
  }

  #beginSession(lifetime: number): void {
    const usable = lifetime === 0 ? Infinity : lifetime * (1 - RENEW_BEFORE)
    this.#sessionEnds = performance.now() + usable
  }

  get isLoggedIn(): boolean {
    return performance.now() < this.#sessionEnds
  }

  /** A login that fails is told as the loss of the connection. */
  logIn(): Promise<void> {
    return new Promise((resolve) => {
      this.#connection.once('sasl:authentication:extended', () => resolve())
      this.#connection.reauthenticate()
    })
  }

  async #checkVersions(): Promise<void> {
    const { api } = this.#library.apiVersionsV3
    const clientSoftwareVersion = String(this.#library.clientSoftwareVersion)
    const { apiKeys } = await explained(
      api.async(this.#connection, this.#library.clientSoftwareName, clientSoftwareVersion),
    )
    const { metadataV9, createTopicsV7, initProducerIdV4 } = this.#library
    const used = [metadataV9.api, createTopicsV7.api, initProducerIdV4.api]
    for (const { key, version } of [...used, { key: PRODUCE, version: PRODUCE_VERSION }]) {
      const { minVersion = 0, maxVersion = -1 } = apiKeys.find(({ apiKey }) => apiKey === key) ?? {}
      if (version >= minVersion && version <= maxVersion) continue
      const { host, port } = this.#address
      const age = version > maxVersion ? 'older than Kafka 2.8' : 'newer than this client knows'
      throw KafkaRefusal.unanswered(`${host}:${port} is ${age}`, { retryable: false })
    }
  }

  async metadata(topic: string): Promise<ClusterMetadata> {
    const answer = await this.#withCodes(this.#library.metadataV9.api.async(this.#connection, [topic], false))
    const [about] = answer.topics
    if (about === undefined) throw KafkaRefusal.unanswered(`metadata without the topic ${topic}`)
    return {
      nodes: answer.brokers.map(({ nodeId, host, port }) => ({ id: nodeId, host, port })),
      controller: answer.controllerId,
      errorCode: about.errorCode,
      partitions: about.partitions.map(({ partitionIndex, leaderId }) => ({
        partition: partitionIndex,
        leader: leaderId,
      })),
    }
  }

  async createTopic(
    { name, partitions, replicationFactor, config }: NewTopic,
    timeout: number,
  ): Promise<ErrorCode> {
    const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }))
    const topic = { name, numPartitions: partitions, replicationFactor, assignments: [], configs }
    const { api } = this.#library.createTopicsV7
    const answer = await this.#withCodes(api.async(this.#connection, [topic], Math.round(timeout), false))
    return { errorCode: answer.topics[0]?.errorCode ?? 0 }
  }

  async initProducerId(): Promise<ProducerIdentity | ErrorCode> {
    const asked = this.#library.initProducerIdV4.api.async(this.#connection, null, 0, -1n, -1)
    const { errorCode, producerId, producerEpoch } = await this.#withCodes(asked)
    return errorCode === 0 ? { id: producerId, epoch: producerEpoch } : { errorCode }
  }

  /** The library's own `send` makes an object of each record; `Connection` takes any request. */
  async produce(topic: string, partition: number, batch: Buffer, timeout: number): Promise<PartitionAnswer> {
    const acks = this.#acks
    const fields = produceFields({ topic, partition, acks, timeout, batchBytes: batch.length })
    const payload = this.#library.Writer.create().append(fields).append(batch)
    payload.context.noResponse = acks === 'none'
    const answer = await explained(
      new Promise<PartitionAnswer | undefined>((resolve, reject) =>
        this.#connection.send<PartitionAnswer>(
          PRODUCE,
          PRODUCE_VERSION,
          () => payload,
          (_correlationId, _apiKey, _apiVersion, reader) => readProduceAnswer(reader),
          false,
          false,
          (error, read) => (error === null ? resolve(read) : reject(error)),
        ),
      ),
    )
    if (acks === 'none') {
      await this.#written()
      return { errorCode: 0, baseOffset: -1n }
    }
    if (answer === undefined) throw new Error('no answer')
    return answer
  }

  /** The system has all that was written so far. */
  #written(): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#connection.socket.write(Buffer.alloc(0), (error) => (error ? reject(error) : resolve())),
    )
  }

  /** The library throws an answer that has an error code in it; what that means is for us to say. */
  async #withCodes<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (thrown) {
      if (thrown instanceof this.#library.ResponseError)
        return (thrown as { response?: unknown }).response as T
      throw explain(thrown)
    }
  }

  destroy(reason: Error): void {
    // None where connecting threw. With an error, since who waits is not told of a socket that just closes.
    const socket = this.#connection.socket as Socket | undefined
    socket?.destroy(reason)
  }
}

/** Of the one partition that was asked about; of no other is there anything in the answer. */
function readProduceAnswer(reader: platformatic.Reader): PartitionAnswer {
  const answers = reader.readArray(
    (topic) => {
      topic.readString(false)
      return topic.readArray(
        (partition) => {
          partition.readInt32() // its number
          const errorCode = partition.readInt16()
          const baseOffset = partition.readInt64()
          partition.readInt64() // time of appending
          partition.readInt64() // first offset of the log
          return { errorCode, baseOffset }
        },
        false,
        false,
      )
    },
    false,
    false,
  )
  const [answer] = answers.flat()
  if (answer === undefined) throw new Error('an answer about no partition')
  return answer
}

async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    throw explain(thrown)
  }
}

/**
 * The library's messages keep to themselves what they are caused by, which is what one wants to know; that a
 * connection failed is known.
 */
function explain(thrown: unknown): RefusableError {
  const reasons: string[] = []
  let retriable = true
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { message, code, cause, errors = [], retryable } = error as LibraryError
    if (code === 'PLT_KFK_AUTHENTICATION' || retryable === false) retriable = false
    if (code === 'PLT_KFK_NETWORK' && cause !== undefined) continue
    reasons.push(errors.length === 0 ? message : errors.map((one) => one.message).join(', '))
  }
  const message = reasons.map((reason) => reason.replace(/\.$/, '')).join(': ')
  return Object.assign(new Error(message, { cause: thrown }), { retriable })
}

interface LibraryError extends Error {
  readonly code?: string
  /** Of ours, where the library calls us. */
  readonly retryable?: boolean
  /** The codes in an answer; or, of Node, what each address of a host met with. */
  readonly errors?: readonly Error[]
}
