/** Lets one loop sleep until another part says that something changed. Saying so early is not lost. */
export class Signal {
  #raised = false
  #wake: (() => void) | undefined

  raise(): void {
    this.#raised = true
    this.#wake?.()
  }

  /** @param within milliseconds after which the sleep is over in any case. @default none */
  async wait(within?: number): Promise<void> {
    if (!this.#raised) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        if (within !== undefined) timer = setTimeout(resolve, within)
      })
      clearTimeout(timer)
    }
    this.#wake = undefined
    this.#raised = false
  }
}
