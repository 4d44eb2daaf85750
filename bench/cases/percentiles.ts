/** How some times are spread, in the unit that they have. */
export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p99: number
  /** 99.9 of 100 are at most as long. */
  readonly p999: number
  readonly max: number
}

/** By nearest rank: each figure is a time that was measured. Sorts what it is given. */
export function percentiles(times: Float64Array): Percentiles {
  times.sort()
  const rank = (part: number): number => times[Math.max(0, Math.ceil(part * times.length) - 1)] ?? Number.NaN
  return { count: times.length, p50: rank(0.5), p99: rank(0.99), p999: rank(0.999), max: rank(1) }
}
