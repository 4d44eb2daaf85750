/** Random numbers that a seed determines: the same seed and purpose give the same numbers, on any machine. */
export class Random {
  #state: number

  /** Numbers for different purposes do not depend on each other. */
  constructor(seed: number, purpose: string) {
    this.#state = seed >>> 0
    for (const letter of purpose)
      this.#state = Math.imul(this.#state ^ letter.charCodeAt(0), 0x01000193) >>> 0
  }

  /** From 0 up to 1: mulberry32, by Tommy Ettinger, public domain. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  /** Many short ones and some long ones, as the time between accidents; at most five times the mean. */
  interval(mean: number): number {
    return Math.round(Math.min(5 * mean, -Math.log(1 - this.next()) * mean))
  }

  /** By weight, as in `{ kill: 3, pause: 1 }`. */
  choose<T extends string>(weights: Readonly<Record<T, number>>): T {
    const entries = Object.entries(weights) as [T, number][]
    let at = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    return (entries.find(([, weight]) => (at -= weight) < 0) ?? entries[0]!)[0]
  }
}
