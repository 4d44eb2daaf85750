import { Later } from './later.ts'

/** Milliseconds: what is not done by then, though the event loop turned meanwhile, is on a slow disk. */
const SLOW_AFTER = 50

/** Tells a disk that is slow from an event loop that does not turn: only of the former a write is overdue. */
export class Stopwatch {
  #since: number | undefined
  #overdue = false
  // The timer tells that the loop turned, and the immediate behind it that answers had their chance.
  readonly #later = new Later(SLOW_AFTER, () => setImmediate(() => this.#look()))

  /** Something is under way. */
  start(): void {
    this.#since ??= performance.now()
    this.#later.ask()
  }

  stop(): void {
    this.#since = undefined
    this.#overdue = false
  }

  get running(): boolean {
    return this.#since !== undefined
  }

  get overdue(): boolean {
    return this.#overdue
  }

  #look(): void {
    if (this.#since === undefined) return
    this.#overdue = performance.now() - this.#since >= SLOW_AFTER
    this.#later.ask()
  }
}
