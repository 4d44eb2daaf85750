import * as fs from 'node:fs'
import { open as openDirectory } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stateDirectory } from './directory.ts'
import type { FileDriver, FileState } from './file-driver.ts'
import { linkLater, linkSync } from './link.ts'
import { isSameFile, type Mark, type OpenSegment } from './open-segment.ts'
import type { JournalSettings } from './options.ts'
import { absent, stateNow } from './place-watch.ts'
import { periodOf, type Rotatable } from './rotation.ts'
import { segmentFile } from './segment.ts'

/** What is to be opened. */
export interface Opening {
  /** Ordinal of the next line. */
  readonly ordinal: number
  /** The segment written so far. */
  readonly previous: OpenSegment | undefined
  /** Whether the previous one will do, if it still is what it was: writing in it failed. */
  readonly again: boolean
  /** False: somebody else has opened what is needed meanwhile, and `previous` may be closed. */
  readonly isWanted: () => boolean
}

interface Name {
  readonly file: string
  readonly ordinal: number
  readonly period: Omit<Rotatable, 'bytes' | 'ended'>
}

/** What an opening came to. */
interface Choice extends Name {
  /** What is in it already. */
  readonly content: Mark
  /** Where the lines to be taken along begin in the previous segment. */
  readonly rescueFrom: Mark | undefined
  readonly isNew: boolean
}

const { O_RDWR, O_CREAT } = fs.constants
const COPY_BYTES = 1024 * 1024

/** The lines of a segment that was deleted while it was written cannot be read any more. */
export class UnreadableSegment extends Error {}

/**
 * Opens segments of one slot: off the app's thread as a rule, synchronously for whoever cannot wait.
 *
 * A segment that somebody deleted under the writer takes the lines along that were written to it since it
 * was last seen: the next one begins with them, copied through the descriptor that still reads them. A
 * segment that was moved has its lines still, elsewhere; they are not doubled.
 */
export class SegmentOpener {
  readonly #settings: JournalSettings
  readonly #slot: (doubted: boolean) => number
  readonly #now: () => number
  readonly #files: FileDriver
  /** With the slot that it was named for. */
  #named: readonly [slot: number, name: Name] | undefined

  /** @param slot where the next segment belongs; doubted where the directory may be another one */
  constructor(
    settings: JournalSettings,
    slot: (doubted: boolean) => number,
    now: () => number,
    files: FileDriver,
  ) {
    this.#settings = settings
    this.#slot = slot
    this.#now = now
    this.#files = files
  }

