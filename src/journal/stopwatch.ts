import { Later } from './later.ts'

/** Milliseconds: what takes longer, though the event loop turned meanwhile, is on a slow disk. */
const SLOW_AFTER = 50
/** Milliseconds that nobody waits for a disk after it was slow. */
const WARY_FOR = 10_000

/** Tells a disk that is slow from an event loop that does not turn: only of the former a write is overdue. */
export class Stopwatch {
  #since: number | undefined
  #overdue = false
  #waryUntil = 0
  readonly #waryFor: number
  // The timer tells that the loop turned, and the immediate behind it that answers had their chance.
  readonly #later = new Later(SLOW_AFTER, () => setImmediate(() => this.#look()))

  constructor(waryFor = WARY_FOR) {
    this.#waryFor = waryFor
  }

  /** Something is under way. */
  start(): void {
    this.#since ??= performance.now()
    this.#later.ask()
  }

  stop(): void {
    if (this.#overdue) this.#waryUntil = performance.now() + this.#waryFor
    this.#since = undefined
    this.#overdue = false
  }

  /** Does something that holds the thread, and tells, where it took too long, how many milliseconds it took. */
  time(act: () => void): number | undefined {
    const startedAt = performance.now()
    act()
    const endedAt = performance.now()
    if (endedAt - startedAt < SLOW_AFTER) return undefined
    this.#waryUntil = endedAt + this.#waryFor
    return endedAt - startedAt
  }

  get running(): boolean {
    return this.#since !== undefined
  }

  /** It does not answer. */
  get overdue(): boolean {
    return this.#overdue
  }

  /** It was slow a moment ago, and may be again. */
  get wary(): boolean {
    return this.#overdue || (this.#waryUntil > 0 && performance.now() < this.#waryUntil)
  }

  #look(): void {
    if (this.#since === undefined) return
    this.#overdue = performance.now() - this.#since >= SLOW_AFTER
    this.#later.ask()
  }
}
