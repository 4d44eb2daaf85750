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

/** What several lose together, by reason. */
export function sumLosses(all: Iterable<Losses>): Losses {
  const sum: Record<string, number> = {}
  for (const losses of all)
    for (const [reason, lines] of Object.entries(losses)) sum[reason] = (sum[reason] ?? 0) + lines
  return sum
}
