/** The middle one of some values, and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return {
    median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2,
    least: sorted[0]!,
    most: sorted.at(-1)!,
  }
}

/** Each value by the peer's of the same round: what the machine did in that round, it did to both. */
export function ratios(values: readonly number[], peers: readonly number[]): number[] {
  return values.map((value, round) => value / peers[round]!)
}

/**
 * Runs the cases A B C, A B C ..., so that a machine that is slow for a while is slow for all of them.
 * Gives the results of each case, by round.
 */
export async function interleave<C extends { readonly name: string }, R>(
  cases: readonly C[],
  rounds: number,
  run: (one: C) => Promise<R>,
): Promise<R[][]> {
  const results = cases.map((): R[] => [])
  for (let round = 1; round <= rounds; round++) {
    for (const [index, one] of cases.entries()) {
      progress(`round ${round} of ${rounds}: ${one.name}`)
      results[index]!.push(await run(one))
    }
  }
  progress('')
  return results
}

/** One line that the next one writes over; nothing where nobody watches. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.slice(0, 79)}`)
}
