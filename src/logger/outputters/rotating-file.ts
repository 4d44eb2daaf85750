import { closeSync, mkdirSync, openSync } from 'node:fs'
import { stat, truncate } from 'node:fs/promises'
import { dirname } from 'node:path'
import { toError } from '../../errors.ts'
import type { DateFormat } from '../formatters/date-format.ts'
import { FileBatch } from './file-batch.ts'
import type { Target, WrittenSync } from './record-queue.ts'
import { RotatingStream, writeAllSync } from './rotating-stream.ts'

/** Milliseconds for which a file that cannot be rolled is just written on. */
const ROLL_AGAIN_AFTER = 60_000
/** Milliseconds that a write gets that another thread has under way when the process ends. */
const LAST_ANSWER = 200

export interface RotatingFileSettings {
  /** The file as of now. */
  readonly path: () => string
  /** Whether what an earlier process left in it goes. */
  readonly truncate: boolean
  readonly maxBytes: number | undefined
  /** Of two times within one period it makes the same text. */
  readonly period: DateFormat | undefined
  readonly keep: number | undefined
  /** Called when another file than before was opened. */
  readonly onOpened: (path: string) => void
}

/** A file that is there again after whatever was done to it: rolled, renamed, removed, refused by the disk. */
export class RotatingFile implements Target<string> {
  readonly #settings: RotatingFileSettings
  #stream: RotatingStream | undefined
  #batch: FileBatch | undefined
  /** The period that the file belongs to. */
  #period: string | undefined
  #lastPath: string | undefined
  #rollAt = 0
  #reopens = false
  /** A half line is at the end of the file, from a write that could not wait. */
  #isTorn = false

  constructor(settings: RotatingFileSettings) {
    this.#settings = settings
  }

  /** Bytes that the file takes before it is rolled. */
  get room(): number {
    const { maxBytes = Number.POSITIVE_INFINITY } = this.#settings
    return Math.max(1, maxBytes - (this.#stream?.size ?? 0))
  }

  async write(texts: readonly string[]): Promise<void> {
    if (this.#batch?.texts !== texts) this.#batch = new FileBatch(texts, this.#isTorn ? '\n' : '')
    const batch = this.#batch
    try {
      do {
        const stream = await this.#current(batch)
        batch.enter(stream.identity)
        await stream.write(batch)
      } while (batch.isGone)
    } catch (thrown) {
      batch.failed()
      await this.#giveUp()
      throw thrown
    }
    this.#isTorn = false
    if (this.#batch === batch) this.#batch = undefined
  }

  /** The stream to write to, opened again where the file is not what it was. */
  async #current(batch: FileBatch): Promise<RotatingStream> {
    const path = this.#settings.path()
    const stream = this.#stream
    if (this.#rollAt > 0 && Date.now() >= this.#rollAt) {
      this.#rollAt = 0
      this.#reopens = true
    }
    if (
      stream !== undefined &&
      !this.#reopens &&
      stream.path === path &&
      !batch.isGone &&
      (await stream.isInPlace())
    ) {
      await this.#rollIfDue(stream)
      return stream
    }
    this.#reopens = false
    this.#stream = undefined
    await stream?.close()
    return this.#open(path)
  }

  async #open(path: string): Promise<RotatingStream> {
    const { truncate: truncates, maxBytes, keep, period, onOpened } = this.#settings
    const isFirst = this.#lastPath === undefined
    if (isFirst && truncates) await truncate(path).catch(() => undefined) // nothing to go where there is no file
    const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }))
    this.#period = period?.(size === 0 ? Date.now() : mtimeMs)
    const rolls = this.#rollAt === 0
    // A stream that opens a full file rolls it first.
    if (rolls && size >= (maxBytes ?? Number.POSITIVE_INFINITY)) this.#rollAt = Date.now() + ROLL_AGAIN_AFTER
    const stream = await RotatingStream.open({ path, maxBytes: rolls ? maxBytes : undefined, keep })
    if (rolls) this.#rollAt = 0
    this.#stream = stream
    if (path !== this.#lastPath) onOpened(path)
    this.#lastPath = path
    await this.#rollIfDue(stream)
    return stream
  }

  async #rollIfDue(stream: RotatingStream): Promise<void> {
    const now = Date.now()
    const period = this.#settings.period?.(now)
    if (period === this.#period || this.#rollAt > 0) return
    if (stream.size > 0) await stream.roll()
    this.#period = period
  }

  async #giveUp(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    if (stream?.isRolling === true) this.#rollAt = Date.now() + ROLL_AGAIN_AFTER
    await stream?.close()
  }

  writeSync(texts: readonly string[]): WrittenSync {
    const underWay = this.#batch
    const next = new FileBatch(texts)
    let underWayIsThere = true
    try {
      if (underWay !== undefined) underWayIsThere = this.#awaitSync(underWay)
      this.#appendSync((fd) => {
        if (underWay !== undefined && underWayIsThere) {
          writeAllSync(fd, underWay.rest, (bytes) => underWay.wroteSync(bytes))
        }
        if (this.#isTorn) writeAllSync(fd, Buffer.from('\n'), () => undefined)
        this.#isTorn = false
        writeAllSync(fd, next.rest, (bytes) => next.wroteSync(bytes))
      })
      return { underWay: underWayIsThere, items: texts.length, error: undefined }
    } catch (thrown) {
      const items = next.whole
      this.#isTorn = next.rest.length < Buffer.byteLength(texts.slice(items).join(''))
      return { underWay: underWay?.rest.length === 0, items, error: toError(thrown) }
    }
  }

  /**
   * Waits until a write that another thread has under way has arrived, which it tells nobody before the event
   * loop turns. False where it has not: then it may still arrive, and is not repeated.
   */
  #awaitSync(batch: FileBatch): boolean {
    const { expectedSize } = batch
    const stream = this.#stream
    if (expectedSize === undefined || stream === undefined) return true
    const pause = new Int32Array(new SharedArrayBuffer(4))
    const deadline = performance.now() + LAST_ANSWER
    while (stream.grown() < expectedSize) {
      if (performance.now() > deadline) return false
      Atomics.wait(pause, 0, 0, 1)
    }
    batch.wrote(batch.rest.length)
    return true
  }

  #appendSync(append: (fd: number) => void): void {
    const open = this.#stream?.descriptor
    if (open !== undefined) {
      append(open)
      return
    }
    const path = this.#settings.path()
    mkdirSync(dirname(path), { recursive: true })
    const fd = openSync(path, 'a')
    try {
      append(fd)
    } finally {
      closeSync(fd)
    }
  }

  /** The next record goes to the file that the path leads to then. */
  rotate(): void {
    this.#reopens = true
  }

  async close(): Promise<void> {
    await this.#stream?.close()
    this.#stream = undefined
  }
}
