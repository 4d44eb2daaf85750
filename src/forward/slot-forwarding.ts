import { sumLosses } from '../losses.ts'
import type { Position } from '../record.ts'
import type { Forwarding, ForwardingStats } from './forwarding.ts'
import type { Progress } from './progress.ts'

/** What became of a slot that the journal had to leave. */
interface Left {
  readonly forwarding: Forwarding
  readonly openedAt: Position
  /** Ordinal of the first line that is in the next slot. */
  readonly end: number
}

/**
 * Forwarding for a journal that may have to go on in another slot: a worker for the present one, and the counts
 * of those before. What Kafka had not got of a slot that was left is its next owner's, and lost for our counts.
 */
export class SlotForwarding {
  readonly #start: (openedAt: Position) => Forwarding
  readonly #left: Left[] = []
  #openedAt: Position
  #current: Forwarding

  constructor(openedAt: Position, start: (openedAt: Position) => Forwarding) {
    this.#start = start
    this.#openedAt = openedAt
    this.#current = start(openedAt)
  }

  get progress(): Progress {
    return this.#current.progress
  }

  get forwards(): boolean {
    return this.#current.forwards
  }

  /** Somebody else has the slot. */
  leave(): void {
    void this.#current.stop()
  }

  /** The lines go on in another slot, in a segment that begins here. */
  move(openedAt: Position): void {
    this.leave()
    this.#left.push({ forwarding: this.#current, openedAt: this.#openedAt, end: openedAt.ordinal })
    this.#openedAt = openedAt
    this.#current = this.#start(openedAt)
  }

  flush(ordinal: number, timeout: number): Promise<void> {
    return this.#current.flush(ordinal, timeout)
  }

  async stop(): Promise<void> {
    await Promise.all(
      [this.#current, ...this.#left.map(({ forwarding }) => forwarding)].map((one) => one.stop()),
    )
  }

  stats(): ForwardingStats {
    return this.#left.reduce(withLeft, this.#current.stats())
  }
}

function withLeft(sum: ForwardingStats, { forwarding, openedAt, end }: Left): ForwardingStats {
  const { progress, forwards } = forwarding
  if (!forwards) return sum
  const { recovered, forwarded, dropped, lost, lostTotal, kafka } = forwarding.stats()
  // A worker that never came to it has looked at nothing.
  const settled = progress.get('recovered') < 0 ? openedAt.ordinal : progress.acknowledged
  const unsettled = Math.max(0, end - settled)
  // The last lines of a deleted segment are in the next one again, though Kafka may have had them.
  const again = Math.max(0, settled - end)
  const left = unsettled > 0 ? { 'slot taken over': unsettled } : {}
  return {
    recovered: sum.recovered + recovered + again,
    forwarded: sum.forwarded + forwarded,
    dropped: sum.dropped + dropped,
    lost: sumLosses([sum.lost, lost, left]),
    lostTotal: sum.lostTotal + lostTotal + unsettled,
    kafka: {
      ...sum.kafka,
      retries: sum.kafka.retries + kafka.retries,
      duplicatesPossible: sum.kafka.duplicatesPossible + kafka.duplicatesPossible + again,
      moved: sum.kafka.moved + kafka.moved,
      keyErrors: sum.kafka.keyErrors + kafka.keyErrors,
    },
  }
}
