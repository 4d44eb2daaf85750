/** How long to wait before the next try. Doubles from `first` up to `most`, each time with full jitter below. */
export interface BackoffOptions {
  /** Milliseconds. @default 100 */
  readonly first?: number
  /** Milliseconds. @default 10_000 */
  readonly most?: number
  /** 0 up to 1. @default Math.random */
  readonly random?: () => number
}

/**
 * Milliseconds to wait before try number `attempt` (1 is the first repetition): half of the exponential
 * delay is fixed, half is jitter, so that many processes that lost one broker do not come back at once.
 */
export function backoff(
  attempt: number,
  { first = 100, most = 10_000, random = Math.random }: BackoffOptions = {},
): number {
  const whole = Math.min(most, first * 2 ** Math.min(attempt - 1, 30))
  return Math.round(whole / 2 + (whole / 2) * random())
}
