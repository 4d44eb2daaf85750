import { writeSync } from 'node:fs'
import { guarded, type DiagnosticHandler } from '../../diagnostics.ts'
import { toError } from '../../errors.ts'
import { keepUntilExit, letGo, type KeptUntilExit } from '../../exit.ts'
import { LossCounter } from '../../losses.ts'
import type { Drain, OutputterStats } from './drain.ts'

/** Bytes that may wait where nobody reads fast enough. */
const MAX_WAITING = 16 * 1024 * 1024
/** Milliseconds after which a reader that was too slow is offered more. */
const PAUSE = 10
/** Milliseconds that a reader gets when the process ends and that it takes nothing in. */
const LAST_PATIENCE = 1000

/**
 * Standard output or standard error. Written to by its descriptor and not by its stream, as where that is a
 * socket (a child of a Node program has one) the stream leaves at `process.exit` what the reader has not taken.
 */
export class DescriptorDrain implements Drain, KeptUntilExit {
  readonly rotatesOnSighup = false
  readonly #fd: number
  #diagnose: DiagnosticHandler = () => undefined
  #name = ''
  #waiting: Buffer[] = []
  /** The first in there that is not written yet: shifting a long array takes long. */
  #first = 0
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #state: 'open' | 'closed' = 'open'
  #taken = 0
  readonly #lost = new LossCounter()
  #error: Error | undefined

  constructor(fd: number) {
    this.#fd = fd
  }

  open(name: string, diagnose: DiagnosticHandler): void {
    this.#name = name
    this.#diagnose = guarded(diagnose)
    keepUntilExit(this)
  }

  write(text: string): void {
    this.#taken++
    if (this.#state === 'closed') {
      this.#lost.add('logged after close', 1)
      return
    }
    const bytes = Buffer.from(text)
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > MAX_WAITING) {
      this.#lost.add('too slow', 1)
      return
    }
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#timer === undefined) this.#writeWaiting()
  }

  get #pending(): number {
    return this.#waiting.length - this.#first
  }

  /** Writes as much as the reader takes; the rest later. */
  #writeWaiting(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#writeUntilFull()) this.#timer = setTimeout(() => this.#writeWaiting(), PAUSE)
  }

  /** False where the reader has to read first. */
  #writeUntilFull(): boolean {
    for (let first = this.#waiting[this.#first]; first !== undefined; first = this.#waiting[this.#first]) {
      let written = first.length
      try {
        written = writeSync(this.#fd, first)
        this.#error = undefined
      } catch (thrown) {
        const error: NodeJS.ErrnoException = toError(thrown)
        if (error.code === 'EAGAIN') return false
        this.#failed(error)
      }
      this.#waitingBytes -= written
      this.#waiting[this.#first] = first.subarray(written)
      if (written === first.length) this.#first++
    }
    this.#waiting = []
    this.#first = 0
    return true
  }

  #failed(error: Error): void {
    this.#lost.add('nobody reads the stream', 1)
    const isFirst = this.#error === undefined
    this.#error = error
    const message = `outputter ${this.#name}: cannot write: ${error.message}`
    if (isFirst) this.#diagnose({ level: 'warn', message, error })
  }

  async flush(timeout: number): Promise<void> {
    const deadline = performance.now() + timeout
    while (this.#pending > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE))
    }
  }

  flushSync(): void {
    if (this.#pending > 0) this.#writeWaiting()
  }

  writeThrough(): void {
    const pause = new Int32Array(new SharedArrayBuffer(4))
    let patience = performance.now() + LAST_PATIENCE
    for (let before = this.#waitingBytes; !this.#writeUntilFull(); before = this.#waitingBytes) {
      if (this.#waitingBytes < before) patience = performance.now() + LAST_PATIENCE
      if (performance.now() > patience) return
      Atomics.wait(pause, 0, 0, 1)
    }
  }

  rotate(): void {
    // Nothing to open again.
  }

  async close(timeout: number): Promise<void> {
    await this.flush(timeout)
    this.#state = 'closed'
    clearTimeout(this.#timer)
    if (this.#pending > 0) this.#lost.add('too slow', this.#pending)
    this.#waiting = []
    this.#first = 0
    this.#waitingBytes = 0
    letGo(this)
  }

  stats(): OutputterStats {
    const pending = this.#pending
    const written = this.#taken - pending - this.#lost.total
    return { taken: this.#taken, written, pending, lost: this.#lost.snapshot(), error: this.#error?.message }
  }
}
