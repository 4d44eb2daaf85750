import type { Losses } from './record.ts'

/** Counts lines that will not arrive, by reason. */
export class LossCounter {
  readonly #counts = new Map<string, number>()
  #total = 0

  get total(): number {
    return this.#total
  }

  add(reason: string, lines: number): void {
    this.#total += lines
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + lines)
  }

  snapshot(): Losses {
    return Object.fromEntries(this.#counts)
  }
}
