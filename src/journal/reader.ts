import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { toError } from '../errors.ts'
import { countLines, NEWLINE } from '../lines.ts'
import { LossCounter } from '../losses.ts'
import type { Losses, Position } from '../record.ts'
import { openContent, type SegmentContent } from './segment-content.ts'
import { parseSegments, type Segment } from './segment.ts'

/** Bytes above which something without a newline is no line but damage; it is skipped and counted. */
const MAX_LINE_BYTES = 16 * 1024 * 1024

export interface JournalReaderOptions {
  readonly dir: string
  readonly name: string
  readonly slot: number
  /** Where to begin. 'latest' is behind what is there now. @default 'earliest' */
  readonly from?: Position | 'earliest' | 'latest'
  /**
   * The newest segment's ordinal, where the caller knows it: at the end of that segment there is no need to
   * look for another one.
   */
  readonly newest?: () => number | undefined
}

/** A run of whole lines of one segment. */
export interface Block {
  /** Ends in a newline. Valid until the next call of `read`. */
  readonly bytes: Buffer
  readonly from: Position
  /** Where the next block begins, unless that is in another segment. */
  readonly to: Position
  readonly lines: number
}

/** The slots of a name that have segments in a directory, in order. */
export async function listSlots(dir: string, name: string): Promise<number[]> {
  return [...new Set(parseSegments(name, await readdir(dir)).map(({ slot }) => slot))]
}

/**
 * Reads one journal in order, from a position, while it is being written, by whatever process.
 *
 * Only whole lines are taken, and bytes in front of a newline never change, so nothing needs to be agreed
 * with the writer. A segment is at its end when a newer one exists and another look finds nothing more.
 */
export class JournalReader {
  readonly #options: JournalReaderOptions
  readonly #lost = new LossCounter()
  #position: Position
  #content: SegmentContent | undefined
  #buffer = Buffer.allocUnsafeSlow(0)
  #superseded = false
  #skipping = false
  /** Lines ahead that were read in the segment before. */
  #repeated = 0

  private constructor(options: JournalReaderOptions, position: Position) {
    this.#options = options
    this.#position = position
  }

  static async open(options: JournalReaderOptions): Promise<JournalReader> {
    const { from = 'earliest' } = options
    if (typeof from === 'object') return new JournalReader(options, from)
    const reader = new JournalReader(options, { segment: 0, offset: 0, ordinal: 0 })
    const segments = await reader.#segments()
    const first = from === 'earliest' ? segments[0] : segments.at(-1)
    if (first !== undefined) reader.#position = { segment: first.ordinal, offset: 0, ordinal: first.ordinal }
    if (from === 'latest') while ((await reader.read(1024 * 1024)) !== undefined);
    return reader
  }

  /** Where the next block begins. */
  get position(): Position {
    return this.#position
  }

  /** Lines that were gone or damaged when their turn came. */
  get lost(): Losses {
    return this.#lost.snapshot()
  }

  get lostTotal(): number {
    return this.#lost.total
  }

  /** Goes on from another place. */
  async seek(position: Position): Promise<void> {
    await this.close()
    this.#repeated = 0
    this.#position = position
  }

