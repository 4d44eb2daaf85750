import { setMaxListeners } from 'node:events'
import { sleep } from './sleep.ts'

/**
 * The right to work on some partitions. It is held; then it ends, at the wish of the user or of the group:
 * what is under way may finish, nothing is tried again; and in the end it is over: nobody waits any more.
 */
export class Lease {
  readonly #ending = new AbortController()
  readonly #over = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor() {
    // One listener for each batch under way.
    setMaxListeners(0, this.#ending.signal, this.#over.signal)
  }

  get ending(): boolean {
    return this.#ending.signal.aborted
  }

  get over(): boolean {
    return this.#over.signal.aborted
  }

  /** Aborts when it is over. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** Lets what is under way go on for so many milliseconds. */
  end(within: number): void {
    if (this.ending) return
    this.#ending.abort()
    if (!this.over) this.#timer = setTimeout(() => this.expire(), within)
  }

  /** Waits for nothing any more. */
  expire(): void {
    clearTimeout(this.#timer)
    this.#ending.abort()
    this.#over.abort()
  }

  /** Resolves after so many milliseconds, or when the lease begins to end. */
  sleep(milliseconds: number): Promise<void> {
    return sleep(milliseconds, this.#ending.signal)
  }

  /** Resolves when the lease begins to end. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      this.#ending.signal.addEventListener('abort', () => resolve())
      if (this.ending) resolve()
    })
  }

  /** What the work resolves with; undefined when the lease is over before that. */
  wait<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.signal.removeEventListener('abort', stop)
        resolve(undefined)
      }
      this.signal.addEventListener('abort', stop)
      work.then(resolve, reject).finally(stop)
      if (this.over) stop()
    })
  }
}