  /** Undefined where it was not wanted any more. */
  async open(opening: Opening): Promise<OpenSegment | undefined> {
    const { dir } = this.#settings
    const { mkdir, stat, open, close } = this.#files
    await promisify(mkdir)(stateDirectory(dir), { recursive: true })
    const found = opening.previous && (await promisify(stat)(this.#path(opening.previous)).catch(absent))
    if (!opening.isWanted()) return undefined
    const choice = this.#choose(opening, found)
    const fd = await promisify(open)(join(dir, choice.file), choice.isNew ? O_RDWR | O_CREAT : O_RDWR)
    if (!opening.isWanted()) {
      close(fd, () => undefined)
      return undefined
    }
    const segment = this.#opened(choice, opening, fd)
    if (choice.isNew) {
      if (this.#settings.fsync !== 'never') await syncDirectory(dir)
      await linkLater(this.#newest(segment))
    }
    return segment
  }

  openSync(opening: Opening): OpenSegment {
    const { dir } = this.#settings
    this.#files.mkdirSync(stateDirectory(dir), { recursive: true })
    const choice = this.#choose(
      opening,
      opening.previous && stateNow(this.#path(opening.previous), this.#files),
    )
    const fd = this.#files.openSync(join(dir, choice.file), choice.isNew ? O_RDWR | O_CREAT : O_RDWR)
    const segment = this.#opened(choice, opening, fd)
    if (choice.isNew) {
      if (this.#settings.fsync !== 'never') syncDirectorySync(dir)
      linkSync(this.#newest(segment))
    }
    return segment
  }

  /** Takes over a segment that an earlier process left, with `content` in it. */
  continueSync(file: string, ordinal: number, content: Mark): OpenSegment {
    const { dir, rotate } = this.#settings
    const fd = this.#files.openSync(join(dir, file), O_RDWR)
    const choice = { file, ordinal, content, period: periodOf(this.#now(), rotate), isNew: false }
    const segment = this.#opened({ ...choice, rescueFrom: undefined }, undefined, fd)
    linkSync(this.#newest(segment))
    return segment
  }

  #choose({ ordinal, previous, again }: Opening, found: FileState | undefined): Choice {
    const inPlace = previous !== undefined && isSameFile(previous, found)
    if (inPlace && again && found !== undefined && found.size >= previous.bytes) {
      const content = { bytes: previous.bytes, ordinal }
      return { ...previous, period: previous, content, rescueFrom: undefined, isNew: false }
    }
    if (previous !== undefined) previous.gone ||= !inPlace
    const rescueFrom = previous?.gone === true ? this.#endangered(previous) : undefined
    const first = rescueFrom?.ordinal ?? ordinal
    const { file, period } = this.#name(first, previous?.gone === true)
    return { file, ordinal: first, period, content: { bytes: 0, ordinal: first }, rescueFrom, isNew: true }
  }

  /** Of two files with one ordinal a reader would see but one, so there is one name for it, whatever the clock does. */
  #name(ordinal: number, doubted: boolean): Name {
    const slot = this.#slot(doubted)
    const [namedFor, named] = this.#named ?? []
    if (named?.ordinal === ordinal && namedFor === slot) return named
    const { name, rotate } = this.#settings
    const period = periodOf(this.#now(), rotate)
    const next = { ordinal, period, file: segmentFile(name, slot, ordinal, period.name) }
    this.#named = [slot, next]
    return next
  }

  /** Where the lines begin that are in no file any more that has a name. */
  #endangered({ fd, bytes, seen }: OpenSegment): Mark | undefined {
    return bytes > seen.bytes && this.#files.fstatSync(fd).nlink === 0 ? seen : undefined
  }

  #opened(choice: Choice, opening: Opening | undefined, fd: number): OpenSegment {
    const { file, ordinal, content, period, rescueFrom } = choice
    const { fsync } = this.#settings
    const previous = opening?.previous
    try {
      const rescued = previous && rescueFrom ? this.#copy(previous, rescueFrom.bytes, fd) : 0
      return {
        file,
        ordinal,
        fd,
        identity: this.#files.fstatSync(fd),
        beginsAt: period.beginsAt,
        endsAt: period.endsAt,
        ended: false,
        bytes: content.bytes + rescued,
        seen: rescued > 0 && opening ? { bytes: rescued, ordinal: opening.ordinal } : content,
        gone: false,
        reached: choice.isNew ? rescued : Math.max(content.bytes, previous?.reached ?? 0),
        unsynced: choice.isNew ? rescued > 0 && fsync !== 'never' : previous?.unsynced === true,
        calls: 0,
        retired: undefined,
      }
    } catch (thrown) {
      this.#files.closeSync(fd)
      throw thrown
    }
  }

  /** About a second of lines, once, after a disaster: not worth a second, asynchronous way of doing it. */
  #copy({ fd: from, bytes: end }: OpenSegment, start: number, to: number): number {
    const buffer = Buffer.allocUnsafe(Math.min(COPY_BYTES, end - start))
    for (let at = start; at < end;) {
      const length = this.#read(from, buffer, Math.min(buffer.length, end - at), at)
      for (let done = 0; done < length;) {
        const written = this.#files.writeSync(to, buffer, done, length - done, at - start + done)
        if (written === 0) throw new Error('the disk takes nothing')
        done += written
      }
      at += length
    }
    return end - start
  }

  #read(fd: number, buffer: Buffer, length: number, position: number): number {
    let read = 0
    try {
      read = this.#files.readSync(fd, buffer, 0, length, position)
    } catch (thrown) {
      throw new UnreadableSegment('a deleted segment cannot be read', { cause: thrown })
    }
    if (read === 0) throw new UnreadableSegment('a deleted segment has lost its end')
    return read
  }

  #path({ file }: OpenSegment): string {
    return join(this.#settings.dir, file)
  }

  #newest({ file }: OpenSegment): Parameters<typeof linkSync>[0] {
    const { dir, name } = this.#settings
    return { dir, name, slot: this.#slot(false), file }
  }
}

/** A file is found again after a loss of power only if its directory was synced as well. */
async function syncDirectory(dir: string): Promise<void> {
  const directory = await openDirectory(dir, 'r')
  await directory.sync().finally(() => directory.close())
}

function syncDirectorySync(dir: string): void {
  const fd = fs.openSync(dir, 'r')
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}
