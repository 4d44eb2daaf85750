import type { Position } from '../record.ts'
import type { CutBatch } from './checkpoint.ts'

/** One step of the journal towards Kafka. */
export type Entry = BatchEntry | LossEntry

export interface BatchEntry extends CutBatch {
  readonly kind: 'batch'
  readonly bytes: Buffer
  state: 'ready' | 'sent' | 'acknowledged'
  /** It has left at least once: Kafka may have it, whatever the state says. */
  attempted: boolean
}

/** Lines that will never be in Kafka. They hold their place, so that they are counted once, in their turn. */
export interface LossEntry {
  readonly kind: 'loss'
  readonly from: Position
  readonly to: Position
  readonly records: number
  /** Where it is counted: gone from disk before its turn, or a line that Kafka does not take. */
  readonly reason: 'deleted' | 'refused'
}

export interface WindowBounds {
  readonly maxBytes: number
  readonly maxRecords: number
}

/**
 * The bounded queue: what was read from the journal and is not acknowledged yet, oldest first. It leaves
 * only from the front and only what is settled, so an answer that comes early never passes a gap.
 */
export class Window {
  readonly #bounds: WindowBounds
  #entries: Entry[] = []
  #bytes = 0
  #records = 0

  constructor(bounds: WindowBounds) {
    this.#bounds = bounds
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** At its bounds; it may go over them by one batch, since one must always fit. */
  get isFull(): boolean {
    return this.#bytes >= this.#bounds.maxBytes || this.#records >= this.#bounds.maxRecords
  }

  get last(): Entry | undefined {
    return this.#entries.at(-1)
  }

  get batches(): BatchEntry[] {
    return this.#entries.filter((entry) => entry.kind === 'batch')
  }

  push(entry: Entry): void {
    this.#entries.push(entry)
    this.#count(entry, 1)
  }

  /** Takes the settled entries off the front. */
  *settle(): Generator<Entry> {
    for (;;) {
      const first = this.#entries[0]
      if (first === undefined || (first.kind === 'batch' && first.state !== 'acknowledged')) return
      this.#entries.shift()
      this.#count(first, -1)
      yield first
    }
  }

  /** Forgets `entry` and everything behind it: it will be read from the journal again. */
  dropFrom(entry: Entry): void {
    for (const dropped of this.#entries.splice(this.#entries.indexOf(entry))) this.#count(dropped, -1)
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.#records += sign * entry.records
    if (entry.kind === 'batch') this.#bytes += sign * entry.bytes.length
  }
}
