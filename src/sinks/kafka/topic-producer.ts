import {
  CompressionTypes,
  Kafka,
  logLevel,
  Partitioners,
  type ICustomPartitioner,
  type Message,
  type Producer,
} from 'kafkajs'
import { LogflumeError, toError } from '../../errors.ts'
import type { SecuritySettings } from '../../kafka-security.ts'
import { kafkajsSecurity } from '../../kafkajs-security.ts'

export interface ProducerSettings {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly security: SecuritySettings
  readonly compression: 'none' | 'gzip'
  readonly idempotent: boolean
  /** Milliseconds that a send may take. */
  readonly timeout: number
}

/** What Kafka says of records that it will never take. */
const FINAL = [
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'POLICY_VIOLATION',
]
/** Milliseconds that a producer gets to say goodbye. */
const GOODBYE = 5000

/** One producer of kafkajs after the other: one that failed is not used again. */
export class TopicProducer {
  readonly #settings: ProducerSettings
  readonly #kafka: Kafka
  #producer: Promise<Producer> | undefined

  constructor(settings: ProducerSettings) {
    this.#settings = settings
    this.#kafka = new Kafka({
      brokers: [...settings.brokers],
      clientId: settings.clientId,
      ...kafkajsSecurity(settings.security),
      connectionTimeout: 5000,
      requestTimeout: settings.timeout,
      retry: { initialRetryTime: 100, retries: 3 },
      logLevel: logLevel.NOTHING, // what matters is in the error
    })
  }

  /** Resolves when all replicas that are in sync have the messages. */
  async send(topic: string, messages: Message[], signal: AbortSignal): Promise<void> {
    const { compression, timeout } = this.#settings
    const late = AbortSignal.timeout(timeout)
    try {
      const producer = await within(this.#connected(), signal, late)
      const codec = compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None
      await within(producer.send({ topic, messages, acks: -1, compression: codec }), signal, late)
    } catch (thrown) {
      // Nobody knows whether the brokers have them. The numbers of an idempotent producer would be used
      // again for others, and these be taken for a repetition.
      this.#drop()
      throw explain(
        topic,
        late.aborted && !signal.aborted ? new Error(`no answer within ${timeout} ms`) : thrown,
      )
    }
  }

  #connected(): Promise<Producer> {
    this.#producer ??= this.#connect()
    return this.#producer
  }

  async #connect(): Promise<Producer> {
    const { idempotent } = this.#settings
    const producer = this.#kafka.producer({
      idempotent,
      ...(idempotent && { maxInFlightRequests: 1 }),
      createPartitioner: partitionLikeTheSource,
    })
    await producer.connect()
    return producer
  }

  #drop(): void {
    void this.close()
  }

  async close(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    const goodbye = producer?.then((one) => one.disconnect())
    await Promise.race([goodbye, new Promise((resolve) => setTimeout(resolve, GOODBYE).unref())]).catch(
      () => undefined,
    )
  }
}

/**
 * Those with a key where Java's client puts them; the others, which come with the partition that they were
 * in, stay together: one partition's records keep their order. kafkajs asks again when it repeats a send.
 */
const partitionLikeTheSource: ICustomPartitioner = () => {
  const byKey = Partitioners.DefaultPartitioner()
  return (args) => {
    const { partition: source = 0, ...message } = args.message
    return message.key == null ? source % args.partitionMetadata.length : byKey({ ...args, message })
  }
}

async function within<T>(work: Promise<T>, ...signals: AbortSignal[]): Promise<T> {
  const either = AbortSignal.any(signals)
  either.throwIfAborted()
  let abort = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(toError(either.reason))
    either.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    either.removeEventListener('abort', abort)
  }
}

function explain(topic: string, thrown: unknown): LogflumeError {
  const error = toError(thrown)
  const type = typeOf(error) ?? typeOf(error.cause)
  const message = `topic ${topic}: ${type === undefined ? '' : `${type}: `}${error.message}`
  const retryable = type === undefined || !FINAL.includes(type)
  return new LogflumeError('KAFKA', message, { retryable, cause: error })
}

/** Kafka's name of what a broker answered, where one did. */
function typeOf(error: unknown): string | undefined {
  const { type } = (error ?? {}) as { type?: unknown }
  return typeof type === 'string' ? type : undefined
}
