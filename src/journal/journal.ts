import * as fs from 'node:fs'
import { join } from 'node:path'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { LogflumeError, toError } from '../errors.ts'
import { countLines, NEWLINE } from '../lines.ts'
import { LossCounter } from '../losses.ts'
import type { Losses, Position } from '../record.ts'
import { backoff } from '../retry.ts'
import { tornFile } from './directory.ts'
import { keepUntilExit, letGo } from './exit.ts'
import { claimSlot, type SlotLock } from './lock.ts'
import { retire, SegmentOpener, type OpenSegment } from './open-segment.ts'
import type { JournalSettings } from './options.ts'
import { recoverSegment } from './recover.ts'
import { Retention } from './retain.ts'
import { dayOf, rotationDue } from './rotation.ts'
import { parseSegments } from './segment.ts'

/** Bytes of waiting lines at which a write begins at once instead of at the end of the tick. */
const WRITE_AT = 64 * 1024
/** Bytes of waiting lines behind a write under way at which the journal asks why that is not done yet. */
const STALLED_AT = 1024 * 1024
/** Milliseconds: a write that is not done by then, though the event loop turned meanwhile, is a slow disk. */
const SLOW_AFTER = 50

/** 'exiting': the process is about to end, each line is on disk before `append` returns. */
type State = 'open' | 'exiting' | 'closed'

/** Lines on their way into the segment, at a place that is theirs for good. */
interface Write {
  readonly bytes: Buffer
  readonly lines: number
  readonly startedAt: number
  /** Bytes that are surely in the file. */
  done: number
}

export interface JournalStats {
  /** The segment being written. */
  readonly file: string
  /** Segments on disk, this one included. */
  readonly segments: number
  readonly rotations: number
  /** Half lines of an earlier process that were cut off at start. */
  readonly torn: number
  /** Why writing does not succeed at present. */
  readonly error: string | undefined
  readonly written: number
  readonly onDisk: number
  readonly lost: Losses
  readonly lostTotal: number
  readonly bufferedBytes: number
}

/**
 * The rotated files of one process under one name. A call costs a string concatenation; the bytes leave in
 * one positional write at a time, at the end of the tick or when 64 KiB wait.
 *
 * Why positional: the place of a line is fixed when its write begins, and bytes at a place never change. So
 * whoever must be sure now (an exit, a fatal line, a tick that logs megabytes) writes what is under way once
 * more, synchronously, at the same place, and goes on behind it, without waiting for anybody.
 */
export class Journal {
  readonly slot: number
  /** Called when bytes have reached a segment. */
  onWrite: () => void = () => undefined
  /** Ordinal of the first line in a slot that Kafka may lack; Infinity where no Kafka is meant to have any. */
  sparedFrom: (slot: number) => number = () => Infinity

  readonly #settings: JournalSettings
  readonly #diagnose: DiagnosticHandler
  readonly #now: () => number
  readonly #lock: SlotLock
  readonly #opener: SegmentOpener
  readonly #retention: Retention
  readonly #stalledAt: number
  #state: State = 'open'
  #closing = false

  #waiting = ''
  #waitingLines = 0
  /** Length of `#waiting` from which on `append` has to ask. */
  #askAt = WRITE_AT
  #ticking = false
  #tickedAt = 0

  #segment: OpenSegment | undefined
  #opening: object | undefined
  #write: Write | undefined
  #retry: NodeJS.Timeout | undefined
  #failures = 0
  /** Lines are being lost, and that has been told. */
  #dropping = false
  #error: Error | undefined

  #nextOrdinal = 0
  #written = 0
  #onDisk = 0
  readonly #lost = new LossCounter()
  #segments = 0
  #rotations = 0
  #torn = 0
  #flushes: { readonly target: number; readonly resolve: () => void }[] = []

