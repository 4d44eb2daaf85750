import type { Socket } from 'node:net'
import { kafkajsSecurity } from '../kafkajs-security.ts'
import { RENEW_BEFORE } from './broker-client.ts'
import type {
  BrokerAddress,
  BrokerClient,
  ClusterMetadata,
  ErrorCode,
  Lost,
  NewTopic,
  PartitionAnswer,
} from './broker-client.ts'
import { KafkaRefusal } from './kafka-refusal.ts'
import { kafkajsInternals } from './kafkajs-internals.ts'
import type {
  KafkajsBroker,
  KafkajsConnection,
  KafkajsDefinition,
  KafkajsLogger,
} from './kafkajs-internals.ts'
import type { Acks, KafkaOptions, ProducerIdentity } from './port.ts'
import { PRODUCE, PRODUCE_VERSION, produceHead } from './produce-request.ts'

const METADATA = 3
const CREATE_TOPICS = 19
const INIT_PRODUCER_ID = 22

// What kafkajs decodes.

interface MetadataResponse {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  readonly controllerId: number
  readonly topicMetadata: readonly {
    readonly topicErrorCode: number
    readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[]
  }[]
}

interface CreateTopicsResponse {
  readonly topicErrors: readonly ErrorCode[]
}

interface InitProducerIdResponse extends ErrorCode {
  readonly producerId: string
  readonly producerEpoch: number
}

/** One topic and one partition, as in the request. */
interface ProduceResponse {
  readonly topics: readonly {
    readonly partitions: readonly { readonly errorCode: number; readonly baseOffset: string }[]
  }[]
}

/** One connection of kafkajs, from the inside; see `kafkajs-internals.ts`. */
export class KafkajsClient implements BrokerClient {
  readonly #address: string
  readonly #clientId: string
  readonly #acks: Acks
  readonly #lost: Lost
  readonly #broker: KafkajsBroker
  readonly #connection: KafkajsConnection
  readonly #decodeProduce: (payload: Buffer) => Promise<unknown>
  #socket: Socket | undefined
  #destroyed: Error | undefined

  constructor({ host, port }: BrokerAddress, lost: Lost, options: KafkaOptions, logger: KafkajsLogger) {
    this.#address = `${host}:${port}`
    this.#lost = lost
    const { Broker, ConnectionPool, createSocketFactory, requests } = kafkajsInternals()
    const { clientId, connectionTimeout, acks = 'all' } = options
    this.#clientId = clientId
    this.#acks = acks
    const createSocket = createSocketFactory()
    const connectionPool = new ConnectionPool({
      host,
      port,
      ...kafkajsSecurity(options),
      clientId,
      logger,
      connectionTimeout,
      requestTimeout: connectionTimeout,
      enforceRequestTimeout: false, // by `BrokerConnection`: for kafkajs the connection would go on
      socketFactory: (socket) => this.#own(createSocket(socket)),
    })
    this.#broker = new Broker({ connectionPool, logger, allowAutoTopicCreation: false })
    const [connection] = connectionPool.pool
    if (connection === undefined) throw new Error('kafkajs made a pool without connections')
    this.#connection = connection
    this.#decodeProduce = requests.Produce.protocol({ version: PRODUCE_VERSION })({}).response.decode
    neverWait(connection)
  }

  async connect(): Promise<void> {
    await this.#broker.connect()
    const newest = this.#broker.versions[PRODUCE]?.maxVersion ?? 0
    if (newest < PRODUCE_VERSION) {
      throw KafkaRefusal.unanswered(`${this.#address} is older than Kafka 2.1`, { retryable: false })
    }
    this.#readSession()
  }

