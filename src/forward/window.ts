import type { Position } from '../record.ts'
import type { Cut } from './cut.ts'
import { describePart, type PartEntry } from './lane.ts'

/** One step of the journal towards Kafka. */
export type Entry = CutEntry | LossEntry

export interface CutEntry extends Omit<Cut, 'parts'> {
  readonly kind: 'cut'
  readonly parts: readonly PartEntry[]
}

/** Lines that were gone from disk before their turn. They hold their place, to be counted once, in their turn. */
export interface LossEntry {
  readonly kind: 'loss'
  readonly from: Position
  readonly to: Position
}

export interface WindowBounds {
  readonly maxBytes: number
  readonly maxRecords: number
}

/** Where one lane is stuck, each save writes down what others have got meanwhile: so much at most. */
const MAX_CUTS = 100

/**
 * The bounded queue: what was read from the journal and is not settled yet, oldest first. It leaves only from
 * the front and only what is settled, so an answer that comes early never passes a gap.
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

  /** At its bounds; it may go over them by one cut, since one must always fit. */
  get isFull(): boolean {
    return (
      this.#bytes >= this.#bounds.maxBytes ||
      this.#records >= this.#bounds.maxRecords ||
      this.#entries.length >= MAX_CUTS
    )
  }

  get last(): Entry | undefined {
    return this.#entries.at(-1)
  }

  /** How many cuts wait, at the end, of which nothing has left yet. */
  get unsent(): number {
    const last = this.#entries.findLastIndex(
      (entry) => entry.kind === 'cut' && entry.parts.some(({ state, unsure }) => state !== 'ready' || unsure),
    )
    return this.#entries.length - 1 - last
  }

  get cuts(): CutEntry[] {
    return this.#entries.filter((entry) => entry.kind === 'cut')
  }

  push(entry: Entry): void {
    this.#entries.push(entry)
    this.#count(entry, 1)
  }

  /** Takes the settled entries off the front. */
  *settle(): Generator<Entry> {
    for (;;) {
      const first = this.#entries[0]
      if (first === undefined || !isSettled(first)) return
      this.#entries.shift()
      this.#count(first, -1)
      yield first
    }
  }

  /** Forgets everything: it will be read from the journal again. */
  clear(): void {
    this.#entries = []
    this.#bytes = 0
    this.#records = 0
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.#records += sign * (entry.to.ordinal - entry.from.ordinal)
    if (entry.kind === 'cut') for (const { size } of entry.parts) this.#bytes += sign * size
  }
}

function isSettled(entry: Entry): boolean {
  return (
    entry.kind === 'loss' ||
    entry.parts.every(
      ({ state, reason }) => state === 'acknowledged' || (state === 'refused' && reason === undefined),
    )
  )
}

/** It has parts that Kafka has or may have, or never will: after a crash it has to be cut the same. */
export function isTouched({ parts }: CutEntry): boolean {
  return parts.some(({ state, unsure }) => unsure || state === 'acknowledged' || state === 'refused')
}

export function describeCut({ from, to, timestamp, partitions, parts }: CutEntry): Cut {
  return { from, to, timestamp, ...(partitions && { partitions }), parts: parts.map(describePart) }
}
