/** Values of one bucket differ by at most two percent: the middle of it is wrong by one at most. */
const GROWTH = 1.02
const LOG_GROWTH = Math.log(GROWTH)
/** Below this a value counts as 0. */
const SMALLEST = 1e-9
/** Buckets are kept; 1200 of them reach from a nanosecond to a minute. Of more the smallest become one. */
const MAX_BUCKETS = 2048

/** Percentiles of any number of values in bounded memory, right to one percent (DDSketch's buckets). */
export class Quantiles {
  readonly #buckets = new Map<number, number>()
  #count = 0
  #min = Infinity
  #max = -Infinity

  add(value: number): void {
    const bucket = bucketOf(value)
    this.#count++
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1)
    if (this.#buckets.size > MAX_BUCKETS) this.#merge()
  }

  #merge(): void {
    const [smallest = 0, next = 0] = [...this.#buckets.keys()].sort((a, b) => a - b)
    this.#buckets.set(next, (this.#buckets.get(next) ?? 0) + (this.#buckets.get(smallest) ?? 0))
    this.#buckets.delete(smallest)
  }

  /** Undefined without values. */
  percentile(percent: number): number | undefined {
    if (this.#count === 0) return undefined
    const rank = Math.max(1, Math.ceil((percent / 100) * this.#count))
    let before = 0
    for (const [bucket, count] of [...this.#buckets].sort(([a], [b]) => a - b)) {
      before += count
      if (before >= rank) return Math.min(Math.max(valueOf(bucket), this.#min), this.#max)
    }
    return undefined
  }
}

/** Numbers of positive values are above 0, those of negative ones below. */
const OFFSET = Math.ceil(Math.log(SMALLEST) / LOG_GROWTH) - 1

function bucketOf(value: number): number {
  const size = Math.abs(value)
  if (size < SMALLEST) return 0
  const bucket = Math.ceil(Math.log(size) / LOG_GROWTH) - OFFSET
  return value < 0 ? -bucket : bucket
}

function valueOf(bucket: number): number {
  if (bucket === 0) return 0
  const size = (2 * GROWTH ** (Math.abs(bucket) + OFFSET)) / (1 + GROWTH)
  const shown = Number(size.toPrecision(6))
  return bucket < 0 ? -shown : shown
}
