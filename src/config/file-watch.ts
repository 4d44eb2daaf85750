import { realpathSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DirectoryWatch } from '../directory-watch.ts'

/** Milliseconds for which a file has to stay as it is: who writes it may not be done. */
const SETTLED_AFTER = 100

/**
 * Tells when a path leads to something else than before: the file was written, replaced by a rename, or a link
 * on the way to it leads elsewhere, as those of a mounted ConfigMap do; and once at the start, as it may have
 * changed since it was read. Keeps no process alive.
 */
export class FileWatch {
  readonly #path: string
  readonly #onChange: () => void
  #watches: readonly DirectoryWatch[] = []
  #timer: NodeJS.Timeout | undefined
  /** What was there when it was told last, and when it was looked at last. */
  #told: string | undefined
  #seen: string | undefined
  #isLooking = false
  #isClosed = false

  constructor(path: string, onChange: () => void) {
    this.#path = path
    this.#onChange = onChange
    this.#watch()
    this.#lookSoon()
  }

  #watch(): void {
    const dirs = new Set([dirname(this.#path), dirname(realPath(this.#path))])
    for (const watch of this.#watches) watch.close()
    this.#watches = [...dirs].map((dir) => new DirectoryWatch(dir, () => this.#lookSoon()).unref())
  }

  #lookSoon(): void {
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#look()
    }, SETTLED_AFTER).unref()
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    const state = await stateOf(this.#path)
    this.#isLooking = false
    if (this.#isClosed || state === this.#told) return
    const hasSettled = state === this.#seen
    this.#seen = state
    if (!hasSettled) {
      this.#lookSoon()
      return
    }
    this.#told = state
    this.#watch()
    this.#onChange()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const watch of this.#watches) watch.close()
  }
}

/** Changes with whatever is done to the file that the path leads to; undefined where there is none. */
async function stateOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs].join(' ')
  } catch {
    return undefined
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path // which is not there just now
  }
}
