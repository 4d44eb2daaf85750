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
  readonly setback: Setback

  constructor(name: string, home: number | undefined, backoff: Backoff | undefined) {
    this.setback = new Setback(backoff)
    this.name = name
    this.home = home
  }

  get count(): number {
    return this.partitions?.length ?? 0
  }
}

/** The topics that lines go to. What is not known yet of one has to be asked before lines are cut for it. */
export class Topics {
  readonly #journal: string
  readonly #backoff: Backoff | undefined
  readonly #topics = new Map<string, Topic>()

  constructor(journal: string, found: Readonly<Record<string, TopicState>>, backoff?: Backoff) {
    this.#journal = journal
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

  told(topic: Topic, partitions: readonly PartitionState[]): void {
    topic.partitions = partitions
    topic.isFresh = true
    topic.isWanted = false
    topic.setback.over()
    if (topic.home === undefined || topic.home >= partitions.length)
      topic.home = choosePartition(this.#journal, partitions.length)
  }

  /** Connections are gone: everything is asked anew before it is used. */
  stale(): void {
    for (const topic of this) topic.isFresh = false
  }

  /** The partition for a new cut; undefined while the cluster has not been asked. */
  place(topic: Topic): number | undefined {
    return topic.partitions === undefined ? undefined : topic.home
  }
}