  /** Claims a slot and opens its segment, synchronously: after this, lines have a place to go. */
  constructor(settings: JournalSettings, diagnose: DiagnosticHandler, now: () => number = Date.now) {
    this.#settings = settings
    this.#diagnose = diagnose
    this.#now = now
    this.#stalledAt = Math.min(STALLED_AT, settings.maxBufferBytes / 4)
    this.#lock = this.#try(() => claimSlot(settings.dir, settings.name))
    this.slot = this.#lock.slot
    this.#opener = new SegmentOpener(settings, this.slot, now)
    try {
      this.#try(() => this.#continue())
    } catch (thrown) {
      this.#lock.release()
      throw thrown
    }
    this.#retention = new Retention({
      settings,
      slot: this.slot,
      diagnose,
      now,
      active: () => this.#segment,
      sparedFrom: (slot) => this.sparedFrom(slot),
    })
    this.#retention.begin()
    keepUntilExit(this)
  }

  /** Goes on where the slot's last owner stopped: in its last segment, if that has room and is of today. */
  #continue(): void {
    const { dir, name, rotate } = this.#settings
    const segments = parseSegments(name, fs.readdirSync(dir)).filter(({ slot }) => slot === this.slot)
    this.#segments = segments.length
    const last = segments.at(-1)
    if (last === undefined) {
      this.#openSync()
      return
    }
    const { bytes, lines, torn } = recoverSegment(join(dir, last.file), tornFile(dir, name, this.slot))
    this.#nextOrdinal = last.ordinal + lines
    if (torn > 0) {
      this.#torn++
      this.#diagnose({
        level: 'warn',
        message: `cut a half line of ${torn} bytes off the end of ${last.file}`,
      })
    }
    const today = !rotate.daily || last.date === dayOf(this.#now(), rotate.zone)
    if (today && bytes < rotate.maxBytes) {
      this.#segments--
      this.#adopt(this.#opener.continueSync(last.file, last.ordinal, bytes))
    } else {
      if (lines === 0) fs.rmSync(join(dir, last.file)) // It would keep its ordinal from today's segment.
      this.#openSync()
    }
  }

  #try<T>(open: () => T): T {
    try {
      return open()
    } catch (thrown) {
      const { dir, name } = this.#settings
      const cause = toError(thrown)
      throw new LogflumeError('JOURNAL', `cannot open journal ${name} in ${dir}: ${cause.message}`, { cause })
    }
  }

  /** Where the next line on disk will be. */
  get end(): Position {
    const { ordinal, bytes } = this.#segment ?? { ordinal: this.#nextOrdinal, bytes: 0 }
    return { segment: ordinal, offset: bytes, ordinal: this.#nextOrdinal }
  }

  append(line: string): void {
    this.#written++
    if (this.#waiting.length >= this.#askAt && !this.#makeRoom()) return
    this.#waiting += line
    this.#waitingLines++
    if (!this.#ticking) this.#tick()
  }

  #tick(): void {
    if (this.#state === 'exiting') {
      this.flushSync()
      return
    }
    this.#ticking = true
    setImmediate(() => {
      this.#ticking = false
      this.#tickedAt = performance.now()
      this.#startWrite()
    })
  }

  /** Much is waiting: see that it gets written, or why it cannot be. False: the line had to be dropped. */
  #makeRoom(): boolean {
    if (this.#state === 'closed') return this.#drop('logged after close')
    if (this.#state === 'exiting') return true
    this.#startWrite()
    if (this.#waiting.length < this.#stalledAt) {
      this.#askAt = this.#stalledAt
      return true
    }
    // A tick that logs megabytes lets no answer of the disk come in. Then the disk is not to blame, and
    // writing now, at the cost of the caller, is better than filling the memory.
    const startedAt = this.#write?.startedAt ?? this.#tickedAt
    if (this.#retry === undefined && this.#tickedAt - startedAt < SLOW_AFTER) this.flushSync()
    this.#askAt = this.#waiting === '' ? WRITE_AT : this.#waiting.length + WRITE_AT
    if (this.#waiting.length + (this.#write?.bytes.length ?? 0) < this.#settings.maxBufferBytes) return true
    this.#askAt = 0
    return this.#drop(this.#error === undefined ? 'disk too slow' : 'disk failed')
  }

  #drop(reason: string): false {
    this.#lost.add(reason, 1)
    if (this.#dropping) return false
    this.#dropping = true
    const because = this.#error === undefined ? '' : `: ${this.#error.message}`
    this.#diagnose({
      level: 'error',
      message: `journal ${this.#settings.name}: lines are lost, ${reason}${because}`,
    })
    return false
  }

  #startWrite(): void {
    if (this.#write !== undefined || this.#opening !== undefined || this.#retry !== undefined) return
    if (this.#waiting === '') return
    if (this.#segment === undefined || this.#rotationDue(this.#segment)) {
      this.#open()
      return
    }
    this.#continueWrite((this.#write = this.#takeWaiting()), this.#segment)
  }

  #takeWaiting(): Write {
    const write = {
      bytes: Buffer.from(this.#waiting),
      lines: this.#waitingLines,
      startedAt: performance.now(),
      done: 0,
    }
    this.#waiting = ''
    this.#waitingLines = 0
    this.#askAt = this.#stalledAt
    return write
  }

  #continueWrite(write: Write, segment: OpenSegment): void {
    const { bytes, done } = write
    segment.writing++
    fs.write(segment.fd, bytes, done, bytes.length - done, segment.bytes + done, (error, written) => {
      segment.writing--
      if (segment.retired) retire(segment)
      if (this.#write !== write) return // Somebody could not wait and wrote it synchronously.
      if (error !== null) {
        this.#failed(error)
        return
      }
      write.done += written
      if (write.done < bytes.length) {
        this.#continueWrite(write, segment)
        return
      }
      this.#finished(write, segment)
      this.#startWrite()
    })
  }

  #finished(write: Write, segment: OpenSegment): void {
    this.#write = undefined
    this.#account(write.bytes.length, write.lines, segment)
    this.#askAt = WRITE_AT
    this.#failures = 0
    this.#dropping = false
    if (this.#error !== undefined) {
      this.#diagnose({ level: 'info', message: `journal ${this.#settings.name}: writing works again` })
      this.#error = undefined
    }
    this.onWrite()
    this.#settle()
  }

  #account(bytes: number, lines: number, segment: OpenSegment): void {
    segment.bytes += bytes
    this.#onDisk += lines
    this.#nextOrdinal += lines
  }

  /** Keeps what is not in the file yet and tries again later, in a segment that may be another one by then. */
  #failed(error: Error): void {
    this.#error = error
    this.#diagnose({ level: 'error', message: `journal ${this.#settings.name}: ${error.message}` })
    if (this.#write !== undefined) this.#write = this.#unwritten(this.#write)
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

  /** What remains of a write that broke off; the whole lines before the break are in the file. */
  #unwritten({ bytes, lines, startedAt, done }: Write): Write {
    const whole = done === 0 ? 0 : bytes.lastIndexOf(NEWLINE, done - 1) + 1
    const wholeLines = countLines(bytes.subarray(0, whole))
    if (whole > 0 && this.#segment !== undefined) this.#account(whole, wholeLines, this.#segment)
    return { bytes: bytes.subarray(whole), lines: lines - wholeLines, startedAt, done: 0 }
  }

  #rotationDue(segment: OpenSegment): boolean {
    // String length stands in for bytes here: a segment may end a little above its size.
    return rotationDue(segment, this.#waiting.length, this.#now(), this.#settings.rotate)
  }

  /** Opens the place for the next write off this thread, then writes. */
  #open(): void {
    const token = (this.#opening = {})
    this.#opener.open(this.#nextOrdinal, this.#segmentToContinue()).then(
      (segment) => {
        if (this.#opening !== token) {
          retire(segment) // Somebody could not wait and opened it synchronously.
          return
        }
        this.#opening = undefined
        this.#adopt(segment)
        if (this.#write === undefined) this.#startWrite()
        else this.#continueWrite(this.#write, segment)
      },
      (thrown: unknown) => {
        if (this.#opening !== token) return
        this.#opening = undefined
        this.#failed(toError(thrown))
      },
    )
  }

  #openSync(): OpenSegment {
    this.#opening = undefined
    const segment = this.#opener.openSync(this.#nextOrdinal, this.#segmentToContinue())
    this.#adopt(segment)
    return segment
  }

  /** After a failure the same segment will do, unless its time is over anyway. */
  #segmentToContinue(): OpenSegment | undefined {
    return this.#failures > 0 && this.#segment && !this.#rotationDue(this.#segment)
      ? this.#segment
      : undefined
  }

  #adopt(segment: OpenSegment): void {
    const old = this.#segment
    this.#segment = segment
    if (old !== undefined) retire(old)
    if (old?.file === segment.file) return
    this.#segments++
    if (old === undefined) return
    this.#rotations++
    this.#retention.begin()
  }

  /** Writes everything that was appended so far before it returns. Lines that cannot be written wait on. */
  flushSync(): void {
    if (this.#state === 'closed') return
    try {
      if (this.#write !== undefined) this.#writeSync(this.#write)
      if (this.#waiting !== '') this.#writeSync(this.#takeWaiting())
    } catch (thrown) {
      this.#failed(toError(thrown))
    }
  }

  #writeSync({ bytes, lines, startedAt }: Write): void {
    // A new object: whatever is under way for the old one finds that it is not asked for any more.
    const write: Write = { bytes, lines, startedAt, done: 0 }
    const fresh = this.#write === undefined
    this.#write = write
    clearTimeout(this.#retry)
    this.#retry = undefined
    let segment = this.#segment
    if (segment === undefined || this.#failures > 0 || (fresh && this.#rotationDue(segment)))
      segment = this.#openSync()
    while (write.done < bytes.length) {
      write.done += fs.writeSync(
        segment.fd,
        bytes,
        write.done,
        bytes.length - write.done,
        segment.bytes + write.done,
      )
    }
    this.#finished(write, segment)
  }

  writeThrough(): void {
    this.flushSync()
    if (this.#state !== 'open') return
    this.#state = 'exiting'
    this.#ticking = false
    const unwritten = this.#written - this.#onDisk - this.#lost.total
    if (unwritten > 0) {
      const because = this.#error?.message ?? 'unknown'
      this.#diagnose({
        level: 'error',
        message: `journal ${this.#settings.name}: ${unwritten} lines lost at exit: ${because}`,
      })
    }
  }

  /** Resolves when every line appended before is on disk or counted as lost; after `timeout` ms in any case. */
  async flush(timeout: number): Promise<void> {
    if (this.#onDisk + this.#lost.total >= this.#written || this.#state === 'closed') return
    this.#startWrite()
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout)
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.#flushes.push({ target: this.#written, resolve: done })
    })
  }

  #settle(): void {
    if (this.#flushes.length === 0) return
    const settled = this.#onDisk + this.#lost.total
    this.#flushes = this.#flushes.filter(({ target, resolve }) => {
      if (target > settled) return true
      resolve()
      return false
    })
  }

  /** Writes what waits, within `timeout` ms, and gives the slot back. What cannot be written is counted. */
  async close(timeout: number): Promise<void> {
    if (this.#state === 'closed' || this.#closing) return
    this.#closing = true
    await this.flush(timeout)
    const left = this.#written - this.#onDisk - this.#lost.total
    if (left > 0) this.#lost.add(this.#error === undefined ? 'disk too slow' : 'disk failed', left)
    clearTimeout(this.#retry)
    this.#state = 'closed'
    this.#write = undefined
    this.#opening = undefined
    this.#waiting = ''
    this.#askAt = 0
    letGo(this)
    await this.#retention.idle()
    if (this.#segment !== undefined) retire(this.#segment)
    this.#lock.release()
  }

  stats(): JournalStats {
    return {
      file: this.#segment?.file ?? '',
      segments: this.#segments - this.#retention.deleted,
      rotations: this.#rotations,
      torn: this.#torn,
      error: this.#error?.message,
      written: this.#written,
      onDisk: this.#onDisk,
      lost: this.#lost.snapshot(),
      lostTotal: this.#lost.total,
      bufferedBytes: this.#waiting.length + (this.#write?.bytes.length ?? 0),
    }
  }
}
