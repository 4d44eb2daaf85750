import type { Entry } from './ledger.ts'
import type { ConsumedRecord } from './record.ts'
import type { BatchWish } from './sink.ts'

/** What a sink is given in one write, gathered over several fetches. */
export interface Unit {
  readonly entries: Entry[]
  readonly records: ConsumedRecord[]
  bytes: number
  /** The offset behind it. */
  end: bigint
  /** When its first record came, by the clock. */
  readonly since: number
}

/** Milliseconds that a sink waits for more where it did not say how long. */
const TIME = 1000
/** Milliseconds that the rest of a unit whose end is fixed may take to come: it was there before. */
const FIXED_TIME = 60_000

/** Gathers what one sink wishes to have at once of one partition. */
export class Gathering {
  readonly #records: number
  readonly #bytes: number
  readonly #time: number
  #open: Unit | undefined
  readonly #closed: Unit[] = []
  /** Where the unit that was under way before a death ends: it must become the same again. */
  #fixedEnd: bigint | undefined

  constructor({ records = Infinity, bytes = Infinity, time = TIME }: BatchWish) {
    this.#records = records
    this.#bytes = bytes
    this.#time = time
  }

  fix(end: bigint): void {
    this.#fixedEnd = end
  }

  get fixedEnd(): bigint | undefined {
    return this.#fixedEnd
  }

  get isEmpty(): boolean {
    return this.#open === undefined && this.#closed.length === 0
  }

  /** How much more fits in. */
  get room(): { readonly records: number; readonly bytes: number } {
    if (this.#fixedEnd !== undefined) return { records: Infinity, bytes: Infinity }
    const { records, bytes } = this.#open ?? { records: [], bytes: 0 }
    return { records: this.#records - records.length, bytes: this.#bytes - bytes }
  }

  /** By the clock; Infinity where nothing waits. */
  get dueAt(): number {
    if (this.#open === undefined) return Infinity
    return this.#open.since + (this.#fixedEnd === undefined ? this.#time : Math.max(this.#time, FIXED_TIME))
  }

  add(entry: Entry, records: readonly ConsumedRecord[], now: number): void {
    const unit = (this.#open ??= { entries: [], records: [], bytes: 0, end: entry.end, since: now })
    unit.entries.push(entry)
    unit.end = entry.end
    for (const record of records) {
      unit.records.push(record)
      unit.bytes += record.size
    }
    if (this.#fixedEnd !== undefined) {
      if (unit.end >= this.#fixedEnd) this.close()
    } else if (unit.records.length >= this.#records || unit.bytes >= this.#bytes) {
      this.close()
    }
  }

  /** Nothing more comes to what is gathered. */
  close(): void {
    this.#fixedEnd = undefined
    if (this.#open !== undefined) this.#closed.push(this.#open)
    this.#open = undefined
  }

  /** The next unit that is closed. */
  next(): Unit | undefined {
    return this.#closed.shift()
  }
}
