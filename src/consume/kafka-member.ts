import { Kafka, logLevel, type Consumer, type EachBatchPayload } from 'kafkajs'
import { LogflumeError, toError } from '../errors.ts'
import { kafkajsSecurity } from '../kafkajs-security.ts'
import { leaveGroup } from './leave-group.ts'
import type { KafkaPlaces } from './kafka-places.ts'
import { reachGroup, type Assignment, type Group } from './reach-group.ts'
import { selectTopics, type TopicSelection } from './topic-selection.ts'
import { Lease } from './lease.ts'
import type { KafkaSettings } from './options.ts'
import { ConsumedRecord } from './record.ts'
import type { PartitionLane, PlacePort, SourceContext } from './source.ts'

/** The group went on without this member: its partitions may already be somebody else's. */
const EXPELLED = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']
const REBALANCING = 'REBALANCE_IN_PROGRESS'
/** Milliseconds that Kafka holds back the answer when there is nothing; so long a stop may have to wait. */
const MAX_WAIT = 500
/** What one fetch brings of a partition, and of all partitions that a broker leads, at most. */
const MAX_BYTES = { maxBytesPerPartition: 2 * 1024 * 1024, maxBytes: 16 * 1024 * 1024 }
/** Milliseconds between looks for topics that are missing, or that a regular expression may mean. */
const LOOK_AGAIN = 5000

export interface KafkaMemberParts {
  readonly settings: KafkaSettings
  readonly context: SourceContext
  readonly places: KafkaPlaces
  /** Records behind the last one read, by 'topic/partition'. */
  readonly lags: Map<string, number>
  /** Topics that are wanted and not there. */
  readonly missing: Set<string>
  readonly isPaused: (topic: string) => boolean
  readonly lose: (reason: string, records: number) => void
  /** A member of this process that could not leave the group. */
  readonly former: string | undefined
}

