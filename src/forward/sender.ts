import { toError } from '../errors.ts'
import type { KafkaPort, ProducerIdentity } from '../kafka/port.ts'
import type { Lane, Lanes, PartEntry, Refusal } from './lane.ts'
import { Setback, type Backoff } from './setback.ts'
import { Signal } from './signal.ts'
import type { Topic, Topics } from './topics.ts'
import { verdict, type Verdict } from './verdict.ts'

/** Failures in a row after which the client is replaced: it may be the one that hangs. */
const REPLACE_CLIENT_AFTER = 3

/** 'idle': connections are closed until there is a line to send. 'off': forwarding was not asked for. */
export type KafkaState = 'off' | 'starting' | 'connected' | 'idle' | 'retrying' | 'stopped'

export interface SenderParts {
  readonly lanes: Lanes
  readonly topics: Topics
  readonly connect: () => KafkaPort
  /** Milliseconds without lines after which the connections are closed. */
  readonly idleTimeout: number
  /** Whether there is nothing on its way. */
  readonly isIdle: () => boolean
  readonly producer: () => ProducerIdentity | undefined
  readonly onProducer: (producer: ProducerIdentity) => void
  /** There is no producer id for us. */
  readonly onNotAllowed: (error: Error) => void
  /** The cluster has said what was asked: reading may go on. */
  readonly onTold: (topic: Topic) => void
  /** Parts of one lane under way at once. */
  readonly mostInFlight: () => number
  /** Writes down what is about to leave. */
  readonly save: () => void
  /** Nobody needs the bytes of this batch any more. */
  readonly release: ((bytes: Buffer) => void) | undefined
  /** What had not been written down yet is, since nothing else is left to do. */
  readonly onSettledDown: () => void
  readonly onAcknowledged: (part: PartEntry) => void
  /** Nothing is under way, and these cannot be sent as they are. */
  readonly onRefused: (refused: readonly RefusedPart[]) => void
  /** Nothing is under way, and what waits for these lanes is to go to other partitions. */
  readonly onLeave: (lanes: ReadonlyMap<Lane, number>) => void
  /** Lines leave again that Kafka may have, and will not know again. */
  readonly onRepeated: (lines: number) => void
  readonly onTrouble: (what: string, error: Error, failures: number) => void
  readonly onState: (state: KafkaState, error: string | undefined) => void
  readonly backoff: Backoff | undefined
}

export interface RefusedPart {
  readonly part: PartEntry
  readonly error: Refusal
  readonly verdict: Exclude<Verdict, 'again'>
}

/**
 * Keeps up to five parts of each lane on their way. A lane, a topic or the cluster that fails is left alone for
 * a while that grows, and then tried again, for ever; the other lanes go on meanwhile. What cannot be sent again
 * as it is waits until nothing at all is under way: then it is cut anew.
 */
export class Sender {
  readonly #parts: SenderParts
  readonly #changed = new Signal()
  readonly #cluster: Setback
  /** The broker does not agree with our numbers. */
  readonly #numbers: Setback
  readonly #setbacks = new Set<Setback>()
  #port: KafkaPort | undefined
  #isAsking = false
  /** By `performance.now()`, of whatever lane. */
  #lastAcknowledged = 0
  /** The present client has brought an answer. */
  #isConnected = false
  #idle: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  #retryAt = Infinity
  #told: string | undefined
  #wasIdle = false
  #isStopped = false
  /** Lanes that are given up, with the partitions that come after them. */
  #leaving = new Map<Lane, number>()

  constructor(parts: SenderParts) {
    this.#parts = parts
    this.#cluster = new Setback(parts.backoff)
    this.#numbers = new Setback(parts.backoff)
  }

  async run(): Promise<void> {
    this.#parts.onState('starting', undefined)
    while (!this.#isStopped) {
      try {
        this.#step()
      } catch (thrown) {
        this.#failed(this.#cluster, 'the cluster', toError(thrown))
      }
      await this.#changed.wait()
    }
  }

  /** As soon as nothing is under way, what waits for `lane` goes to another partition. */
  leave(lane: Lane, partition: number): void {
    this.#leaving.set(lane, partition)
    this.wake()
  }

