import { setTimeout as delay } from 'node:timers/promises'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { LogflumeError, toError } from '../errors.ts'
import { LossCounter } from '../losses.ts'
import type { Losses, Position } from '../record.ts'
import { keepUntilExit, letGo } from '../exit.ts'
import { nodeFiles, type FileDriver } from './file-driver.ts'
import { claimAnew, claimSlot, lockRules, type LockRules, type SlotLock } from './lock.ts'
import type { JournalSettings } from './options.ts'
import { resume } from './resume.ts'
import { Retention } from './retain.ts'
import { SegmentWriter, type Lines } from './segment-writer.ts'

/** Bytes of waiting lines that are written at once instead of at the end of the tick. */
const WRITE_AT = 64 * 1024
/** Bytes of waiting lines behind a write under way at which the journal asks why that is not done yet. */
const STALLED_AT = 1024 * 1024
/** Milliseconds that a disk gets in any case to answer what it has under way at the end. */
const LAST_ANSWER = 100

/** 'exiting': the process is about to end, each line is on disk before `append` returns. */
type State = 'open' | 'closing' | 'exiting' | 'closed'

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
 * The rotated files of one process under one name. A call costs a string concatenation; the bytes leave
 * together, at the end of the event loop's turn or when 64 KiB wait. What waits for a slow disk is bounded; a
 * line that finds no room is counted.
 */
export class Journal {
  /** Called when bytes have reached a segment. */
  onWrite: () => void = () => undefined
  /** Ordinal of the first line in a slot that Kafka may lack; Infinity where no Kafka is meant to have any. */
  sparedFrom: (slot: number) => number = () => Infinity
  /** Called, perhaps twice, when somebody else has the slot and what is in it: whoever reads there must stop. */
  onSlotLost: () => void = () => undefined
  /** Called when the lines go on in another slot after that; its first segment is there. */
  onMoved: () => void = () => undefined
  /** Whether SIGHUP is for `rotate` and no end. */
  readonly rotatesOnSighup: boolean

  readonly #settings: JournalSettings
  readonly #diagnose: DiagnosticHandler
  readonly #rules: LockRules
  #lock: SlotLock
  /** The segment being written is in a slot that somebody else has by now. */
  #moving = false
  readonly #writer: SegmentWriter
  readonly #retention: Retention
  readonly #stalledAt: number
  #state: State = 'open'

  #waiting = ''
  #waitingLines = 0
  /** Length above which `#waiting` may not grow without asking. */
  #askAt = WRITE_AT
  #ticking = false
  /** Lines are being lost, and that has been told. */
  #dropping = false

  #written = 0
  readonly #lost = new LossCounter()
  #segments = 0
  #torn = 0
  #flushes: { readonly target: number; readonly resolve: () => void }[] = []

