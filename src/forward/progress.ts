import type { Ledger } from './forwarder-parts.ts'

/**
 * What the app's thread and the forwarding worker tell each other without messages: a few counters in shared
 * memory. Reading them costs nothing, they are true at any time, and they outlive a worker that dies.
 */

const CELLS = [
  // written by the app's thread
  'newestSegment',
  // written by the worker
  'acknowledged',
  'recovered',
  'forwarded',
  'dropped',
  'deleted',
  'refused',
  'retries',
  'duplicatesPossible',
  'moved',
  'keyless',
  'rate',
  'beats',
] as const

export type Cell = (typeof CELLS)[number]

/** The first 8 bytes hold the wake counter, alone, since waiting on memory works on 32 bits. */
const HEADER_BYTES = 8

export class Progress implements Ledger {
  readonly shared: SharedArrayBuffer
  readonly #wakes: Int32Array<SharedArrayBuffer>
  readonly #cells: BigInt64Array<SharedArrayBuffer>

  constructor(shared = new SharedArrayBuffer(HEADER_BYTES + CELLS.length * 8)) {
    this.shared = shared
    this.#wakes = new Int32Array(shared, 0, 1)
    this.#cells = new BigInt64Array(shared, HEADER_BYTES)
  }

  get(cell: Cell): number {
    return Number(Atomics.load(this.#cells, CELLS.indexOf(cell)))
  }

  set(cell: Cell, value: number): void {
    Atomics.store(this.#cells, CELLS.indexOf(cell), BigInt(value))
  }

  add(cell: Cell, value: number): void {
    Atomics.add(this.#cells, CELLS.indexOf(cell), BigInt(value))
  }

  get acknowledged(): number {
    return this.get('acknowledged')
  }

  set acknowledged(ordinal: number) {
    this.set('acknowledged', ordinal)
  }

  /** Tells the worker that there is something new in the journal. */
  wake(): void {
    Atomics.add(this.#wakes, 0, 1)
    Atomics.notify(this.#wakes, 0)
  }

  /** To be read before looking into the journal, and given to `changed` when nothing was found there. */
  get wakes(): number {
    return Atomics.load(this.#wakes, 0)
  }

  /** Resolves when somebody called `wake` since `seen` was read. */
  async changed(seen: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#wakes, 0, seen)
    if (waiting.async) await waiting.value
  }
}
