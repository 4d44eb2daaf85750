import * as fs from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { newestLink, stateDirectory } from './directory.ts'
import { linkLater, linkSync } from './link.ts'
import type { JournalSettings } from './options.ts'
import { dayOf, nextDay } from './rotation.ts'
import { segmentFile } from './segment.ts'

/** The segment being written. */
export interface OpenSegment {
  readonly file: string
  /** Ordinal of its first line. */
  readonly ordinal: number
  /** When its day is over. */
  readonly endsAt: number
  readonly fd: number
  /** Bytes of the lines that are wholly in the file: where the next write goes. */
  bytes: number
  /** Asynchronous writes that the kernel has not answered yet. */
  writing: number
  /** Another segment took its place; the descriptor closes after the last answer. */
  retired: boolean
}

type Place = Omit<OpenSegment, 'fd'>

const { O_RDWR, O_CREAT } = fs.constants
// Positional writing excludes O_APPEND: Linux would append whatever the position says.
const openFile = promisify(fs.open) as (path: string, flags: number) => Promise<number>

/**
 * Opens segments of one slot: off the app's thread as a rule, synchronously for whoever cannot wait. With
 * `again`, a segment in which writing failed: that one, if it still is what it was, else a new one.
 */
export class SegmentOpener {
  readonly #settings: JournalSettings
  readonly #slot: number
  readonly #now: () => number

  constructor(settings: JournalSettings, slot: number, now: () => number) {
    this.#settings = settings
    this.#slot = slot
    this.#now = now
  }

  async open(ordinal: number, again?: OpenSegment): Promise<OpenSegment> {
    const { dir, name } = this.#settings
    await mkdir(stateDirectory(dir), { recursive: true })
    const size =
      again &&
      (await stat(join(dir, again.file)).then(
        (found) => found.size,
        () => undefined,
      ))
    const { place, flags } = this.#choose(ordinal, again, size)
    const fd = await openFile(join(dir, place.file), flags)
    await linkLater(newestLink(dir, name), place.file)
    return { ...place, fd }
  }

  openSync(ordinal: number, again?: OpenSegment): OpenSegment {
    const { dir, name } = this.#settings
    fs.mkdirSync(stateDirectory(dir), { recursive: true })
    const size = again && fs.statSync(join(dir, again.file), { throwIfNoEntry: false })?.size
    const { place, flags } = this.#choose(ordinal, again, size)
    const fd = fs.openSync(join(dir, place.file), flags)
    linkSync(newestLink(dir, name), place.file)
    return { ...place, fd }
  }

  /** Takes over a segment that an earlier process left, with `bytes` of whole lines in it. */
  continueSync(file: string, ordinal: number, bytes: number): OpenSegment {
    const { rotate } = this.#settings
    const endsAt = nextDay(this.#now(), rotate.zone)
    return this.openSync(ordinal, { file, ordinal, endsAt, fd: -1, bytes, writing: 0, retired: false })
  }

  #choose(
    ordinal: number,
    again: OpenSegment | undefined,
    size: number | undefined,
  ): { place: Place; flags: number } {
    if (again !== undefined && size !== undefined && size >= again.bytes) {
      return { place: { ...again, writing: 0, retired: false }, flags: O_RDWR }
    }
    const { name, rotate } = this.#settings
    const now = this.#now()
    const file = segmentFile(name, this.#slot, ordinal, dayOf(now, rotate.zone))
    const endsAt = nextDay(now, rotate.zone)
    return { place: { file, ordinal, endsAt, bytes: 0, writing: 0, retired: false }, flags: O_RDWR | O_CREAT }
  }
}

/** A descriptor closed under a write would be given to another file, and the write with it. */
export function retire(segment: OpenSegment): void {
  segment.retired = true
  if (segment.writing === 0) fs.close(segment.fd, () => undefined)
}
