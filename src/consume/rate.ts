/** Seconds that are looked back on. */
const WINDOW = 10

/** How many a second, over the last seconds, in a fixed amount of memory. */
export class Rate {
  readonly #counts = new Float64Array(WINDOW)
  #second = Number.NaN
  #began = Number.NaN

  add(count: number, now: number): void {
    this.#moveTo(now)
    const index = this.#second % WINDOW
    this.#counts[index] = (this.#counts[index] ?? 0) + count
  }

  at(now: number): number {
    if (Number.isNaN(this.#second)) return 0
    this.#moveTo(now)
    const seconds = Math.min(WINDOW - 1 + (now % 1000) / 1000, Math.max(1, (now - this.#began) / 1000))
    return this.#counts.reduce((sum, count) => sum + count, 0) / seconds
  }

  #moveTo(now: number): void {
    const second = Math.floor(now / 1000)
    // A clock that was put back begins anew.
    if (!(second >= this.#second)) {
      this.#counts.fill(0)
      this.#began = now
    } else {
      for (let gone = Math.max(this.#second, second - WINDOW); gone < second; gone++)
        this.#counts[(gone + 1) % WINDOW] = 0
    }
    this.#second = second
  }
}
