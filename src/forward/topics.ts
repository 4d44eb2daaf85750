import type { PartitionState } from '../kafka/port.ts'
import type { TopicState } from './checkpoint.ts'
import { choosePartition } from './partition.ts'
import { Setback, type Backoff } from './setback.ts'

/** What the cluster said of a topic, and which partition of it is the journal's. */
export class Topic {
  readonly name: string
  partitions: readonly PartitionState[] | undefined
  /** What is known is true as of the last trouble: lines may leave. */
  isFresh = false
  isAsked = false
  /** Lines wait to be cut for it. */
  isWanted = false
  home: number | undefined
  /** Partitions without a leader, and since when, by `performance.now()`. */
  leaderless = new Map<number, number>()
  #turn = -1
  readonly setback: Setback

  constructor(name: string, home: number | undefined, backoff: Backoff | undefined) {
    this.setback = new Setback(backoff)
    this.name = name
    this.home = home
  }

  get count(): number {
    return this.partitions?.length ?? 0
  }

  /** The next partition that has a leader, one after the other; where none has, just the next. */
  next(): number {
    for (let tries = 0; tries < this.count; tries++) {
      this.#turn = (this.#turn + 1) % this.count
      if (!this.leaderless.has(this.#turn)) break
    }
    return Math.max(0, this.#turn)
  }
}

/** 'journal': the journal's own. 'spread': one after the other. A number: this one, in every topic. */
export type Partitioning = 'journal' | 'spread' | number

/** The topics that lines go to. What is not known yet of one has to be asked before lines are cut for it. */
export class Topics {
  readonly #journal: string
  readonly #partitioning: Partitioning
  readonly #backoff: Backoff | undefined
  readonly #topics = new Map<string, Topic>()

  constructor(
    journal: string,
    found: Readonly<Record<string, TopicState>>,
    partitioning: Partitioning,
    backoff?: Backoff,
  ) {
    this.#journal = journal
    this.#partitioning = partitioning
    this.#backoff = backoff
    for (const [name, { home }] of Object.entries(found))
      this.#topics.set(name, new Topic(name, home, backoff))
  }

  get(name: string): Topic {
    let topic = this.#topics.get(name)
    if (topic === undefined) this.#topics.set(name, (topic = new Topic(name, undefined, this.#backoff)))
    return topic
  }

  [Symbol.iterator](): IterableIterator<Topic> {
    return this.#topics.values()
  }

  /** @throws where the topic has no such partition as was asked for. */
  told(topic: Topic, partitions: readonly PartitionState[]): void {
    const wanted = this.#partitioning
    if (typeof wanted === 'number' && wanted >= partitions.length)
      throw new Error(`${topic.name} has ${partitions.length} partitions, none of number ${wanted}`)
    topic.partitions = partitions
    topic.isFresh = true
    topic.isWanted = false
    if (topic.home === undefined || topic.home >= partitions.length)
      topic.home = choosePartition(this.#journal, partitions.length)
    const since = topic.leaderless
    const without = partitions.filter(({ leader }) => leader === undefined)
    topic.leaderless = new Map(
      without.map(({ partition }) => [partition, since.get(partition) ?? performance.now()]),
    )
  }

  clear(): void {
    this.#topics.clear()
  }

  /** Connections are gone: everything is asked anew before it is used. */
  stale(): void {
    for (const topic of this) topic.isFresh = false
  }

  /** The partition for a new cut; the cluster has been asked about the topic. */
  place(name: string): number {
    const topic = this.get(name)
    if (typeof this.#partitioning === 'number') return this.#partitioning
    return this.#partitioning === 'spread' ? topic.next() : (topic.home ?? 0)
  }

  /**
   * Where what goes to a partition should go instead: it is gone, or has had no leader for `timeout`
   * milliseconds while another one has. Undefined: nowhere.
   */
  refuge(topic: Topic, partition: number, timeout: number): number | undefined {
    const { partitions, leaderless, count } = topic
    if (partitions === undefined || typeof this.#partitioning === 'number') return undefined
    if (partition >= count) return this.place(topic.name)
    const since = leaderless.get(partition)
    if (since === undefined || performance.now() - since < timeout) return undefined
    for (let step = 1; step < count; step++) {
      const other = (partition + step) % count
      if (!leaderless.has(other)) return other
    }
    return undefined
  }
}
