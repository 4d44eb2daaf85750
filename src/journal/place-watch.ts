import { join } from 'node:path'
import type { FileDriver, FileState } from './file-driver.ts'
import { Later } from './later.ts'
import { isSameFile, type Mark, type OpenSegment } from './open-segment.ts'

/** Milliseconds from a write until somebody looks whether the file is still in its place. */
const LOOK_AFTER = 1000

export interface WatchParts {
  readonly dir: string
  readonly files: FileDriver
  readonly segment: () => OpenSegment | undefined
  /** Ordinal of the next line. */
  readonly ordinal: () => number
  /** The segment is not in its place any more. */
  readonly onGone: (segment: OpenSegment) => void
}

/**
 * Sees whether the segment that is being written is in its place. A file that was deleted or moved takes
 * writes as ever: only who looks for it by its name finds out.
 */
export class PlaceWatch {
  readonly #parts: WatchParts
  readonly #later = new Later(LOOK_AFTER, () => this.#look())
  #lookedAt = performance.now()
  #ended = false

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  /** Something was written: it is looked for in a while. */
  written(): void {
    this.#later.ask()
  }

  #look(): void {
    const { segment: current, ordinal, files } = this.#parts
    const segment = current()
    if (segment === undefined || segment.gone) return
    const mark = { bytes: segment.bytes, ordinal: ordinal() }
    files.stat(this.#path(segment), (error, found) => {
      if (current() !== segment || this.#ended) return
      if (error === null) this.#found(segment, found, mark)
      else if (isAbsent(error)) this.#found(segment, undefined, mark)
      else this.#later.ask() // It cannot be told now.
    })
  }

  /** Looks synchronously, unless somebody did a moment ago; `evenSo`, in any case. */
  lookNow(evenSo = false): void {
    const { segment: current, ordinal, files } = this.#parts
    const segment = current()
    if (segment === undefined || segment.gone) return
    if (!evenSo && performance.now() - this.#lookedAt < LOOK_AFTER) return
    const mark = { bytes: segment.bytes, ordinal: ordinal() }
    this.#found(segment, stateNow(this.#path(segment), files), mark)
  }

  #found(segment: OpenSegment, found: FileState | undefined, mark: Mark): void {
    this.#lookedAt = performance.now()
    segment.gone ||= !isSameFile(segment, found)
    if (segment.gone) this.#parts.onGone(segment)
    else segment.seen = mark
  }

  end(): void {
    this.#ended = true
    this.#later.cancel()
  }

  #path({ file }: OpenSegment): string {
    return join(this.#parts.dir, file)
  }
}

/** Undefined where there is no such file. */
export function stateNow(path: string, files: FileDriver): FileState | undefined {
  try {
    return files.statSync(path)
  } catch (thrown) {
    absent(thrown)
    return undefined
  }
}

/** Passes over a failed look that tells that there is no such file; any other failure tells nothing. */
export function absent(thrown: unknown): undefined {
  if (!isAbsent(thrown)) throw thrown
}

function isAbsent(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return code === 'ENOENT' || code === 'ENOTDIR'
}