  /** The next whole lines, about `maxBytes` at most (a longer single line excepted); undefined: no more now. */
  async read(maxBytes: number): Promise<Block | undefined> {
    for (;;) {
      if (this.#content === undefined && !(await this.#openSegment())) return undefined
      const block = await this.#readBlock(maxBytes)
      if (block !== undefined) return block
      if (this.#superseded) {
        await this.#nextSegment()
      } else if (await this.#content?.isReplaced()) {
        // Deleted before its first line was seen in its place: the next one has its name, and begins like it.
        await this.close()
      } else if (this.#options.newest?.() === this.#position.segment || !(await this.#isSuperseded())) {
        return undefined
      }
    }
  }

  async #readBlock(maxBytes: number): Promise<Block | undefined> {
    let want = maxBytes
    for (;;) {
      if (this.#buffer.length < want) this.#buffer = Buffer.allocUnsafeSlow(want)
      const from = this.#position
      const bytesRead = (await this.#content?.read(this.#buffer, want, from.offset)) ?? 0
      if (bytesRead === 0) return undefined
      const end = this.#buffer.lastIndexOf(NEWLINE, bytesRead - 1) + 1
      if (this.#skipping || (end === 0 && bytesRead >= MAX_LINE_BYTES)) {
        if (this.#skipDamage(bytesRead)) continue
        return undefined
      }
      if (end > 0) {
        // Looking for the end of a long line must not make a block of more lines than were asked for.
        const cut = want === maxBytes ? end : this.#buffer.indexOf(NEWLINE) + 1
        const block = this.#take(this.#buffer.subarray(0, cut))
        if (block === undefined) continue
        return block
      }
      if (bytesRead < want) return undefined
      want = Math.min(want * 2, MAX_LINE_BYTES)
    }
  }

  #take(bytes: Buffer): Block | undefined {
    while (this.#repeated > 0 && bytes.length > 0) {
      const line = bytes.indexOf(NEWLINE) + 1
      const { segment, offset, ordinal } = this.#position
      this.#position = { segment, offset: offset + line, ordinal: ordinal + 1 }
      this.#repeated--
      bytes = bytes.subarray(line)
    }
    if (bytes.length === 0) return undefined
    const from = this.#position
    const lines = countLines(bytes)
    const to = { segment: from.segment, offset: from.offset + bytes.length, ordinal: from.ordinal + lines }
    this.#position = to
    return { bytes, from, to, lines }
  }

  /** Moves past bytes that belong to no line, up to the first newline. */
  #skipDamage(bytesRead: number): boolean {
    const { segment, offset, ordinal } = this.#position
    const newline = this.#buffer.subarray(0, bytesRead).indexOf(NEWLINE)
    this.#skipping = newline === -1
    if (newline === -1) {
      this.#position = { segment, offset: offset + bytesRead, ordinal }
    } else {
      this.#position = { segment, offset: offset + newline + 1, ordinal: ordinal + 1 }
      this.#lost.add('line too long', 1)
    }
    return true
  }

  async #isSuperseded(): Promise<boolean> {
    const newest = (await this.#segments()).at(-1)
    // True sends the caller around once more: the last lines may have been written while we were looking.
    this.#superseded = newest !== undefined && newest.ordinal > this.#position.segment
    return this.#superseded
  }

  async #nextSegment(): Promise<void> {
    const damaged = this.#content?.damage !== undefined
    await this.close()
    const next = (await this.#segments()).find(({ ordinal }) => ordinal > this.#position.segment)
    if (next !== undefined) this.#enter(next, damaged ? 'damaged' : 'deleted before it was read')
  }

  async #openSegment(): Promise<boolean> {
    const segments = await this.#segments()
    const wanted = this.#position.segment
    const segment = segments.find(({ ordinal }) => ordinal >= wanted)
    if (segment === undefined) return false
    if (segment.ordinal > wanted) this.#enter(segment, 'deleted before it was read')
    try {
      this.#content = await openContent(join(this.#options.dir, segment.file), segment.compression)
      return true
    } catch (thrown) {
      // Deleted between listing and opening: the next look finds its successor.
      if ((toError(thrown) as NodeJS.ErrnoException).code === 'ENOENT') return this.#openSegment()
      throw thrown
    }
  }

  /** A segment's name tells which line it begins with, and so how many are missing before it. */
  #enter({ ordinal }: Segment, reason: string): void {
    const missing = ordinal - this.#position.ordinal
    if (missing > 0) this.#lost.add(reason, missing)
    // A segment deleted under its writer: the next one begins with its last lines, which may be known.
    this.#repeated = Math.max(0, -missing)
    this.#position = { segment: ordinal, offset: 0, ordinal }
    this.#skipping = false
  }

  async #segments(): Promise<Segment[]> {
    const { dir, name, slot } = this.#options
    return parseSegments(name, await readdir(dir)).filter((segment) => segment.slot === slot)
  }

  /**
   * Lines from the position on: exact in all segments but the newest, whose names say it; in the newest about
   * as many as there are bytes for.
   */
  async linesBehind(): Promise<number> {
    const newest = (await this.#segments()).at(-1)
    if (newest === undefined) return 0
    const { segment, offset, ordinal } = this.#position
    const isThere = newest.ordinal <= segment
    const { size } = await stat(join(this.#options.dir, newest.file))
    const bytes = Math.max(0, size - (isThere ? offset : 0))
    const perLine = ordinal > segment ? offset / (ordinal - segment) : 200
    const lines = bytes === 0 ? 0 : Math.max(1, Math.round(bytes / perLine))
    return lines + (isThere ? 0 : Math.max(0, newest.ordinal - ordinal))
  }

  async close(): Promise<void> {
    const content = this.#content
    this.#content = undefined
    this.#superseded = false
    await content?.close()
  }
}
