export interface Pace {
  /** Number of the first call. */
  readonly from: number
  /** Number behind the last one. */
  readonly to: number
  /** Calls a second. */
  readonly rate: number
}

/**
 * Calls at a steady pace, in turns of about a millisecond, as requests come in. Where the machine held a
 * turn up, the next one makes up for it.
 *
 * @param onTurn is called before each turn with the number of the next call.
 */
export async function logAtPace(
  log: (n: number) => void,
  { from, to, rate }: Pace,
  onTurn: (n: number) => void = () => undefined,
): Promise<void> {
  const started = performance.now()
  for (let n = from; n < to;) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    onTurn(n)
    const due = from + Math.floor(((performance.now() - started) * rate) / 1000)
    for (const end = Math.min(to, due); n < end; n++) log(n)
  }
}
