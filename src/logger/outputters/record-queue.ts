import { setTimeout as delay } from 'node:timers/promises'
import { guarded, type DiagnosticHandler } from '../../diagnostics.ts'
import { toError } from '../../errors.ts'
import { keepUntilExit, letGo, type KeptUntilExit } from '../../exit.ts'
import { LossCounter } from '../../losses.ts'
import { backoff } from '../../retry.ts'
import type { OutputterStats } from './drain.ts'

/** Where a queue's items go. */
export interface Target<T> {
  /**
   * Resolves when all items are where they are to be. After it has rejected, the same array comes again, so
   * that a part that got there need not be written twice.
   */
  write(items: readonly T[]): Promise<void>
  /** Writes what `write` has under way, and then `items`, before it returns. Never throws. */
  writeSync?(items: readonly T[]): WrittenSync
  close(): Promise<void>
  /** What SIGHUP asks for. */
  rotate?(): void
}

export interface WrittenSync {
  /** Whether all of what `write` had under way is there now; what that resolves or rejects with is void then. */
  readonly underWay: boolean
  /** How many of the items are there, the first ones. */
  readonly items: number
  readonly error: Error | undefined
}

export interface QueueSettings<T> {
  readonly target: Target<T>
  /** Characters of an item. */
  readonly length: (item: T) => number
  /** Characters that may wait. */
  readonly maxBufferBytes: number
  /** Of one write at most; the first item of a write is taken whatever its length is. */
  readonly batch: { readonly records: number; readonly bytes: () => number }
  /** Milliseconds that the first item waits for company. 0: until the tick is over. */
  readonly wait: number
  /** How often a write is tried. */
  readonly attempts: number
  readonly rotatesOnSighup: boolean
}

/** Milliseconds that a target gets to close in any case. */
const LEAST_CLOSE = 100

interface UnderWay<T> {
  readonly items: readonly T[]
  readonly length: number
}

/** 'exiting': the process is about to end, each item is written before `push` returns. */
type State = 'open' | 'exiting' | 'closed'

/**
 * Items on their way to a target: one write at a time, tried again after a pause where it fails. What waits is
 * bounded; an item that finds no room is counted.
 */
export class RecordQueue<T> implements KeptUntilExit {
  readonly rotatesOnSighup: boolean
  readonly #settings: QueueSettings<T>
  #name = ''
  #diagnose: DiagnosticHandler = () => undefined
  #state: State = 'open'
  #waiting: T[] = []
  #waitingLength = 0
  #underWay: UnderWay<T> | undefined
  /** Whether the target has a write, also one that was taken over by a write that could not wait. */
  #writing = false
  /** The end of what waits for the pace of a target: a timer, or the end of a tick. */
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #failures = 0
  #error: Error | undefined
  /** Items are being lost, and that has been told. */
  #dropping = false
  #taken = 0
  #written = 0
  readonly #lost = new LossCounter()
  #flushes: { readonly target: number; readonly resolve: () => void }[] = []

  constructor(settings: QueueSettings<T>) {
    this.#settings = settings
    this.rotatesOnSighup = settings.rotatesOnSighup
  }

  open(name: string, diagnose: DiagnosticHandler): void {
    this.#name = name
    this.#diagnose = guarded(diagnose)
    keepUntilExit(this)
  }

  push(item: T): void {
    this.#taken++
    if (this.#state === 'closed') {
      this.#drop('logged after close')
      return
    }
    const length = this.#settings.length(item)
    const others = this.#waitingLength + (this.#underWay?.length ?? 0)
    if (others > 0 && others + length > this.#settings.maxBufferBytes) {
      this.#drop(this.#error === undefined ? 'too slow' : 'write failed')
      return
    }
    this.#waiting.push(item)
    this.#waitingLength += length
    if (this.#state === 'exiting') this.flushSync()
    else if (this.#isFull()) this.#begin()
    else this.#schedule()
  }

  #isFull(): boolean {
    const { batch } = this.#settings
    return this.#waiting.length >= batch.records || this.#waitingLength >= batch.bytes()
  }

  #drop(reason: string): void {
    this.#lost.add(reason, 1)
    this.#settle()
    if (this.#dropping) return
    this.#dropping = true
    this.#tell('error', `records are lost, ${reason}`)
  }

  #tell(level: 'info' | 'warn' | 'error', what: string): void {
    const error = this.#error
    const because = error === undefined ? '' : `: ${error.message}`
    const message = `outputter ${this.#name}: ${what}${because}`
    this.#diagnose({ level, message, ...(error !== undefined && { error }) })
  }

  #schedule(): void {
    if (this.#isBusy || this.#timer !== undefined || this.#immediate !== undefined) return
    if (this.#settings.wait === 0) this.#immediate = setImmediate(() => this.#begin())
    else this.#pause(this.#settings.wait)
  }

  /** A timer holds no process: what waits when nothing else is left to do is begun by `beginWaiting`. */
  #pause(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#begin(), milliseconds)
    this.#timer.unref()
  }

