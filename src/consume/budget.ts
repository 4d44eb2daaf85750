/** Bytes that all partitions together may hold for sinks that gather. */
export class Budget {
  readonly #most: number
  #used = 0
  #records = 0
  readonly #waiting = new Set<() => void>()

  constructor(most: number) {
    this.#most = most
  }

  get used(): { readonly records: number; readonly bytes: number } {
    return { records: this.#records, bytes: this.#used }
  }

  get isSpent(): boolean {
    return this.#used >= this.#most
  }

  take(bytes: number, records: number): void {
    this.#used += bytes
    this.#records += records
  }

  give(bytes: number, records: number): void {
    this.#used -= bytes
    this.#records -= records
    if (this.isSpent) return
    for (const go of [...this.#waiting]) go()
  }

  /** Resolves when there is room, or the signal aborts. */
  room(signal: AbortSignal): Promise<void> {
    if (!this.isSpent || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const go = (): void => {
        this.#waiting.delete(go)
        signal.removeEventListener('abort', go)
        resolve()
      }
      this.#waiting.add(go)
      signal.addEventListener('abort', go)
    })
  }
}
