import { Kafka, logLevel, type Consumer, type EachBatchPayload } from 'kafkajs'
import { toError } from '../errors.ts'
import { kafkajsSecurity } from '../kafkajs-security.ts'
import { leaveGroup } from './leave-group.ts'
import { Lease } from './lease.ts'
import type { KafkaSettings } from './options.ts'
import { ConsumedRecord } from './record.ts'
import type { Repeats } from './repeats.ts'
import type { SourceContext } from './source.ts'

/** The group went on without this member: its partitions may already be somebody else's. */
const EXPELLED = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']
const REBALANCING = 'REBALANCE_IN_PROGRESS'
/** Milliseconds that Kafka holds back the answer when there is nothing; so long a stop may have to wait. */
const MAX_WAIT = 500

export interface KafkaMemberParts {
  readonly settings: KafkaSettings
  readonly context: SourceContext
  readonly repeats: Repeats
  /** Records behind the last one read, by 'topic/partition'. */
  readonly lags: Map<string, number>
  /** A member of this process that could not leave the group. */
  readonly former: string | undefined
}

/**
 * One life as a member of a group, from connecting until the signal aborts or kafkajs gives up. Its own
 * way of coming back is switched off: after a crash the next life begins from nothing, which also helps
 * where kafkajs would not try again.
 */
export class KafkaMember {
  /** The id that the group knows this member by, once it has joined. */
  id: string | undefined
  readonly #parts: KafkaMemberParts
  readonly #kafka: Kafka
  readonly #consumer: Consumer
  readonly #heartbeatInterval: number
  #lease = new Lease()
  #groupError: Error | undefined

  constructor(parts: KafkaMemberParts) {
    this.#parts = parts
    const { brokers, clientId, group, sessionTimeout, security } = parts.settings
    const { diagnose, stopTimeout } = parts.context
    const retry = { initialRetryTime: 100, retries: 5, restartOnFailure: () => Promise.resolve(false) }
    this.#heartbeatInterval = Math.min(3000, Math.floor(sessionTimeout / 3))
    this.#kafka = new Kafka({
      brokers: [...brokers],
      clientId,
      ...kafkajsSecurity(security),
      connectionTimeout: 5000,
      retry,
      logLevel: logLevel.WARN,
      logCreator:
        () =>
        ({ namespace, label, log }) =>
          diagnose({ level: 'info', message: `kafkajs ${label} [${namespace}] ${log.message}` }),
    })
    this.#consumer = this.#kafka.consumer({
      groupId: group,
      sessionTimeout,
      heartbeatInterval: this.#heartbeatInterval,
      rebalanceTimeout: Math.max(60_000, 2 * stopTimeout),
      maxWaitTimeInMs: MAX_WAIT,
      allowAutoTopicCreation: false,
      retry,
    })
  }

  /** Resolves when the signal aborted; rejects when this life has ended without it. */
  async live(): Promise<void> {
    const { signal, stopTimeout } = this.#parts.context
    let stop = (): void => undefined
    try {
      await new Promise<void>((resolve, reject) => {
        stop = () => {
          this.#lease.end(stopTimeout)
          resolve()
        }
        signal.addEventListener('abort', stop)
        if (signal.aborted) stop()
        this.#consumer.on(this.#consumer.events.CRASH, ({ payload }) => reject(payload.error))
        this.#start().catch(reject)
      })
    } finally {
      signal.removeEventListener('abort', stop)
      await this.#stop()
    }
  }

  async #start(): Promise<void> {
    const { settings, context, former } = this.#parts
    const consumer = this.#consumer
    await consumer.connect()
    await consumer.subscribe({ topics: [...settings.topics], fromBeginning: settings.start === 'earliest' })
    if (former !== undefined) await leaveGroup(this.#kafka, settings.group, former)
    if (context.signal.aborted) return
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.id = payload.memberId
      this.#joined(payload.memberAssignment)
    })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: settings.concurrency,
      eachBatch: (payload) => this.#eachBatch(payload),
    })
  }

  /** A new generation of the group, with partitions of its own. */
  #joined(assignment: Readonly<Record<string, readonly number[]>>): void {
    const { context, lags } = this.#parts
    const assigned = Object.entries(assignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => `${topic}/${partition}`),
    )
    for (const key of lags.keys()) if (!assigned.includes(key)) lags.delete(key)
    this.#groupError = undefined
    this.#lease.expire()
    this.#lease = new Lease()
    if (context.signal.aborted) this.#lease.expire()
    context.running()
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    const { topic, partition, messages } = batch
    const { context, repeats, lags } = this.#parts
    const lease = this.#lease
    if (lease.ending || !payload.isRunning() || payload.isStale()) return
    lags.set(`${topic}/${partition}`, Number(batch.offsetLag()))
    // What the sinks have already is committed before anything new is written: so no more than one batch is
    // ever written and not committed, whoever gets the partition next.
    const repeated = repeats.count(topic, partition, messages)
    const lastRepeated = messages[repeated - 1]
    if (lastRepeated !== undefined) await this.#commit(payload, lastRepeated.offset)
    const fresh = messages.slice(repeated)
    if (fresh.length === 0) return
    const origin = { topic, partition, arrivedAt: Date.now() }
    const records = fresh.map((message) => new ConsumedRecord(message, origin))
    const beating = this.#beat(payload, lease)
    try {
      const taken = await context.take(records, lease)
      if (taken) {
        repeats.note(topic, partition, fresh)
        await this.#commit(payload, batch.lastOffset())
      }
    } finally {
      clearInterval(beating)
    }
    // kafkajs rejoins the group when it sees this error.
    if (this.#groupError !== undefined) throw this.#groupError
  }

  /** First the commit, then the next batch: what was not committed comes again, in this life or the next. */
  async #commit(payload: EachBatchPayload, last: string): Promise<void> {
    const { topic, partition } = payload.batch
    const offset = String(BigInt(last) + 1n)
    // Not consumer.commitOffsets: that does nothing, without a word, as soon as the consumer is stopping.
    await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] })
    this.#parts.repeats.committed(topic, partition, BigInt(last))
    payload.resolveOffset(last)
  }

  /** Keeps the membership while the sinks work, however long, and learns when it is lost. */
  #beat(payload: EachBatchPayload, lease: Lease): NodeJS.Timeout {
    const { settings, context } = this.#parts
    let heard = performance.now()
    return setInterval(() => {
      payload.heartbeat().then(
        () => {
          heard = performance.now()
        },
        (thrown: unknown) => {
          const error = toError(thrown)
          const type = 'type' in error ? String(error.type) : ''
          const silence = performance.now() - heard
          if (EXPELLED.includes(type)) lease.expire()
          else if (type === REBALANCING) lease.end(context.stopTimeout)
          else if (silence > settings.sessionTimeout) lease.expire()
          else return
          this.#groupError = error
        },
      )
    }, this.#heartbeatInterval / 2)
  }

  async #stop(): Promise<void> {
    const { stopTimeout } = this.#parts.context
    this.#lease.end(stopTimeout)
    // A broker that does not answer must not keep anybody longer than the batches under way may.
    const bounded = new Lease()
    bounded.end(stopTimeout + 2 * MAX_WAIT)
    await bounded.wait(this.#consumer.disconnect().catch(() => undefined))
    bounded.expire()
    this.#lease.expire()
  }
}