  /** Whether a write is under way, or a failure is being waited out. */
  get #isBusy(): boolean {
    return this.#writing || this.#underWay !== undefined
  }

  #begin(): void {
    if (this.#isBusy || this.#state === 'closed') return
    this.#cancel()
    const items = this.#takeBatch()
    if (items === undefined) return
    this.#underWay = items
    void this.#try(items)
  }

  #cancel(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#timer = undefined
    this.#immediate = undefined
  }

  #takeBatch(): UnderWay<T> | undefined {
    const { batch, length } = this.#settings
    const mostBytes = batch.bytes()
    let count = 0
    let bytes = 0
    while (count < this.#waiting.length && count < batch.records && (count === 0 || bytes < mostBytes)) {
      const item = this.#waiting[count]
      if (item !== undefined) bytes += length(item)
      count++
    }
    if (count === 0) return undefined
    const items = count === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, count)
    this.#waiting = count === this.#waiting.length ? [] : this.#waiting.slice(count)
    this.#waitingLength -= bytes
    return { items, length: bytes }
  }

  async #try(batch: UnderWay<T>): Promise<void> {
    let error: Error | undefined
    this.#writing = true
    try {
      await this.#settings.target.write(batch.items)
    } catch (thrown) {
      error = toError(thrown)
    }
    this.#writing = false
    // A write that could not wait may have taken the batch over meanwhile.
    if (this.#underWay !== batch) this.#goOn()
    else if (error === undefined) this.#succeeded(batch)
    else this.#failed(batch, error)
  }

  #goOn(): void {
    if (this.#waiting.length === 0) return
    if (this.#settings.wait === 0 || this.#isFull() || this.#flushes.length > 0) this.#begin()
    else this.#schedule()
  }

  #succeeded(batch: UnderWay<T>): void {
    this.#underWay = undefined
    this.#written += batch.items.length
    this.#recovered()
    this.#settle()
    this.#goOn()
  }

  #recovered(): void {
    this.#dropping = false
    this.#failures = 0
    if (this.#error === undefined) return
    this.#error = undefined
    this.#tell('info', 'writes again')
  }

  #failed(batch: UnderWay<T>, error: Error): void {
    this.#error = error
    this.#failures++
    if (this.#failures >= this.#settings.attempts) {
      this.#underWay = undefined
      this.#lost.add('write failed', batch.items.length)
      this.#tell('error', `${batch.items.length} records are lost, written in vain ${this.#failures} times`)
      this.#failures = 0
      this.#settle()
      this.#goOn()
      return
    }
    if (this.#failures === 1) this.#tell('warn', 'cannot write, tries again')
    if (this.#state === 'closed') return
    this.#timer = setTimeout(() => this.#retry(), backoff(this.#failures))
    this.#timer.unref()
  }

  /** At once, where a failure was being waited out. */
  #retry(): void {
    const batch = this.#underWay
    if (batch === undefined || this.#timer === undefined) return
    this.#cancel()
    void this.#try(batch)
  }

  beginWaiting(): void {
    this.#begin()
  }

  /** Writes everything before it returns, where the target can; what it cannot write waits on. */
  flushSync(): void {
    const { target, length } = this.#settings
    if (target.writeSync === undefined || this.#state === 'closed') return
    if (this.#underWay === undefined && this.#waiting.length === 0) return
    const { underWay, items, error } = target.writeSync(this.#waiting)
    if (underWay && this.#underWay !== undefined) {
      this.#cancel()
      this.#written += this.#underWay.items.length
      this.#underWay = undefined
    }
    this.#written += items
    for (const item of this.#waiting.splice(0, items)) this.#waitingLength -= length(item)
    if (error === undefined) this.#recovered()
    else this.#error = error
    this.#settle()
  }

  writeThrough(): void {
    if (this.#state !== 'open') return
    this.#state = 'exiting'
    this.flushSync()
    const left = this.#unsettled
    if (left > 0) this.#tell('error', `${left} records lost at exit`)
  }

  rotate(): void {
    this.#settings.target.rotate?.()
  }

  /** Items that are neither written nor lost. */
  get #unsettled(): number {
    return this.#taken - this.#written - this.#lost.total
  }

  async flush(timeout: number): Promise<void> {
    if (this.#unsettled === 0 || this.#state === 'closed') return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout)
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.#flushes.push({ target: this.#taken, resolve: done })
      this.#retry()
      this.#begin()
    })
  }

  #settle(): void {
    if (this.#flushes.length === 0) return
    const settled = this.#written + this.#lost.total
    this.#flushes = this.#flushes.filter(({ target, resolve }) => {
      if (target > settled) return true
      resolve()
      return false
    })
  }

  async close(timeout: number): Promise<void> {
    if (this.#state === 'closed') return
    await this.flush(timeout)
    this.#state = 'closed'
    this.#cancel()
    const left = this.#unsettled
    if (left > 0) {
      const reason = this.#error === undefined ? 'too slow' : 'write failed'
      this.#lost.add(reason, left)
      this.#tell('error', `${left} records lost at close`)
    }
    this.#underWay = undefined
    this.#waiting = []
    this.#waitingLength = 0
    letGo(this)
    const waited = new AbortController()
    await Promise.race([
      this.#settings.target.close().catch((thrown: unknown) => {
        this.#error = toError(thrown)
        this.#tell('warn', 'its end failed')
      }),
      delay(Math.max(LEAST_CLOSE, timeout), undefined, waited).catch(() => undefined),
    ])
    waited.abort()
  }

  stats(): OutputterStats {
    return {
      taken: this.#taken,
      written: this.#written,
      pending: this.#unsettled,
      lost: this.#lost.snapshot(),
      error: this.#error?.message,
    }
  }
}
