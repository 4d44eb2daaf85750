import type { FileDriver, FileState } from './file-driver.ts'
import type { JournalSettings } from './options.ts'
import type { Rotatable } from './rotation.ts'

/** The segment being written. */
export interface OpenSegment extends Rotatable {
  readonly file: string
  /** Ordinal of its first line. */
  readonly ordinal: number
  readonly fd: number
  /** The file that `fd` writes to, whatever has the name meanwhile. */
  readonly identity: Pick<FileState, 'dev' | 'ino'>
  /** Bytes of the lines that are wholly in the file: where the next write goes. */
  bytes: number
  ended: boolean
  /** What was in it when it was last seen in its place. What came later is in danger if it is there no more. */
  seen: Mark
  /** Not in its place any more: somebody deleted it, or moved it or its directory. */
  gone: boolean
  /** Where the furthest write ends, done or not. */
  reached: number
  /** The disk has not been told to keep all of it. */
  unsynced: boolean
  /** Asynchronous calls on `fd` that the kernel has not answered yet. */
  calls: number
  /** Another segment took its place: called after the last answer. */
  retired: (() => void) | undefined
}

/** A place between two lines of a segment. */
export interface Mark {
  readonly bytes: number
  readonly ordinal: number
}

export function isSameFile({ identity }: OpenSegment, found: OpenSegment['identity'] | undefined): boolean {
  return found?.dev === identity.dev && found.ino === identity.ino
}

/** To be called when an asynchronous call on the segment's descriptor is answered. */
export function answered(segment: OpenSegment): void {
  segment.calls--
  if (segment.calls === 0) segment.retired?.()
}

/**
 * Closes a segment that is written no more, once nothing is under way in it: a descriptor closed under a
 * write would be given to another file, and the write with it. What a write left behind the last line that
 * counts is cut off, since that line is or will be in the next segment.
 */
export function retire(
  segment: OpenSegment,
  successor: OpenSegment | undefined,
  { fsync }: Pick<JournalSettings, 'fsync'>,
  files: FileDriver,
): Promise<void> {
  const { fd } = segment
  const cut = segment.reached > segment.bytes && !isSameFile(segment, successor?.identity)
  const sync = segment.unsynced && fsync !== 'never'
  return new Promise((resolve) => {
    const close = (): void => files.close(fd, () => resolve())
    const keep = sync ? (): void => files.fdatasync(fd, close) : close
    segment.retired = cut ? (): void => files.ftruncate(fd, segment.bytes, keep) : keep
    if (segment.calls === 0) segment.retired()
  })
}
