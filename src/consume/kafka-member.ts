import { Kafka, logLevel, type Consumer, type EachBatchPayload } from 'kafkajs'
import { toError } from '../errors.ts'
import { kafkajsSecurity } from '../kafkajs-security.ts'
import { leaveGroup } from './leave-group.ts'
import { reachGroup, type Group } from './reach-group.ts'
import { Lease } from './lease.ts'
import type { KafkaSettings } from './options.ts'
import { ConsumedRecord } from './record.ts'
import type { PartitionLane, PlacePort, SourceContext } from './source.ts'

/** The group went on without this member: its partitions may already be somebody else's. */
const EXPELLED = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']
const REBALANCING = 'REBALANCE_IN_PROGRESS'
/** Milliseconds that Kafka holds back the answer when there is nothing; so long a stop may have to wait. */
const MAX_WAIT = 500

export interface KafkaMemberParts {
  readonly settings: KafkaSettings
  readonly context: SourceContext
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
  readonly #group: Group
  readonly #consumer: Consumer
  readonly #heartbeatInterval: number
  #lease = new Lease()
  /** The partitions of this generation that something came of, by 'topic/partition'. */
  readonly #lanes = new Map<string, PartitionLane>()
  /** Any that kafkajs gave: what it says about heartbeats and commits holds for all partitions. */
  #payload: EachBatchPayload | undefined
  #groupError: Error | undefined
  #settling: Promise<void> | undefined

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
    this.#group = reachGroup(this.#kafka, group, () => this.#settle())
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
    this.#lanes.clear()
    this.#lease.expire()
    this.#lease = new Lease()
    if (context.signal.aborted) this.#lease.expire()
    context.running()
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    const { topic, partition, messages } = batch
    const lease = this.#lease
    this.#payload = payload
    this.#checkGroup()
    // It would bring the same at once, again and again.
    if (lease.ending) await this.#settling
    if (lease.ending || !payload.isRunning() || payload.isStale()) return
    this.#parts.lags.set(`${topic}/${partition}`, Number(batch.offsetLag()))
    const lane = this.#lane(topic, partition, lease)
    const origin = { topic, partition, arrivedAt: Date.now() }
    const records = messages.map((message) => new ConsumedRecord(message, origin))
    const last = batch.lastOffset()
    const beating = this.#beat(lease)
    try {
      // First the commit, then the next batch, where no sink gathers: so no more than one batch is ever
      // written and not committed, whoever gets the partition next.
      if (await lane.take(records, BigInt(last) + 1n)) {
        payload.resolveOffset(last)
        if (lane.isFull) this.#pause(payload, lane)
      }
    } finally {
      clearInterval(beating)
    }
    this.#checkGroup()
  }

  /** kafkajs rejoins the group when it sees this error. */
  #checkGroup(): void {
    if (this.#groupError !== undefined) throw this.#groupError
  }

  #lane(topic: string, partition: number, lease: Lease): PartitionLane {
    const key = `${topic}/${partition}`
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const lane = this.#parts.context.lane(topic, partition, lease, this.#port(topic, partition, lease))
    this.#lanes.set(key, lane)
    return lane
  }

  #port(topic: string, partition: number, lease: Lease): PlacePort {
    return {
      resume: () => this.#group.committed(topic, partition),
      commit: async (place, metadata) => {
        // What is not ours any more is not ours to commit, and kafkajs would do it in the name of the next
        // generation. And not consumer.commitOffsets: that does nothing, without a word, as soon as the
        // consumer is stopping.
        if (lease.over) return
        const partitions = [{ partition, offset: String(place), metadata }]
        await this.#payload?.commitOffsetsIfNecessary({ topics: [{ topic, partitions }] })
      },
    }
  }

  /** Nothing more of a partition comes until there is room; the others go on. */
  #pause(payload: EachBatchPayload, lane: PartitionLane): void {
    const resume = payload.pause()
    void lane.room().then(resume)
  }

  /** Before the group goes on without this generation: what is gathered is written, in the time there is. */
  #settle(): Promise<void> {
    return (this.#settling ??= this.#finish(this.#lease).finally(() => (this.#settling = undefined)))
  }

  async #finish(lease: Lease): Promise<void> {
    if (this.#lanes.size === 0) return
    lease.end(this.#parts.context.stopTimeout)
    const beating = this.#beat(lease)
    try {
      await lease.wait(Promise.all([...this.#lanes.values()].map((lane) => lane.finish(false))))
    } catch (thrown) {
      const error = toError(thrown)
      this.#parts.context.diagnose({ level: 'info', message: `cannot commit: ${error.message}`, error })
    } finally {
      clearInterval(beating)
      this.#lanes.clear()
    }
  }

  /** Keeps the membership while the sinks work, however long, and learns when it is lost. */
  #beat(lease: Lease): NodeJS.Timeout {
    const { settings, context } = this.#parts
    let heard = performance.now()
    return setInterval(() => {
      this.#payload?.heartbeat().then(
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
    await this.#settle()
    await bounded.wait(this.#consumer.disconnect().catch(() => undefined))
    bounded.expire()
    this.#lease.expire()
  }
}
