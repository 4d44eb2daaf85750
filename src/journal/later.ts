/**
 * Does something once, a while after it was first asked for. So nothing runs while nobody asks, and a program
 * that has nothing else to do ends without waiting for it.
 */
export class Later {
  readonly #after: number
  readonly #act: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param after milliseconds */
  constructor(after: number, act: () => void) {
    this.#after = after
    this.#act = act
  }

  ask(): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#act()
    }, this.#after)
    this.#timer.unref()
  }

  cancel(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
