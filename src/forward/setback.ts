import { backoff } from '../retry.ts'

/** Milliseconds before the next try, after so many failures. */
export type Backoff = (failures: number) => number

/** Something that does not work, and is tried again after a while that grows. */
export class Setback {
  failures = 0
  error: Error | undefined
  #until = 0
  #client: unknown
  #withClient = { inARow: 0, since: 0 }
  readonly #delay: Backoff

  constructor(delay: Backoff = backoff) {
    this.#delay = delay
  }

  /** `client` is the one that it failed with. */
  fail(error: Error, client: unknown): void {
    if (this.failures === 0 || client !== this.#client)
      this.#withClient = { inARow: 0, since: performance.now() }
    this.#client = client
    this.#withClient.inARow++
    this.failures++
    this.error = error
    this.#until = performance.now() + this.#delay(this.failures)
  }

  over(): void {
    this.failures = 0
    this.error = undefined
    this.#until = 0
    this.#client = undefined
  }

  /** Milliseconds until the next try. */
  get wait(): number {
    return Math.max(0, this.#until - performance.now())
  }

  /** Failures with the client that it failed with last, and since when, by `performance.now()`. */
  get withClient(): { readonly inARow: number; readonly since: number } {
    return this.#withClient
  }
}
