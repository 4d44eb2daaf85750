import type { Socket } from 'node:net'
import { toError } from '../errors.ts'
import type { SecuritySettings } from '../kafka-security.ts'
import { kafkajsSecurity } from '../kafkajs-security.ts'
import { explainLoss } from './explain-loss.ts'
import { KafkaRefusal } from './kafka-refusal.ts'
import { kafkajsInternals } from './kafkajs-internals.ts'
import type {
  KafkajsBroker,
  KafkajsConnection,
  KafkajsDefinition,
  KafkajsLogger,
} from './kafkajs-internals.ts'
import type { Acks } from './port.ts'
import { PRODUCE, PRODUCE_VERSION, produceHead } from './produce-request.ts'

/** Part of a session's life that is left when its login is renewed: time for what is under way. */
const RENEW_BEFORE = 0.15

export interface ConnectionSettings {
  readonly clientId: string
  readonly acks: Acks
  readonly security: SecuritySettings
  readonly connectionTimeout: number
  readonly logger: KafkajsLogger
}

/** What kafkajs decodes of a Produce answer; one topic and one partition, as in the request. */
interface ProduceResponse {
  readonly topics: readonly {
    readonly partitions: readonly { readonly errorCode: number; readonly baseOffset: string }[]
  }[]
}

export interface PartitionAnswer {
  readonly errorCode: number
  readonly baseOffset: string
}

interface UnderWay {
  readonly fail: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/**
 * One connection to one broker, from connecting to its end. A lost one is replaced by another, never
 * revived. A request that is not answered in time ends it, and with it all requests that are under way:
 * a broker answers in order, so that behind a missing answer there are no others.
 */
export class BrokerConnection {
  /** 'host:port' */
  readonly address: string
  #state: 'new' | 'open' | 'ended' = 'new'
  #reason: Error | undefined
  readonly #settings: ConnectionSettings
  readonly #broker: KafkajsBroker
  readonly #connection: KafkajsConnection
  readonly #decodeProduce: (payload: Buffer) => Promise<unknown>
  #socket: Socket | undefined
  #opening: Promise<void> | undefined
  /** A login of an open connection that is being renewed: everything else waits for it, in order. */
  #renewing: Promise<void> | undefined
  /** It has answered something that it answers only after a login, where it wants one. */
  #welcomed = false
  readonly #underWay = new Set<UnderWay>()

  constructor(address: string, settings: ConnectionSettings) {
    this.address = address
    this.#settings = settings
    const { Broker, ConnectionPool, createSocketFactory, requests } = kafkajsInternals()
    const { clientId, connectionTimeout, logger, security } = settings
    const createSocket = createSocketFactory()
    const connectionPool = new ConnectionPool({
      ...hostAndPort(address),
      ...kafkajsSecurity(security),
      clientId,
      logger,
      connectionTimeout,
      requestTimeout: connectionTimeout,
      enforceRequestTimeout: false, // by us, see #answered: for kafkajs the connection would go on
      socketFactory: (socket) => this.#own(createSocket(socket)),
    })
    this.#broker = new Broker({ connectionPool, logger, allowAutoTopicCreation: false })
    const [connection] = connectionPool.pool
    if (connection === undefined) throw new Error('kafkajs made a pool without connections')
    this.#connection = connection
    this.#decodeProduce = requests.Produce.protocol({ version: PRODUCE_VERSION })({}).response.decode
    neverWait(connection)
  }

  /** Connected, with nothing ahead of a question: a broker answers one request after the other. */
  get isIdle(): boolean {
    return this.#state === 'open' && this.#underWay.size === 0
  }

  get hasEnded(): boolean {
    return this.#state === 'ended'
  }