  get isLoggedIn(): boolean {
    return Number(this.#connection.sessionLifetime) === 0 || this.#connection.isAuthenticated()
  }

  async logIn(): Promise<void> {
    await this.#connection.authenticate()
    this.#readSession()
  }

  /** kafkajs' own threshold is 10 s, whatever the life of a session: of a short one it would be all. */
  #readSession(): void {
    const lifetime = Number(this.#connection.sessionLifetime)
    this.#connection.reauthenticationThreshold = Math.round(RENEW_BEFORE * lifetime)
  }

  #own(socket: Socket): Socket {
    this.#socket = socket
    socket.setNoDelay(true)
    // Not the event's own argument: 'close' comes with whether there was an error.
    const closed = (): void => this.#lost()
    socket.once('end', closed).once('error', this.#lost).once('close', closed)
    if (this.#destroyed !== undefined) socket.destroy(this.#destroyed)
    return socket
  }

  async metadata(topic: string): Promise<ClusterMetadata> {
    const { Metadata } = kafkajsInternals().requests
    const fields = { topics: [topic], allowAutoTopicCreation: false }
    const answer = (await this.#request(METADATA, Metadata, fields)) as MetadataResponse
    const [about] = answer.topicMetadata
    if (about === undefined) throw KafkaRefusal.unanswered(`metadata without the topic ${topic}`)
    return {
      nodes: answer.brokers.map(({ nodeId, host, port }) => ({ id: nodeId, host, port })),
      controller: answer.controllerId,
      errorCode: about.topicErrorCode,
      partitions: about.partitionMetadata.map(({ partitionId, leader }) => ({
        partition: partitionId,
        leader,
      })),
    }
  }

  async createTopic(
    { name, partitions, replicationFactor, config }: NewTopic,
    timeout: number,
  ): Promise<ErrorCode> {
    const { CreateTopics } = kafkajsInternals().requests
    const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }))
    const topics = [{ topic: name, numPartitions: partitions, replicationFactor, configEntries }]
    const answer = await this.#request(CREATE_TOPICS, CreateTopics, { topics, timeout: Math.round(timeout) })
    return { errorCode: (answer as CreateTopicsResponse).topicErrors[0]?.errorCode ?? 0 }
  }

  async initProducerId(): Promise<ProducerIdentity | ErrorCode> {
    const { InitProducerId } = kafkajsInternals().requests
    const fields = { transactionalId: null, transactionTimeout: 0 }
    const answer = await this.#request(INIT_PRODUCER_ID, InitProducerId, fields)
    const { errorCode, producerId, producerEpoch } = answer as InitProducerIdResponse
    return errorCode === 0 ? { id: BigInt(producerId), epoch: producerEpoch } : { errorCode }
  }

  /** Resolves with the answer as kafkajs decodes it, error codes and all. */
  #request(apiKey: number, definition: KafkajsDefinition, fields: object): Promise<unknown> {
    const { request, response } = this.#broker.lookupRequest(apiKey, definition)(fields)
    return this.#connection.send({
      request,
      response: { decode: response.decode, parse: (data) => Promise.resolve(data) },
      logResponseError: false,
    })
  }

  async produce(topic: string, partition: number, batch: Buffer, timeout: number): Promise<PartitionAnswer> {
    const payload = await this.#write(topic, partition, batch, timeout)
    if (payload === undefined) return { errorCode: 0, baseOffset: -1n }
    const answer = (await this.#decodeProduce(payload)) as ProduceResponse
    const [answered] = answer.topics.flatMap(({ partitions }) => partitions)
    if (answered === undefined) throw KafkaRefusal.unanswered(`${this.#address} answered about no partition`)
    return { errorCode: answered.errorCode, baseOffset: BigInt(answered.baseOffset) }
  }

  #write(topic: string, partition: number, batch: Buffer, timeout: number): Promise<Buffer | undefined> {
    const socket = this.#socket
    const correlationId = this.#connection.nextCorrelationId()
    const [clientId, acks, batchBytes] = [this.#clientId, this.#acks, batch.length]
    const head = produceHead({ correlationId, clientId, topic, partition, acks, timeout, batchBytes })
    return new Promise((resolve, reject) => {
      if (socket === undefined) throw new Error(`${this.#address} is not connected`)
      const write = (written?: (error?: Error | null) => void): void => {
        socket.cork()
        socket.write(head)
        socket.write(batch, written)
        socket.uncork()
      }
      if (acks === 'none') {
        write((error) => (error ? reject(error) : resolve(undefined)))
        return
      }
      this.#connection.requestQueue.push({
        entry: {
          apiKey: PRODUCE,
          apiName: 'Produce',
          apiVersion: PRODUCE_VERSION,
          correlationId,
          resolve: ({ payload }) => resolve(payload),
          reject,
        },
        expectResponse: true,
        requestTimeout: null,
        sendRequest: () => write(),
      })
    })
  }

  destroy(reason: Error): void {
    this.#destroyed = reason
    // With an error, since kafkajs takes no notice of a socket that just closes.
    this.#socket?.destroy(reason)
  }
}

/**
 * Nothing of ours ever waits in kafkajs' queue. Looking into it every millisecond for ever costs 3 % of a
 * core; and after throttling, later requests overtake those that waited there. A client over its quota is
 * slowed down by the broker anyway, which stops reading from it (KIP-219).
 */
function neverWait({ requestQueue }: KafkajsConnection): void {
  requestQueue.maybeThrottle = () => undefined
  requestQueue.scheduleCheckPendingRequests = () => undefined
}
