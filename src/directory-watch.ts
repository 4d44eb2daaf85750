import { watch, type FSWatcher } from 'node:fs'
import { basename } from 'node:path'

/** Milliseconds after which it looks again, whatever the file system told: some tell nothing. */
const LOOK_AGAIN = 1000

/** Tells of files that change in a directory, with their name; without one: anything may have changed. */
export class DirectoryWatch {
  readonly #dir: string
  readonly #onChange: (file: string | undefined) => void
  readonly #timer: NodeJS.Timeout
  #watcher: FSWatcher | undefined
  #holdsProcess = true

  constructor(dir: string, onChange: (file: string | undefined) => void) {
    this.#dir = dir
    this.#onChange = onChange
    this.#watch()
    this.#timer = setInterval(() => {
      if (this.#watcher === undefined) this.#watch()
      onChange(undefined)
    }, LOOK_AGAIN)
  }

  #watch(): void {
    try {
      const watcher = watch(this.#dir, (event, file) => {
        // The directory itself was moved or deleted, and with it what is being watched.
        if (event === 'rename' && file === basename(this.#dir)) this.#unwatch()
        this.#onChange(file ?? undefined)
      })
      watcher.on('error', () => this.#unwatch())
      if (!this.#holdsProcess) watcher.unref()
      this.#watcher = watcher
    } catch {
      // Not there, or no watches left: the timer does.
    }
  }

  #unwatch(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }

  /** From now on it does not keep the process from ending. */
  unref(): this {
    this.#holdsProcess = false
    this.#timer.unref()
    this.#watcher?.unref()
    return this
  }

  close(): void {
    clearInterval(this.#timer)
    this.#unwatch()
  }
}