  /** There may be something to do. */
  wake(): void {
    this.#changed.raise()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#changed.raise()
    clearTimeout(this.#idle)
    clearTimeout(this.#retry)
    await this.#port?.close() // So that no answer is waited for.
  }

  get error(): string | undefined {
    return [...this.#setbacks].at(-1)?.error?.message
  }

  #step(): void {
    clearTimeout(this.#retry)
    this.#retryAt = Infinity
    if (this.#isHalted()) return
    if (this.#cluster.wait > 0) {
      this.#later(this.#cluster)
      return
    }
    if (this.#isUnneeded()) {
      this.#settleDown()
      return
    }
    this.#wasIdle = false
    clearTimeout(this.#idle)
    this.#port ??= this.#parts.connect()
    this.#askForProducer(this.#port)
    for (const topic of this.#parts.topics) this.#askAbout(topic, this.#port)
    if (this.#parts.producer() === undefined) return
    this.#send(this.#port)
    this.#recovered(this.#cluster)
  }

  #isUnneeded(): boolean {
    const { isIdle, producer, topics } = this.#parts
    return isIdle() && producer() !== undefined && ![...topics].some(({ isWanted }) => isWanted)
  }

  /** Everything is forwarded: write that down, and let go of the connections if it stays so. */
  #settleDown(): void {
    this.#tell()
    if (this.#wasIdle) return
    this.#wasIdle = true
    this.#parts.onSettledDown()
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      if (!this.#isUnneeded() || this.#port === undefined) return
      this.#disconnect()
      this.#tell()
    }, this.#parts.idleTimeout)
  }

  #disconnect(): void {
    const port = this.#port
    this.#port = undefined
    this.#isConnected = false
    this.#parts.topics.stale()
    void port?.close()
  }

  // Questions

  #askForProducer(port: KafkaPort): void {
    if (this.#isAsking || this.#parts.producer() !== undefined) return
    if (this.#numbers.wait > 0) {
      this.#later(this.#numbers)
      return
    }
    this.#isAsking = true
    port
      .initProducerId()
      .then(
        (producer) => {
          this.#heard(this.#cluster)
          this.#parts.onProducer(producer)
        },
        (thrown: unknown) => this.#refusedProducer(toError(thrown)),
      )
      .finally(() => (this.#isAsking = false))
      .finally(() => this.wake())
  }

  #refusedProducer(error: Refusal): void {
    if (error.kafkaCode === undefined || !NOT_ALLOWED.includes(error.kafkaCode))
      this.#failed(this.#cluster, 'the cluster', error)
    else this.#parts.onNotAllowed(error)
  }

  #askAbout(topic: Topic, port: KafkaPort): void {
    const { lanes, topics, onTold } = this.#parts
    if (topic.isFresh || topic.isAsked) return
    const hasLines = (): boolean =>
      [...lanes].some((lane) => lane.topic === topic.name && lane.queue.length > 0)
    if (!topic.isWanted && !hasLines()) return
    if (topic.setback.wait > 0) {
      this.#later(topic.setback)
      return
    }
    topic.isAsked = true
    port
      .partitions(topic.name)
      .then((partitions) => topics.told(topic, partitions))
      .then(
        () => {
          this.#heard(topic.setback)
          onTold(topic)
        },
        (thrown: unknown) => this.#failed(topic.setback, topic.name, toError(thrown)),
      )
      .finally(() => (topic.isAsked = false))
      .finally(() => this.wake())
  }

  // Sending

  #send(port: KafkaPort): void {
    const { lanes, topics, save, mostInFlight } = this.#parts
    const next: PartEntry[] = []
    for (const lane of lanes) {
      if (lane.queue.length === 0) continue
      if (lane.setback.wait > 0) this.#later(lane.setback)
      else if (topics.get(lane.topic).isFresh) next.push(...lane.ready(mostInFlight()))
    }
    if (next.length === 0) return
    const before = next.map(({ unsure }) => unsure)
    for (const part of next) part.unsure = true
    try {
      save()
    } catch (thrown) {
      for (const [index, part] of next.entries()) part.unsure = before[index] === true
      throw thrown
    }
    const isKnown = (this.#parts.producer()?.id ?? -1n) >= 0n
    for (const [index, part] of next.entries()) {
      if (!isKnown && before[index] === true) this.#parts.onRepeated(part.records)
      this.#produce(port, part, before[index] === true)
    }
  }

  #produce(port: KafkaPort, part: PartEntry, wasUnsure: boolean): void {
    const { lane, bytes } = part
    if (bytes === undefined) return
    part.state = 'sent'
    lane.sent++
    port.produce(lane.topic, lane.partition, bytes).then(
      () => {
        lane.sent--
        // An answer says that all of it has left. Of an earlier try without one, who knows.
        if (!wasUnsure) this.#parts.release?.(bytes)
        this.#acknowledged(part)
      },
      (thrown: unknown) => {
        lane.sent--
        const error = toError(thrown)
        part.state = 'ready'
        part.unsure = wasUnsure || !saysNotAppended(error)
        lane.refused.push({ part, error })
        this.wake()
      },
    )
  }

  #acknowledged(part: PartEntry): void {
    const { lane } = part
    part.state = 'acknowledged'
    lane.done(part)
    lane.proven = true
    this.#lastAcknowledged = performance.now()
    this.#recovered(this.#numbers)
    this.#heard(lane.setback)
    this.#parts.onAcknowledged(part)
    this.wake()
  }

  // Trouble

  /** Looks at lanes whose answers are all there. True: nothing may leave before something was cut anew. */
  #isHalted(): boolean {
    const { lanes, onRefused } = this.#parts
    const refused: RefusedPart[] = []
    for (const lane of lanes) {
      if (lane.refused.length === 0 || lane.sent > 0) continue
      const oldest = lane.oldestRefused
      if (oldest === undefined) continue
      const what = verdict(oldest.error.kafkaCode)
      if (what === 'again' || (what === 'unstamp' && oldest.part.untimed)) this.#again(lane, oldest.error)
      else refused.push({ ...oldest, verdict: what })
    }
    if (refused.length === 0 && this.#leaving.size === 0) return false
    if (lanes.sent === 0) {
      if (refused.length === 0) {
        this.#leave()
        return false
      }
      onRefused(refused)
      const disagreement = refused.find(({ verdict }) => verdict === 'renumber')
      if (disagreement !== undefined) {
        const { part, error } = disagreement
        this.#failed(this.#numbers, `${part.lane.topic}-${part.lane.partition}`, error)
      }
      return false
    }
    return true
  }

  #leave(): void {
    const leaving = this.#leaving
    this.#leaving = new Map()
    for (const lane of leaving.keys()) this.#recovered(lane.setback)
    this.#parts.onLeave(leaving)
  }

  #again(lane: Lane, error: Error): void {
    lane.refused = []
    lane.proven = false
    this.#parts.topics.get(lane.topic).isFresh = false
    this.#failed(lane.setback, `${lane.topic}-${lane.partition}`, error)
  }

  #failed(setback: Setback, what: string, error: Error): void {
    setback.fail(error, this.#port)
    this.#setbacks.delete(setback)
    this.#setbacks.add(setback)
    this.#parts.onTrouble(what, error, setback.failures)
    const { inARow, since } = setback.withClient
    if (inARow >= REPLACE_CLIENT_AFTER && this.#lastAcknowledged < since) this.#disconnect()
    this.#later(setback)
    this.#tell()
  }

  #heard(setback: Setback): void {
    this.#isConnected = this.#port !== undefined
    this.#recovered(setback)
    this.#tell()
  }

  #recovered(setback: Setback): void {
    setback.over()
    if (this.#setbacks.delete(setback)) this.#tell()
  }

  /** The earliest of several counts: the step that it begins looks at all of them. */
  #later({ wait }: Setback): void {
    const at = performance.now() + wait
    if (at >= this.#retryAt || this.#isStopped) return
    clearTimeout(this.#retry)
    this.#retryAt = at
    this.#retry = setTimeout(() => this.wake(), wait + 1)
  }

  #tell(): void {
    const { error } = this
    if (error === undefined && this.#port !== undefined && !this.#isConnected) return
    const state = error !== undefined ? 'retrying' : this.#port === undefined ? 'idle' : 'connected'
    const told = `${state} ${error ?? ''}`
    if (told === this.#told || this.#isStopped) return
    this.#told = told
    this.#parts.onState(state, error)
  }
}

/** CLUSTER_AUTHORIZATION_FAILED and TRANSACTIONAL_ID_AUTHORIZATION_FAILED: writing is allowed, numbering is not. */
const NOT_ALLOWED = [31, 53]

/** Codes by which a broker tells that it has not appended a batch, before it looked at anything else. */
const NOT_APPENDED = [10, 18, 32, 45, 87]

function saysNotAppended({ kafkaCode }: Refusal): boolean {
  return kafkaCode !== undefined && NOT_APPENDED.includes(kafkaCode)
}
