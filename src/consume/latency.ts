/** Eight buckets for each doubling: a percentile is right to within a tenth. */
const BUCKETS_PER_DOUBLING = 8
const BUCKETS = 44 * BUCKETS_PER_DOUBLING
/** Records after which the past counts half. */
const HALF_LIFE = 1 << 20

/** Percentiles of milliseconds in a fixed amount of memory; old values fade. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS)
  #total = 0

  add(milliseconds: number, count = 1): void {
    const bucket = Math.floor(Math.log2(Math.max(0, milliseconds) + 1) * BUCKETS_PER_DOUBLING)
    const index = Math.min(bucket, BUCKETS - 1)
    this.#counts[index] = (this.#counts[index] ?? 0) + count
    this.#total += count
    if (this.#total > HALF_LIFE) this.#fade()
  }

  #fade(): void {
    this.#total = 0
    this.#counts.forEach((count, index) => {
      this.#counts[index] = count / 2
      this.#total += count / 2
    })
  }

  /** Milliseconds that this share of the values, 0 up to 1, does not exceed; undefined when there are none. */
  percentile(share: number): number | undefined {
    if (this.#total === 0) return undefined
    let seen = 0
    let bucket = 0
    for (let index = 0; index < BUCKETS && seen < share * this.#total; index++) {
      const count = this.#counts[index] ?? 0
      seen += count
      if (count > 0) bucket = index
    }
    // The middle of the bucket.
    return Math.round(2 ** ((bucket + 0.5) / BUCKETS_PER_DOUBLING) - 1)
  }
}