  /** Connects, once for all who ask. */
  open(timeout: number): Promise<void> {
    return (this.#opening ??= this.#open(Math.min(timeout, this.#settings.connectionTimeout)))
  }

  async #open(timeout: number): Promise<void> {
    try {
      await this.#answered(this.#broker.connect(), timeout)
    } catch (error) {
      this.end(toError(error))
      throw error
    }
    const newest = this.#broker.versions[PRODUCE]?.maxVersion ?? 0
    if (newest < PRODUCE_VERSION) {
      const old = KafkaRefusal.unanswered(`${this.address} is older than Kafka 2.1`, { retryable: false })
      this.end(old)
      throw old
    }
    if (this.#state !== 'new') return
    this.#state = 'open'
    this.#readSession()
  }

  #own(socket: Socket): Socket {
    this.#socket = socket
    socket.setNoDelay(true)
    const lost = (error?: unknown): void =>
      this.end(explainLoss(error, { address: this.address, welcomed: this.#welcomed }))
    socket.once('end', lost).once('error', lost).once('close', lost)
    if (this.#state === 'ended') socket.destroy(this.#reason)
    return socket
  }

  /** kafkajs' own threshold is 10 s, whatever the life of a session: of a short one it would be all. */
  #readSession(): void {
    const lifetime = Number(this.#connection.sessionLifetime)
    this.#connection.reauthenticationThreshold = Math.round(RENEW_BEFORE * lifetime)
  }

  /**
   * Undefined where the login holds. A broker cuts off who goes on after the end of a session, and refuses
   * everything else between the steps of a login; so the way is cleared before a request leaves. It is
   * renewed on the same connection, since on another one batches would overtake those under way on this one.
   */
  #renewed(timeout: number): Promise<void> | undefined {
    if (this.#renewing === undefined && this.#state === 'open' && !this.#isLoggedIn()) {
      this.#renewing = this.#renew(timeout)
    }
    return this.#renewing
  }

  #isLoggedIn(): boolean {
    return Number(this.#connection.sessionLifetime) === 0 || this.#connection.isAuthenticated()
  }

  async #renew(timeout: number): Promise<void> {
    try {
      await this.#answered(this.#connection.authenticate(), timeout)
      this.#readSession()
    } catch (thrown) {
      this.end(toError(thrown))
      throw thrown
    } finally {
      // Only after those who waited have gone on, in this turn: a newcomer queues up behind them until then.
      setImmediate(() => (this.#renewing = undefined))
    }
  }

  /** Resolves with the answer as kafkajs decodes it, error codes and all. */
  async request(
    apiKey: number,
    definition: KafkajsDefinition,
    fields: object,
    timeout: number,
  ): Promise<unknown> {
    await this.#renewed(timeout)
    const { request, response } = this.#broker.lookupRequest(apiKey, definition)(fields)
    const sent = this.#connection.send({
      request,
      response: { decode: response.decode, parse: (data) => Promise.resolve(data) },
      logResponseError: false,
    })
    const answer = await this.#answered(sent, timeout)
    this.#welcomed = true
    return answer
  }

  /**
   * Sends one batch, in this very turn of the event loop unless the login has to be renewed: calls leave in
   * the order in which they are made.
   */
  async produce(topic: string, partition: number, batch: Buffer, timeout: number): Promise<PartitionAnswer> {
    const renewed = this.#renewed(timeout)
    if (renewed !== undefined) await renewed
    const payload = await this.#answered(this.#write(topic, partition, batch, timeout), timeout)
    if (payload === undefined) return { errorCode: 0, baseOffset: '-1' }
    const answer = (await this.#decodeProduce(payload)) as ProduceResponse
    const [answered] = answer.topics.flatMap(({ partitions }) => partitions)
    if (answered === undefined) throw KafkaRefusal.unanswered(`${this.address} answered about no partition`)
    return answered
  }

  /** Resolves with the answer; without one, once the system has the bytes, where nobody is to answer. */
  #write(topic: string, partition: number, batch: Buffer, timeout: number): Promise<Buffer | undefined> {
    const socket = this.#socket
    const correlationId = this.#connection.nextCorrelationId()
    const { clientId, acks } = this.#settings
    const batchBytes = batch.length
    const head = produceHead({ correlationId, clientId, topic, partition, acks, timeout, batchBytes })
    return new Promise((resolve, reject) => {
      if (socket === undefined || this.#state !== 'open') throw new Error(`${this.address} is not connected`)
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

  /** Waits for `work`, and no longer than the connection lives; ends the connection when it takes too long. */
  #answered<T>(work: Promise<T>, timeout: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = (): void =>
        this.end(new Error(`${this.address} gave no answer within ${Math.round(timeout)} ms`))
      const underWay: UnderWay = { fail: reject, timer: setTimeout(late, Math.max(0, timeout)) }
      this.#underWay.add(underWay)
      const settled = (): void => {
        clearTimeout(underWay.timer)
        this.#underWay.delete(underWay)
      }
      work.finally(settled).then(resolve, reject)
      if (this.#state === 'ended') this.#fail()
    })
  }

  /** Closes the socket at once; requests under way reject with `reason`. */
  end(reason: Error): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#reason = reason
    this.#fail()
    // With an error, since kafkajs takes no notice of a socket that just closes.
    this.#socket?.destroy(reason)
  }

  #fail(): void {
    for (const { fail, timer } of this.#underWay) {
      clearTimeout(timer)
      fail(this.#reason ?? new Error(`${this.address} is not connected`))
    }
    this.#underWay.clear()
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

function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1') // [::1] is the address ::1
  return { host, port: Number(address.slice(colon + 1)) }
}
