import type { DiagnosticHandler } from '../diagnostics.ts'
import { toError } from '../errors.ts'
import { countLines, NEWLINE } from '../lines.ts'
import type { Position } from '../record.ts'
import { backoff } from '../retry.ts'
import type { FileDriver } from './file-driver.ts'
import { Later } from './later.ts'
import { networkFileSystem } from './network-file-system.ts'
import { answered, isSameFile, retire, type OpenSegment } from './open-segment.ts'
import type { JournalSettings } from './options.ts'
import { PlaceWatch, stateNow } from './place-watch.ts'
import { rotationDue } from './rotation.ts'
import { SegmentOpener, UnreadableSegment, type Opening } from './segment-opener.ts'
import { Stopwatch } from './stopwatch.ts'

/** Lines to be written at once. */
export interface Lines {
  readonly bytes: Buffer
  readonly count: number
}

/** Bytes for the lines of one synchronous write: 64 KiB of text as a rule, three bytes a character at most. */
const SCRATCH_BYTES = 256 * 1024

/** Lines on their way into the segment, at a place that is theirs for good. */
interface Write extends Lines {
  /** Bytes that are surely in the file. */
  done: number
}

export interface WriterParts {
  readonly settings: JournalSettings
  /** Where the next segment belongs: the slot that this process holds, by now perhaps another one. */
  readonly slot: (doubted: boolean) => number
  /** Whether the slot is this process's still. */
  readonly mayWrite: () => boolean
  readonly diagnose: DiagnosticHandler
  readonly now: () => number
  readonly files: FileDriver
  /** Bytes that wait, about. */
  readonly waiting: () => number
  /** Takes all that waits: into `scratch`, where that is given and large enough. */
  readonly take: (scratch?: Buffer) => Lines
  /** Lines have reached a segment. */
  readonly onWritten: () => void
  /** A new segment has begun behind this one. */
  readonly onRotated: (previous: OpenSegment) => void
  /** Lines counted as written are gone with their file. */
  readonly onDestroyed: (lines: number) => void
  /** Whether nobody else does: whoever forwards the lines has them, or counts them by their ordinals. */
  readonly countsDestroyed: () => boolean
}

/**
 * Writes what waits into the segments of one slot, one write at a time, until the disk has it.
 *
 * As a rule a write holds the thread, for some microseconds, into the kernel's memory; where the disk is
 * slow, or may be, it is done off the thread, one at a time. Why positional: the place of a line is fixed when
 * its write begins, and bytes at a place never change. So whoever must be sure now (an exit, a fatal line)
 * writes what is under way once more, synchronously, at the same place, and goes on behind it.
 */
export class SegmentWriter {
  readonly #parts: WriterParts
  readonly #files: FileDriver
  /** Whether the thread may wait for the disk, as long as that is quick. */
  readonly #isPatient: boolean
  readonly #fsync: JournalSettings['fsync']
  readonly #opener: SegmentOpener
  readonly #watch: PlaceWatch
  readonly #stopwatch = new Stopwatch()
  readonly #syncing: Later

  /** Made once, as fresh memory for each write costs as much as the write. Nothing of it outlives its write. */
  #scratch: Buffer | undefined
  #segment: OpenSegment | undefined
  /** Segments that are not closed yet, though others took their place. */
  readonly #retiring = new Set<Promise<void>>()
  #opening: object | undefined
  #write: Write | undefined
  #retry: NodeJS.Timeout | undefined
  #failures = 0
  #error: Error | undefined
  #ended = false

  #nextOrdinal = 0
  #onDisk = 0
  #rotations = 0

