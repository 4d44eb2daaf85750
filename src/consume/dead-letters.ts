import { LogflumeError } from '../errors.ts'
import { deadLetter } from './dead-letter.ts'
import type { Lease } from './lease.ts'
import type { Outlet } from './outlet.ts'
import type { DeadRecord } from './transform.ts'

/** Where dead records go, and who hears of them. */
export class DeadLetters {
  readonly #outlets: readonly Outlet[]
  readonly #onDead: (error: LogflumeError) => void

  constructor(outlets: readonly Outlet[], onDead: (error: LogflumeError) => void) {
    this.#outlets = outlets
    this.#onDead = onDead
  }

  /**
   * False where there was no time for it. A sink may refuse a letter: then it is counted and told like one
   * that has none.
   */
  async bury(dead: readonly DeadRecord[], lease: Lease): Promise<boolean> {
    if (this.#outlets.length === 0) return !lease.over
    const letters = dead.map(deadLetter)
    const verdicts = await Promise.all(this.#outlets.map((outlet) => outlet.deliver(letters, lease)))
    return !verdicts.includes('abandoned')
  }

  tell(dead: readonly DeadRecord[]): void {
    const [first] = dead
    if (first === undefined) return
    const { reason, error: cause } = first
    this.#onDead(new LogflumeError('SINK', `${reason}: ${cause.message}`, { cause }))
  }
}
