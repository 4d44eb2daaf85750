import { laneName, type Part } from './cut.ts'
import { Setback, type Backoff } from './setback.ts'

/** One part of a cut on its way. */
export interface PartEntry {
  readonly lane: Lane
  readonly records: number
  readonly sequence: number
  /** The record batch; let go of when it is done. */
  bytes: Buffer | undefined
  /** Bytes of its lines. */
  readonly size: number
  state: 'ready' | 'sent' | 'acknowledged' | 'refused'
  /** It has left, and no answer said that Kafka did not take it. */
  unsure: boolean
  untimed: boolean
  reason: string | undefined
}

/** Why a part was not acknowledged: with the broker's error code, or, where no answer came, without. */
export interface Refusal extends Error {
  readonly kafkaCode?: number | undefined
}

/** A broker remembers the last five batches of a producer in a partition: so many may be asked about again. */
const MAX_IN_FLIGHT = 5

/** One partition of one topic: its numbers, and what is on its way there. */
export class Lane {
  readonly topic: string
  readonly partition: number
  readonly name: string
  /** Sequence of the next record to be cut. */
  next = 0
  /** What is not done, in the order of its numbers. */
  queue: PartEntry[] = []
  sent = 0
  refused: { readonly part: PartEntry; readonly error: Refusal }[] = []
  /** Bytes of lines that a part may have, since the broker found a larger one too large. */
  maxBytes = Infinity
  readonly setback: Setback
  /**
   * The broker has taken a part with our numbers since the last trouble. Before that only one is sent: a
   * broker that does not know a producer takes any number for its first, so a second batch that arrives where
   * the first was turned away would lock the first one out for good.
   */
  proven = false

  constructor(topic: string, partition: number, backoff?: Backoff) {
    this.setback = new Setback(backoff)
    this.topic = topic
    this.partition = partition
    this.name = laneName(this)
  }

  /** What may leave now, oldest first. `most` under way at once, and at most five. */
  ready(most: number): PartEntry[] {
    const room = (this.proven ? Math.min(most, MAX_IN_FLIGHT) : 1) - this.sent
    if (room <= 0 || this.refused.length > 0 || this.queue.length === 0) return []
    return this.queue.filter(({ state }) => state === 'ready').slice(0, room)
  }

  /** The oldest refusal, which decides: those behind it follow from it. Only when nothing is under way. */
  get oldestRefused(): { readonly part: PartEntry; readonly error: Refusal } | undefined {
    const at = ({ part }: { readonly part: PartEntry }): number => this.queue.indexOf(part)
    return this.refused.reduce<(typeof this.refused)[number] | undefined>(
      (oldest, one) => (oldest === undefined || at(one) < at(oldest) ? one : oldest),
      undefined,
    )
  }

  done(part: PartEntry): void {
    part.bytes = undefined
    this.queue.splice(this.queue.indexOf(part), 1)
  }

  /** Forgets what is on its way: it will be cut again. */
  clear(): void {
    this.queue = []
    this.refused = []
    this.proven = false
  }
}

/** The lanes that the producer's numbers are known of. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  readonly #backoff: Backoff | undefined

  constructor(backoff?: Backoff) {
    this.#backoff = backoff
  }

  get(topic: string, partition: number): Lane {
    const name = laneName({ topic, partition })
    let lane = this.#lanes.get(name)
    if (lane === undefined) this.#lanes.set(name, (lane = new Lane(topic, partition, this.#backoff)))
    return lane
  }

  get size(): number {
    return this.#lanes.size
  }

  [Symbol.iterator](): IterableIterator<Lane> {
    return this.#lanes.values()
  }

  /** Parts under way. */
  get sent(): number {
    let sent = 0
    for (const lane of this) sent += lane.sent
    return sent
  }

  clear(): void {
    this.#lanes.clear()
  }
}

export function describePart({ lane, records, sequence, state, unsure, untimed, reason }: PartEntry): Part {
  const { topic, partition } = lane
  const known = state === 'acknowledged' || state === 'refused' ? state : unsure ? 'unsure' : undefined
  return {
    topic,
    partition,
    records,
    sequence,
    ...(known && { state: known }),
    ...(untimed && { untimed }),
    ...(reason !== undefined && { reason }),
  }
}