/** Why a life ended: the user wants it, all that was wanted is read, or there are topics to join for. */
export type LifeEnd = 'stopped' | 'read' | 'topics'

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
  /** Resolves when the places of this generation's partitions are known. Never rejects. */
  #ready: Promise<void> = Promise.resolve()
  #assigned: readonly string[] = []
  /** Partitions that the user moves elsewhere at this moment. */
  readonly #moving = new Set<string>()
  #end: (end: LifeEnd) => void = () => undefined
  #topicTimer: NodeJS.Timeout | undefined

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
        ({ namespace, label, log }) => {
          // It tells nobody else.
          if (log.message.startsWith('Offset out of range, resetting'))
            parts.places.noteReset(`${String(log.topic)}/${String(log.partition)}`)
          diagnose({ level: 'info', message: `kafkajs ${label} [${namespace}] ${log.message}` })
        },
    })
    this.#group = reachGroup(this.#kafka, group, () => this.#settle())
    this.#consumer = this.#kafka.consumer({
      groupId: group,
      sessionTimeout,
      heartbeatInterval: this.#heartbeatInterval,
      rebalanceTimeout: Math.max(60_000, 2 * stopTimeout),
      maxWaitTimeInMs: MAX_WAIT,
      ...MAX_BYTES,
      allowAutoTopicCreation: false,
      retry,
    })
  }

  /** Rejects when this life has ended for no good reason. */
  async live(): Promise<LifeEnd> {
    const { signal, stopTimeout } = this.#parts.context
    let stop = (): void => undefined
    let end: LifeEnd | undefined
    try {
      end = await new Promise<LifeEnd>((resolve, reject) => {
        this.#end = resolve
        stop = () => {
          this.#lease.end(stopTimeout)
          resolve('stopped')
        }
        signal.addEventListener('abort', stop)
        if (signal.aborted) stop()
        this.#consumer.on(this.#consumer.events.CRASH, ({ payload }) => reject(payload.error))
        this.#start().catch(reject)
      })
      return end
    } finally {
      signal.removeEventListener('abort', stop)
      clearTimeout(this.#topicTimer)
      await this.#stop(end === 'read')
    }
  }

  async #start(): Promise<void> {
    const { settings, context, former } = this.#parts
    const consumer = this.#consumer
    await consumer.connect()
    const topics = await this.#chooseTopics()
    await consumer.subscribe({ topics: [...topics], fromBeginning: settings.start !== 'latest' })
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

  async #chooseTopics(): Promise<readonly string[]> {
    const { settings, missing } = this.#parts
    const chosen = await this.#selectTopics()
    if (chosen.present.length === 0)
      throw new Error(chosen.missing.length > 0 ? 'there is no such topic' : 'no topic has such a name')
    if (missing.size > 0 || settings.topics.some((topic) => topic instanceof RegExp))
      this.#lookAgain(chosen.present)
    return chosen.present
  }

  async #selectTopics(): Promise<TopicSelection> {
    const { settings, missing } = this.#parts
    const chosen = selectTopics(settings.topics, await this.#group.topics())
    missing.clear()
    for (const topic of chosen.missing) missing.add(topic)
    return chosen
  }

  /** kafkajs cannot take a topic on while it runs: when there are new ones, this life ends. */
  #lookAgain(known: readonly string[]): void {
    this.#topicTimer = setTimeout(() => {
      this.#selectTopics().then(
        ({ present }) => {
          if (present.some((topic) => !known.includes(topic))) this.#end('topics')
          else this.#lookAgain(known)
        },
        () => this.#lookAgain(known),
      )
    }, LOOK_AGAIN)
  }

  /** A new generation of the group, with partitions of its own. */
  #joined(assignment: Assignment): void {
    const { context, lags } = this.#parts
    this.#assigned = Object.entries(assignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => `${topic}/${partition}`),
    )
    for (const key of lags.keys()) if (!this.#assigned.includes(key)) lags.delete(key)
    this.#groupError = undefined
    this.#lanes.clear()
    this.#lease.expire()
    this.#lease = new Lease()
    if (context.signal.aborted) this.#lease.expire()
    this.#ready = this.#prepare(assignment).catch((thrown: unknown) => {
      this.#groupError = toError(thrown)
    })
    context.running()
  }

  async #prepare(assignment: Assignment): Promise<void> {
    const { places, isPaused } = this.#parts
    for (const topic of Object.keys(assignment)) if (isPaused(topic)) this.#consumer.pause([{ topic }])
    for (const [key, offset] of await places.begin(assignment, this.#group))
      this.#consumer.seek({ ...parseKey(key), offset: String(offset) })
    this.#checkEnd()
  }

  /** All that was wanted of the partitions at hand is read. */
  #checkEnd(): void {
    const { places, settings } = this.#parts
    if (settings.end !== undefined && this.#assigned.every((key) => places.isAtEnd(key))) this.#end('read')
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition } = payload.batch
    const key = `${topic}/${partition}`
    const lease = this.#lease
    this.#payload = payload
    await this.#ready
    this.#checkGroup()
    // It would bring the same at once, again and again.
    if (lease.ending) await this.#settling
    if (lease.ending || lease !== this.#lease || !payload.isRunning() || payload.isStale()) return
    if (this.#moving.has(key) || this.#parts.isPaused(topic)) return
    const beating = this.#beat(lease)
    try {
      await this.#take(payload, key, lease)
    } finally {
      clearInterval(beating)
    }
    this.#checkGroup()
  }

  async #take(payload: EachBatchPayload, key: string, lease: Lease): Promise<void> {
    const { batch } = payload
    const { topic, partition } = batch
    const { places, lags, lose } = this.#parts
    const lost = places.lostBefore(key, BigInt(String(Reflect.get(batch, 'fetchedOffset'))))
    if (lost > 0n) lose('gone from Kafka before they were read', Number(lost))
    lags.set(key, Number(batch.offsetLag()))
    const end = places.end(key)
    const messages =
      end === undefined ? batch.messages : batch.messages.filter(({ offset }) => BigInt(offset) < end)
    const last = batch.lastOffset()
    const behind = BigInt(last) + 1n
    const isEnd = end !== undefined && behind >= end
    const lane = this.#lane(topic, partition, lease)
    const origin = { topic, partition, arrivedAt: Date.now() }
    const records = messages.map((message) => new ConsumedRecord(message, origin))
    // First the commit, then the next batch, where no sink gathers: so no more than one batch is ever
    // written and not committed, whoever gets the partition next.
    if (!(await lane.take(records, isEnd ? end : behind))) return
    if (this.#moving.has(key)) return
    payload.resolveOffset(last)
    places.moveTo(key, behind)
    if (isEnd) {
      payload.pause()
      this.#checkEnd()
    } else if (lane.isFull) {
      const resume = payload.pause()
      void lane.room().then(() => {
        if (!this.#parts.isPaused(topic)) resume()
      })
    }
  }

  /** kafkajs rejoins the group when it sees this error. */
  #checkGroup(): void {
    if (this.#groupError !== undefined) throw this.#groupError
  }

  pause(topics: readonly string[]): void {
    this.#consumer.pause(this.#subscribed(topics).map((topic) => ({ topic })))
  }

  resume(topics: readonly string[]): void {
    this.#consumer.resume(this.#subscribed(topics).map((topic) => ({ topic })))
  }

  #subscribed(topics: readonly string[]): readonly string[] {
    return topics.filter((topic) => this.#assigned.some((key) => parseKey(key).topic === topic))
  }

  get topics(): readonly string[] {
    return [...new Set(this.#assigned.map((key) => parseKey(key).topic))]
  }

  /** Goes on at another record of a partition: an offset, or the first from a time on. Rejects where it is not at hand. */
  async seek(topic: string, partition: number, to: bigint | number): Promise<void> {
    const key = `${topic}/${partition}`
    await this.#ready
    const lease = this.#lease
    if (!this.#assigned.includes(key) || lease.ending)
      throw new LogflumeError('KAFKA', `partition ${key} is not at hand`, { retryable: true })
    const offset = typeof to === 'bigint' ? to : (await this.#group.offsetsAt(topic, [partition], to))[0]
    if (offset === undefined) throw new LogflumeError('KAFKA', `there is no partition ${key}`)
    this.#moving.add(key)
    try {
      await this.#lanes.get(key)?.finish(false)
      this.#lanes.delete(key)
      this.#parts.context.forget(topic, partition)
      // Also for those who get the partition next.
      await this.#commit(topic, partition, lease, offset, '')
      this.#parts.places.moveTo(key, offset)
      this.#consumer.seek({ topic, partition, offset: String(offset) })
    } finally {
      this.#moving.delete(key)
    }
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
      resume: () => Promise.resolve(this.#parts.places.committed(`${topic}/${partition}`)),
      commit: (place, note) => this.#commit(topic, partition, lease, place, note),
    }
  }

  async #commit(topic: string, partition: number, lease: Lease, place: bigint, note: string): Promise<void> {
    // What is not ours any more is not ours to commit, and kafkajs would do it in the name of the next
    // generation. And not consumer.commitOffsets: that does nothing, without a word, as soon as the
    // consumer is stopping.
    if (lease.over) return
    const partitions = [{ partition, offset: String(place), metadata: note }]
    const commit = this.#payload?.commitOffsetsIfNecessary({ topics: [{ topic, partitions }] })
    if (commit === undefined) return
    await commit
    this.#parts.places.noteCommitted(`${topic}/${partition}`, place, note)
  }

  /** Before the group goes on without this generation: what is gathered is written, in the time there is. */
  #settle(isEnd = false): Promise<void> {
    return (this.#settling ??= this.#finish(this.#lease, isEnd).finally(() => (this.#settling = undefined)))
  }

  async #finish(lease: Lease, isEnd: boolean): Promise<void> {
    if (this.#lanes.size === 0) return
    lease.end(this.#parts.context.stopTimeout)
    const beating = this.#beat(lease)
    try {
      await lease.wait(Promise.all([...this.#lanes.values()].map((lane) => lane.finish(isEnd))))
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

  async #stop(isEnd: boolean): Promise<void> {
    const { stopTimeout } = this.#parts.context
    this.#lease.end(stopTimeout)
    // A broker that does not answer must not keep anybody longer than the batches under way may.
    const bounded = new Lease()
    bounded.end(stopTimeout + 2 * MAX_WAIT)
    await this.#settle(isEnd)
    await bounded.wait(this.#consumer.disconnect().catch(() => undefined))
    bounded.expire()
    this.#lease.expire()
    this.#group.release()
  }
}

function parseKey(key: string): { readonly topic: string; readonly partition: number } {
  const slash = key.lastIndexOf('/')
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) }
}