  /** Claims a slot and opens its segment, synchronously: after this, lines have a place to go. */
  constructor(
    settings: JournalSettings,
    diagnose: DiagnosticHandler,
    now: () => number = Date.now,
    files: FileDriver = nodeFiles,
    rules?: Partial<LockRules>,
  ) {
    this.#settings = settings
    this.#diagnose = diagnose
    this.#stalledAt = Math.min(STALLED_AT, settings.maxBufferBytes / 4)
    this.rotatesOnSighup = settings.rotate.onSighup
    this.#rules = lockRules(rules)
    this.#lock = this.#try(() => claimSlot(settings.dir, settings.name, this.#rules))
    this.#lock.onLost = () => this.#slotLost()
    this.#writer = new SegmentWriter({
      settings,
      slot: (doubted) => this.#keepSlot(doubted),
      mayWrite: () => this.#lock.isHeld(),
      diagnose,
      now,
      files,
      waiting: () => this.#waiting.length,
      take: (scratch) => this.#take(scratch),
      onWritten: () => this.#onWritten(),
      onRotated: (previous) => {
        if (!previous.gone) this.#segments++
        this.#retention.begin()
        if (this.#moving && this.#lock.isHeld()) this.#moved()
      },
      countsDestroyed: () => this.sparedFrom(this.slot) === Infinity,
      onDestroyed: (lines) => this.#lost.add('segment deleted', lines),
    })
    try {
      this.#try(() => this.#begin(now))
    } catch (thrown) {
      this.#lock.release()
      throw thrown
    }
    this.#retention = new Retention({
      settings,
      slot: () => this.slot,
      diagnose,
      now,
      active: () => this.#writer.segment,
      sparedFrom: (slot) => this.sparedFrom(slot),
    })
    this.#retention.begin()
    keepUntilExit(this)
  }

  #begin(now: () => number): void {
    const { segments, ordinal, last, torn } = resume(this.#settings, this.#lock, now())
    if (torn !== undefined) {
      const message = `cut a half line of ${torn.bytes} bytes off the end of ${torn.file}`
      this.#diagnose({ level: 'warn', message })
      this.#torn++
    }
    this.#writer.start(ordinal, last)
    this.#segments = last === undefined ? segments + 1 : segments
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

  /** Which of the journals of this name it is. Another one after `onMoved`. */
  get slot(): number {
    return this.#lock.slot
  }

  /** The slot to open a segment in. Where somebody else has this one by now, it is another from here on. */
  #keepSlot(doubted: boolean): number {
    const isHeld = doubted ? this.#lock.look() : this.#lock.isHeld()
    if (isHeld) return this.slot
    const { slot } = this
    const { dir, name } = this.#settings
    this.#lock = claimAnew(dir, name, this.#lock, this.#rules)
    this.#lock.onLost = () => this.#slotLost()
    if (this.slot !== slot) this.#slotLost()
    return this.slot
  }

  #slotLost(): void {
    this.#moving = true
    this.onSlotLost()
  }

  #moved(): void {
    this.#moving = false
    this.#segments = 1 + this.#retention.deleted
    const { name } = this.#settings
    const message = `journal ${name}: another process has its slot; it goes on in slot ${this.slot}`
    this.#diagnose({ level: 'warn', message })
    this.onMoved()
  }

  /** Where the next line on disk will be. */
  get end(): Position {
    return this.#writer.end
  }

  append(line: string): void {
    this.#written++
    if (this.#waiting.length + line.length > this.#askAt && !this.#makeRoom(line.length)) return
    this.#waiting += line
    this.#waitingLines++
    if (!this.#ticking) this.#tick()
  }

  #tick(): void {
    if (this.#state === 'exiting') {
      this.#writer.writeSync()
    } else if (this.#settings.flush === 'line') {
      // Where the disk fails, its next try is due later, not with each line.
      if (!this.#writer.pausing) this.#writer.writeSync()
    } else {
      this.#ticking = true
      setImmediate(() => {
        this.#ticking = false
        this.#writer.write()
      })
    }
  }

  /** Much is waiting: see that it gets written, or why it cannot be. False: the line had to be dropped. */
  #makeRoom(length: number): boolean {
    if (this.#state === 'closed') return this.#drop('logged after close')
    const writer = this.#writer
    writer.write()
    // A tick that logs megabytes lets no answer of the disk come in. Then the disk is not to blame, and
    // writing now, at the cost of the caller, is better than filling the memory.
    if (this.#waiting.length + length > this.#stalledAt && !writer.slow) writer.writeSync()
    const underWay = writer.bytesUnderWay
    const wanted = this.#waiting.length + length
    const room = this.#settings.maxBufferBytes - underWay
    // A line that is larger than all of the memory is taken where it is the only one.
    if (wanted > room && wanted + underWay > length) {
      return this.#drop(writer.error === undefined ? 'disk too slow' : 'disk failed')
    }
    const next = wanted < this.#stalledAt ? this.#stalledAt : wanted + WRITE_AT
    this.#askAt = writer.busy ? Math.min(next, room) : WRITE_AT
    return true
  }

  #drop(reason: string): false {
    this.#lost.add(reason, 1)
    if (this.#dropping) return false
    this.#dropping = true
    const { error } = this.#writer
    const because = error === undefined ? '' : `: ${error.message}`
    const message = `journal ${this.#settings.name}: lines are lost, ${reason}${because}`
    this.#diagnose({ level: 'error', message })
    return false
  }

  #take(scratch?: Buffer): Lines {
    const text = this.#waiting
    const bytes =
      scratch !== undefined && 3 * text.length <= scratch.length
        ? scratch.subarray(0, scratch.write(text))
        : Buffer.from(text)
    const lines = { bytes, count: this.#waitingLines }
    this.#waiting = ''
    this.#waitingLines = 0
    this.#askAt = Math.min(this.#stalledAt, this.#settings.maxBufferBytes - lines.bytes.length)
    return lines
  }

  #onWritten(): void {
    this.#askAt = WRITE_AT
    this.#dropping = false
    this.onWrite()
    this.#settle()
  }

  /** Writes everything that was appended so far before it returns. Lines that cannot be written wait on. */
  flushSync(): void {
    this.#writer.flushSync()
  }

  /** The next line begins a new segment. What waits is written to the old one first, before this returns. */
  rotate(): void {
    if (this.#state === 'open') this.#writer.rotate()
  }

  writeThrough(): void {
    this.#writer.finishSync()
    if (this.#state === 'exiting' || this.#state === 'closed') return
    this.#state = 'exiting'
    this.#ticking = false
    const unwritten = this.#unsettled
    if (unwritten > 0) {
      const because = this.#writer.error?.message ?? 'unknown'
      const message = `journal ${this.#settings.name}: ${unwritten} lines lost at exit: ${because}`
      this.#diagnose({ level: 'error', message })
    }
  }

  /** Lines that are neither on disk nor lost. */
  get #unsettled(): number {
    return this.#written - this.#writer.onDisk - this.#lost.total
  }

  /** Resolves when every line appended before is on disk or counted as lost; after `timeout` ms in any case. */
  async flush(timeout: number): Promise<void> {
    if (this.#unsettled === 0 || this.#state === 'closed') return
    this.#writer.write()
    if (this.#unsettled === 0) return
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
    const settled = this.#writer.onDisk + this.#lost.total
    this.#flushes = this.#flushes.filter(({ target, resolve }) => {
      if (target > settled) return true
      resolve()
      return false
    })
  }

  /** Writes what waits, within `timeout` ms, and gives the slot back. What cannot be written is counted. */
  async close(timeout: number): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'closing') return
    this.#state = 'closing'
    const startedAt = performance.now()
    await this.flush(timeout)
    const left = this.#unsettled
    if (left > 0) this.#lost.add(this.#writer.error === undefined ? 'disk too slow' : 'disk failed', left)
    else this.#writer.finishSync()
    this.#state = 'closed'
    this.#waiting = ''
    this.#askAt = 0
    letGo(this)
    await this.#retention.idle()
    // A write that a dead disk still has must not land in what the slot's next owner makes of the segment.
    const ended = this.#writer.close().then(() => this.#lock.release())
    const rest = Math.max(LAST_ANSWER, startedAt + timeout - performance.now())
    const waited = new AbortController()
    await Promise.race([ended, delay(rest, undefined, waited).catch(() => undefined)])
    waited.abort()
  }

  stats(): JournalStats {
    const { segment, rotations, error, onDisk, bytesUnderWay } = this.#writer
    return {
      file: segment?.file ?? '',
      segments: this.#segments - this.#retention.deleted,
      rotations,
      torn: this.#torn,
      error: error?.message,
      written: this.#written,
      onDisk,
      lost: this.#lost.snapshot(),
      lostTotal: this.#lost.total,
      bufferedBytes: this.#waiting.length + bytesUnderWay,
    }
  }
}
