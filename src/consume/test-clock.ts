import { setImmediate } from 'node:timers/promises'
import type { Clock } from './clock.ts'

/** A clock that stands still until it is told. */
export class TestClock implements Clock {
  #now = 0
  readonly #timers = new Set<{ readonly at: number; readonly call: () => void }>()

  now(): number {
    return this.#now
  }

  after(milliseconds: number, call: () => void): () => void {
    const timer = { at: this.#now + milliseconds, call }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Calls what is due meanwhile, each at its time and when what came before is done. */
  async pass(milliseconds: number, idle: () => Promise<void>): Promise<void> {
    const end = this.#now + milliseconds
    for (;;) {
      await idle()
      await setImmediate()
      const [next] = [...this.#timers].sort((one, other) => one.at - other.at)
      if (next === undefined || next.at > end) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.call()
    }
    this.#now = end
  }
}