  constructor(parts: WriterParts) {
    const { settings, slot, now, files } = parts
    this.#parts = parts
    this.#files = files
    const flush = settings.flush ?? (networkFileSystem(settings.dir) === undefined ? 'tick' : 'async')
    // A sync takes milliseconds on any disk.
    this.#isPatient = flush !== 'async' && settings.fsync !== 'write'
    this.#fsync = settings.fsync
    this.#opener = new SegmentOpener(settings, slot, now, files)
    this.#watch = new PlaceWatch({
      dir: settings.dir,
      files,
      segment: () => this.#segment,
      ordinal: () => this.#nextOrdinal,
      onGone: (segment) => this.#onGone(segment),
    })
    this.#syncing = new Later(typeof settings.fsync === 'number' ? settings.fsync : 0, () =>
      this.#syncLater(),
    )
  }

  /** Begins with the line of this ordinal: in a new segment, or behind the lines of the one that is given. */
  start(
    ordinal: number,
    last?: { readonly file: string; readonly ordinal: number; readonly bytes: number },
  ): void {
    this.#nextOrdinal = ordinal
    if (last === undefined) this.#openNow()
    else this.#segment = this.#opener.continueSync(last.file, last.ordinal, { bytes: last.bytes, ordinal })
  }

  /** Where the next line on disk will be. */
  get end(): Position {
    const { ordinal, bytes } = this.#segment ?? { ordinal: this.#nextOrdinal, bytes: 0 }
    return { segment: ordinal, offset: bytes, ordinal: this.#nextOrdinal }
  }

  get segment(): OpenSegment | undefined {
    return this.#segment
  }

  /** Lines written. */
  get onDisk(): number {
    return this.#onDisk
  }

  get rotations(): number {
    return this.#rotations
  }

  /** Why writing does not succeed at present. */
  get error(): Error | undefined {
    return this.#error
  }

  get bytesUnderWay(): number {
    return this.#write?.bytes.length ?? 0
  }

  /** Whether something is under way, or waits before it is tried again. */
  get busy(): boolean {
    return this.#stopwatch.running || this.#retry !== undefined
  }

  /** Whether the disk does not answer, or only with errors, though the event loop would have let it. */
  get slow(): boolean {
    return this.#stopwatch.overdue || this.#retry !== undefined
  }

  /** Whether it waits before it tries again. */
  get pausing(): boolean {
    return this.#retry !== undefined
  }

  /**
   * Writes what waits: at once, so that not even `kill -9` takes it any more; off this thread where the disk
   * was slow lately, or may be.
   */
  write(): void {
    if (!this.#isPatient || this.pausing || this.#stopwatch.wary) {
      this.#begin()
      return
    }
    const took = this.#stopwatch.time(() => this.writeSync())
    if (took === undefined) return
    const { diagnose, settings } = this.#parts
    const message = `journal ${settings.name}: a write took ${Math.round(took)} ms, the next ones are not waited for`
    diagnose({ level: 'info', message })
  }

  /** Writes what waits, off this thread, unless something is under way, at the end of which this is asked again. */
  #begin(): void {
    if (this.#ended || this.#write !== undefined || this.#opening !== undefined || this.pausing) return
    const segment = this.#segment
    // String length stands in for bytes here: a segment may end a little above its size.
    const size = this.#parts.waiting()
    if (size === 0 && !isEndangered(segment)) return
    if (segment === undefined || this.#isOver(segment, size)) this.#open()
    else this.#send((this.#write = this.#take()), segment)
  }

  /** Hands everything to the kernel before it returns. What it does not take waits on. */
  writeSync(): void {
    this.#tryNow(() => {
      if (this.#write !== undefined) this.#writeNow(this.#write)
      if (this.#parts.waiting() === 0) return
      this.#writeNow(this.#take((this.#scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES))))
    })
  }

  /** As `writeSync`; and where it is to be synced at all, it is when this returns. */
  flushSync(): void {
    this.writeSync()
    this.#tryNow(() => {
      this.#watch.lookNow()
      if (isEndangered(this.#segment)) this.#openNow()
      this.#syncNow()
    })
  }

  /**
   * As `flushSync`, for the last moment: what was written is in a file that has its name. A journal that was
   * removed as a whole, with its directory, is not brought back for its last second.
   */
  finishSync(): void {
    this.flushSync()
    this.#tryNow(() => {
      this.#watch.lookNow(true)
      if (!isEndangered(this.#segment)) return
      if (stateNow(this.#parts.settings.dir, this.#files) === undefined) this.#forsake()
      else this.#openNow()
      this.#syncNow()
    })
  }

  #tryNow(act: () => void): void {
    if (this.#ended) return
    try {
      act()
    } catch (thrown) {
      this.#failed(toError(thrown))
    }
  }

  /** The next line begins a new segment, unless this one is empty. */
  rotate(): void {
    this.flushSync()
    if (this.#segment !== undefined) this.#segment.ended = this.#segment.bytes > 0
  }

  /** Gives up what is under way. Resolves when the last descriptor is closed, which a dead disk may never let be. */
  async close(): Promise<void> {
    this.#ended = true
    clearTimeout(this.#retry)
    this.#watch.end()
    this.#syncing.cancel()
    this.#stopwatch.stop()
    this.#write = undefined
    this.#opening = undefined
    if (this.#segment !== undefined) this.#retire(this.#segment, undefined)
    await Promise.all(this.#retiring)
  }

  #take(scratch?: Buffer): Write {
    const { bytes, count } = this.#parts.take(scratch)
    return { bytes, count, done: 0 }
  }

  #isOver(segment: OpenSegment, bytes: number): boolean {
    const { settings, now } = this.#parts
    return segment.gone || rotationDue(segment, bytes, now(), settings.rotate.maxBytes)
  }

  /** Whether somebody else may write this segment by now: then it is left as it is. */
  #isTaken(segment: OpenSegment): boolean {
    if (this.#parts.mayWrite()) return false
    segment.gone = true
    segment.reached = segment.bytes
    return true
  }

  #send(write: Write, segment: OpenSegment): void {
    if (this.#isTaken(segment)) {
      this.#write = this.#unwritten(write)
      this.#open()
      return
    }
    const { bytes, done } = write
    const place = segment.bytes + done
    this.#stopwatch.start()
    segment.reached = Math.max(segment.reached, place + bytes.length - done)
    segment.calls++
    this.#files.write(segment.fd, bytes, done, bytes.length - done, place, (error, written) => {
      answered(segment)
      if (this.#write !== write) return // Somebody could not wait and wrote it synchronously.
      if (error !== null) {
        this.#failed(error)
        return
      }
      if (written === 0) {
        this.#failed(tookNothing())
        return
      }
      write.done += written
      if (write.done < bytes.length) this.#send(write, segment)
      else if (this.#fsync === 'write') this.#sync(write, segment)
      else this.#sent(write, segment)
    })
  }

  #sync(write: Write, segment: OpenSegment): void {
    segment.calls++
    this.#files.fdatasync(segment.fd, (error) => {
      answered(segment)
      if (this.#write !== write) return
      if (error === null) this.#sent(write, segment)
      else this.#failed(error)
    })
  }

  #sent(write: Write, segment: OpenSegment): void {
    this.#finished(write, segment)
    this.#begin()
  }

  #finished(write: Write, segment: OpenSegment): void {
    this.#write = undefined
    this.#stopwatch.stop()
    this.#failures = 0
    this.#account(write.bytes.length, write.count, segment)
    if (this.#error !== undefined) {
      const { diagnose, settings } = this.#parts
      diagnose({ level: 'info', message: `journal ${settings.name}: writing works again` })
      this.#error = undefined
    }
    this.#watch.written()
    if (typeof this.#fsync === 'number') {
      segment.unsynced = true
      this.#syncing.ask()
    }
    this.#parts.onWritten()
  }

  #account(bytes: number, lines: number, segment: OpenSegment): void {
    segment.bytes += bytes
    this.#onDisk += lines
    this.#nextOrdinal += lines
  }

  /** Keeps what is not in the file yet and tries again later, in a segment that may be another one by then. */
  #failed(error: Error): void {
    const { diagnose, settings } = this.#parts
    this.#error = error
    this.#stopwatch.stop()
    diagnose({ level: 'error', message: `journal ${settings.name}: ${error.message}` })
    if (this.#write !== undefined) this.#write = kept(this.#unwritten(this.#write))
    if (error instanceof UnreadableSegment) this.#forsake()
    this.#retry ??= setTimeout(
      () => {
        this.#retry = undefined
        this.#open()
      },
      backoff(++this.#failures, { first: 50, most: 5_000 }),
    )
    // A program that has nothing else to do ends; what waits is then written, or counted, at its exit.
    this.#retry.unref()
  }

  /** What remains of a write that broke off; the whole lines before the break are in the file, and stay there. */
  #unwritten({ bytes, count, done }: Write): Write {
    // Where each write is to be synced, none of it counts: after a failed sync nobody knows what the disk has.
    const whole = done === 0 || this.#fsync === 'write' ? 0 : bytes.lastIndexOf(NEWLINE, done - 1) + 1
    const wholeLines = countLines(bytes.subarray(0, whole))
    if (whole > 0 && this.#segment !== undefined) this.#account(whole, wholeLines, this.#segment)
    return { bytes: bytes.subarray(whole), count: count - wholeLines, done: 0 }
  }

  /** The lines of a deleted segment that were to be taken along are lost, and the next one begins behind them. */
  #forsake(): void {
    const segment = this.#segment
    if (segment === undefined) return
    const lines = this.#nextOrdinal - segment.seen.ordinal
    segment.seen = { bytes: segment.bytes, ordinal: this.#nextOrdinal }
    if (!this.#parts.countsDestroyed()) return
    this.#onDisk -= lines
    this.#parts.onDestroyed(lines)
  }

  /** Opens the place for the next write off this thread, then writes. */
  #open(): void {
    const token = (this.#opening = {})
    this.#stopwatch.start()
    const isWanted = (): boolean => this.#opening === token
    this.#opener.open({ ...this.#next(), isWanted }).then(
      (segment) => {
        if (segment === undefined || !isWanted()) {
          // Somebody could not wait and opened it synchronously.
          if (segment !== undefined) this.#retire(segment, this.#segment)
          return
        }
        this.#opening = undefined
        this.#stopwatch.stop()
        this.#adopt(segment)
        if (this.#write === undefined) this.#begin()
        else this.#send(this.#write, segment)
      },
      (thrown: unknown) => {
        if (!isWanted()) return
        this.#opening = undefined
        this.#failed(toError(thrown))
      },
    )
  }

  #openNow(): OpenSegment {
    this.#opening = undefined
    const segment = this.#opener.openSync({ ...this.#next(), isWanted: () => true })
    this.#adopt(segment)
    return segment
  }

  /** After a failure the same segment will do, unless its time is over anyway. */
  #next(): Omit<Opening, 'isWanted'> {
    const previous = this.#segment
    const size = this.#write?.bytes.length ?? this.#parts.waiting()
    const again = this.#failures > 0 && previous !== undefined && !this.#isOver(previous, size)
    return { ordinal: this.#nextOrdinal, previous, again }
  }

  #adopt(segment: OpenSegment): void {
    const previous = this.#segment
    this.#segment = segment
    if (previous === undefined) return
    this.#retire(previous, segment)
    if (segment.unsynced) this.#syncing.ask()
    if (isSameFile(previous, segment.identity)) return
    this.#rotations++
    this.#parts.onRotated(previous)
  }

  #retire(segment: OpenSegment, successor: OpenSegment | undefined): void {
    const retired = retire(segment, successor, this.#parts.settings, this.#files)
    this.#retiring.add(retired)
    void retired.then(() => this.#retiring.delete(retired))
  }

  #writeNow(asked: Write): void {
    const fresh = this.#write === undefined
    // A new object: whatever is under way for the old one finds that it is not asked for any more.
    let write = (this.#write = { ...asked })
    clearTimeout(this.#retry)
    this.#retry = undefined
    let segment = this.#segment
    // A segment that is just being opened is named by the line that comes next, so it must not come elsewhere.
    const isAwaited = this.#opening !== undefined || this.#failures > 0
    const isLeft = segment !== undefined && this.#isTaken(segment)
    if (
      segment === undefined ||
      isLeft ||
      isAwaited ||
      (fresh && this.#isOver(segment, write.bytes.length))
    ) {
      // Whole lines that are in the present one are not taken out of it again: somebody may have read them.
      write = this.#write = this.#unwritten(write)
      segment = this.#openNow()
    }
    const { bytes } = write
    segment.reached = Math.max(segment.reached, segment.bytes + bytes.length)
    while (write.done < bytes.length) {
      const place = segment.bytes + write.done
      const written = this.#files.writeSync(segment.fd, bytes, write.done, bytes.length - write.done, place)
      if (written === 0) throw tookNothing()
      write.done += written
    }
    if (this.#fsync === 'write') this.#files.fdatasyncSync(segment.fd)
    this.#finished(write, segment)
  }

  #syncNow(): void {
    const segment = this.#segment
    if (segment?.unsynced !== true) return
    this.#files.fdatasyncSync(segment.fd)
    segment.unsynced = false
  }

  #onGone({ file }: OpenSegment): void {
    const { diagnose, settings } = this.#parts
    const message = `journal ${settings.name}: ${file} was deleted or moved while it was written`
    diagnose({ level: 'warn', message })
    // Later, since whoever looks may be in the middle of something.
    setImmediate(() => this.#begin())
  }

  #syncLater(): void {
    const segment = this.#segment
    if (segment?.unsynced !== true) return
    segment.unsynced = false
    segment.calls++
    this.#files.fdatasync(segment.fd, (error) => {
      if (error !== null) {
        const { diagnose, settings } = this.#parts
        diagnose({ level: 'error', message: `journal ${settings.name}: ${error.message}` })
        segment.unsynced = true
        if (!this.#ended) this.#syncing.ask()
      }
      answered(segment)
    })
  }
}

/** Whether lines were written to a file that has no name any more. */
function isEndangered(segment: OpenSegment | undefined): boolean {
  return segment?.gone === true && segment.bytes > segment.seen.bytes
}

/** With bytes of its own. */
function kept({ bytes, count, done }: Write): Write {
  return { bytes: Buffer.from(bytes), count, done }
}

function tookNothing(): Error {
  return new Error('the disk takes nothing, and gives no reason')
}
