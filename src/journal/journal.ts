import * as fs from 'node:fs'
import { promises } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { LogflumeError, toError } from '../errors.ts'
import { countLines, NEWLINE } from '../lines.ts'
import { LossCounter } from '../losses.ts'
import type { Losses, Position } from '../record.ts'
import { backoff } from '../retry.ts'
import { newestLink, stateDirectory, tornFile } from './directory.ts'
import { keepUntilExit, letGo } from './exit.ts'
import { linkLater, linkSync } from './link.ts'
import { claimSlot, type SlotLock } from './lock.ts'
import type { JournalSettings } from './options.ts'
import { recoverSegment } from './recover.ts'
import { retain } from './retain.ts'
import { dayOf, nextDay, rotationDue } from './rotation.ts'
import { parseSegments, segmentFile } from './segment.ts'

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

interface OpenSegment {
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
  /** Ordinal of the first line that Kafka may lack; Infinity where no Kafka is meant to have any. */
  sparedFrom: () => number = () => Infinity

  readonly #settings: JournalSettings
  readonly #diagnose: DiagnosticHandler
  readonly #now: () => number
  readonly #lock: SlotLock
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
  #retaining: Promise<void> | undefined
  #retainAgain = false
  #rotations = 0
  #torn = 0
  #flushes: { readonly target: number; readonly resolve: () => void }[] = []

  /** Claims a slot and opens its segment, synchronously: after this, lines have a place to go. */
  constructor(settings: JournalSettings, diagnose: DiagnosticHandler, now: () => number = Date.now) {
    this.#settings = settings
    this.#diagnose = diagnose
    this.#now = now
    this.#stalledAt = Math.min(STALLED_AT, settings.maxBufferBytes / 4)
    try {
      this.#lock = claimSlot(settings.dir, settings.name)
      this.slot = this.#lock.slot
      this.#continue()
    } catch (thrown) {
      const cause = toError(thrown)
      throw new LogflumeError(
        'JOURNAL',
        `cannot open journal ${settings.name} in ${settings.dir}: ${cause.message}`,
        {
          cause,
        },
      )
    }
    keepUntilExit(this)
    this.#retain()
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
    if (lines === 0 || (today && bytes < rotate.maxBytes)) {
      this.#segments--
      const fd = fs.openSync(join(dir, last.file), READ_WRITE)
      const endsAt = nextDay(this.#now(), rotate.zone)
      this.#adopt({ file: last.file, ordinal: last.ordinal, endsAt, fd, bytes, writing: 0, retired: false })
      linkSync(newestLink(dir, name), last.file)
    } else {
      this.#openSync()
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
      if (segment.retired) this.#retire(segment)
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
    this.#openLater().then(
      (place) => {
        if (this.#opening !== token) {
          fs.close(place.fd) // Somebody could not wait and opened it synchronously.
          return
        }
        this.#opening = undefined
        this.#adopt(place)
        void linkLater(newestLink(this.#settings.dir, this.#settings.name), place.file)
        if (this.#write === undefined) this.#startWrite()
        else this.#continueWrite(this.#write, place)
      },
      (thrown: unknown) => {
        if (this.#opening !== token) return
        this.#opening = undefined
        this.#failed(toError(thrown))
      },
    )
  }

  async #openLater(): Promise<OpenSegment> {
    const { dir } = this.#settings
    await promises.mkdir(stateDirectory(dir), { recursive: true })
    const again = this.#segmentToContinue()
    if (again !== undefined) {
      const size = await promises.stat(join(dir, again.file)).then(
        ({ size }) => size,
        () => -1,
      )
      if (size >= again.bytes)
        return { ...again, writing: 0, fd: await openFile(join(dir, again.file), READ_WRITE) }
    }
    const place = this.#newPlace()
    return { ...place, fd: await openFile(join(dir, place.file), READ_WRITE | fs.constants.O_CREAT) }
  }

  #openSync(): OpenSegment {
    const { dir, name } = this.#settings
    fs.mkdirSync(stateDirectory(dir), { recursive: true })
    this.#opening = undefined
    const again = this.#segmentToContinue()
    const size = again && fs.statSync(join(dir, again.file), { throwIfNoEntry: false })?.size
    const place =
      again !== undefined && size !== undefined && size >= again.bytes
        ? { ...again, writing: 0, fd: fs.openSync(join(dir, again.file), READ_WRITE) }
        : this.#createSync()
    this.#adopt(place)
    linkSync(newestLink(dir, name), place.file)
    return place
  }

  #createSync(): OpenSegment {
    const place = this.#newPlace()
    const path = join(this.#settings.dir, place.file)
    return { ...place, fd: fs.openSync(path, READ_WRITE | fs.constants.O_CREAT) }
  }

  /** After a failure the same segment is good enough, if it still is what it was. */
  #segmentToContinue(): OpenSegment | undefined {
    return this.#failures > 0 && this.#segment && !this.#rotationDue(this.#segment)
      ? this.#segment
      : undefined
  }

  #newPlace(): Omit<OpenSegment, 'fd'> {
    const { name, rotate } = this.#settings
    const now = this.#now()
    const file = segmentFile(name, this.slot, this.#nextOrdinal, dayOf(now, rotate.zone))
    return {
      file,
      ordinal: this.#nextOrdinal,
      endsAt: nextDay(now, rotate.zone),
      bytes: 0,
      writing: 0,
      retired: false,
    }
  }

  #adopt(place: OpenSegment): void {
    const old = this.#segment
    this.#segment = place
    if (old !== undefined) this.#retire(old)
    if (old?.file === place.file) return
    this.#segments++
    if (old === undefined) return
    this.#rotations++
    this.#retain()
  }

  /** A descriptor closed under a write would be given to another file, and the write with it. */
  #retire(segment: OpenSegment): void {
    segment.retired = true
    if (segment.writing === 0) fs.close(segment.fd, () => undefined)
  }

  /** Lets old segments go, one round at a time; rotations meanwhile ask for one more. */
  #retain(): void {
    this.#retainAgain = this.#retaining !== undefined
    this.#retaining ??= this.#retainOnce().finally(() => {
      this.#retaining = undefined
      if (this.#retainAgain) this.#retain()
    })
  }

  async #retainOnce(): Promise<void> {
    if (this.#segment === undefined) return
    try {
      this.#segments = await retain(this.#settings, this.slot, this.#segment, this.sparedFrom(), this.#now())
    } catch (thrown) {
      const { message } = toError(thrown)
      this.#diagnose({
        level: 'warn',
        message: `journal ${this.#settings.name}: cannot delete old segments: ${message}`,
      })
    }
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
    while (this.#retaining !== undefined) await this.#retaining
    if (this.#segment !== undefined) this.#retire(this.#segment)
    this.#lock.release()
  }

  stats(): JournalStats {
    return {
      file: this.#segment?.file ?? '',
      segments: this.#segments,
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

const READ_WRITE = fs.constants.O_RDWR
const openFile = promisify(fs.open) as (path: string, flags: number) => Promise<number>
