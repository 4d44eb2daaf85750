import type { ConsumedRecord } from './record.ts'
import type { DeadRecord, TransformedBatch } from './transform.ts'

/** A stretch of a partition on its way: what the transforms made of it, and who has to have it yet. */
export class Entry {
  /** Where reading has to begin again for all of it to come again. */
  readonly from: bigint
  /** The offset behind it. */
  readonly end: bigint
  batch: TransformedBatch
  /** Records read for it; 0 where a transform gave out what it held. */
  readonly consumed: number
  /** That it takes in memory, about. */
  readonly bytes: number
  /** The first sink that refused a record is the reason of its death. */
  readonly refused = new Map<ConsumedRecord, DeadRecord>()
  /** Whether any sink got something of it that it had not had before. */
  isNews = false
  #isDone = false
  #waiting = 1

  constructor(parts: Pick<Entry, 'from' | 'end' | 'batch' | 'consumed' | 'bytes'>) {
    this.from = parts.from
    this.end = parts.end
    this.batch = parts.batch
    this.consumed = parts.consumed
    this.bytes = parts.bytes
  }

  /** One more has to have it. */
  retain(): void {
    this.#waiting++
  }

  /** One less; true: it was the last one. */
  release(): boolean {
    return --this.#waiting === 0
  }

  get isDone(): boolean {
    return this.#isDone
  }

  /** Done with: the records are let go of, also where the place cannot move past it yet. */
  finish(nothing: TransformedBatch): void {
    this.#isDone = true
    this.batch = nothing
    this.refused.clear()
  }

  refuse(dead: readonly DeadRecord[]): void {
    for (const one of dead) if (!this.refused.has(one.record)) this.refused.set(one.record, one)
  }

  get dead(): readonly DeadRecord[] {
    return this.refused.size === 0 ? this.batch.dead : [...this.batch.dead, ...this.refused.values()]
  }

  get delivered(): readonly ConsumedRecord[] {
    const { records } = this.batch
    return this.refused.size === 0 ? records : records.filter((record) => !this.refused.has(record))
  }
}

/**
 * The entries of a partition that are under way, in order. The place is before the first that is not done,
 * whatever is done behind it, and before what a transform holds.
 */
export class Ledger {
  #entries: Entry[] = []
  #end: bigint | undefined

  add(entry: Entry): void {
    this.#entries.push(entry)
  }

  /** Undefined where nothing was ever in it. */
  place(held: bigint | undefined): bigint | undefined {
    const pending = this.#entries.findIndex(({ isDone }) => !isDone)
    const done = pending === -1 ? this.#entries.length : pending
    this.#end = this.#entries[done - 1]?.end ?? this.#end
    this.#entries = this.#entries.slice(done)
    return this.#entries[0]?.from ?? earlier(held, this.#end)
  }
}

function earlier(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return other
  return one < other ? one : other
}
