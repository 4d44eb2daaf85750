import { fstatSync, statSync, writeSync } from 'node:fs'
import { stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, sep } from 'node:path'
import { createStream } from 'rotating-file-stream'
import type { FileBatch } from './file-batch.ts'

/**
 * What is reached into of rotating-file-stream 3: its file, so that short writes are completed and what was
 * written is known to the byte when a write fails; and its rotation, as its own timer would rotate empty files.
 */
interface Internals {
  file: Pick<FileHandle, 'close'> & { write(): Promise<void> }
  rotate(): Promise<void>
}

export interface StreamSettings {
  readonly path: string
  /** Bytes at which the file is rolled. */
  readonly maxBytes: number | undefined
  /** Rolled files that are kept: `app.log.1` is the newest. */
  readonly keep: number | undefined
}

/**
 * One life of a rotating-file-stream: any error ends it for good. It gets one batch at a time, and answers when
 * that is in the file, and the file is rolled where that was due.
 */
export class RotatingStream {
  readonly path: string
  readonly #stream: ReturnType<typeof createStream>
  readonly #internals: Internals
  /** The file that is open; undefined while the stream rolls. */
  #handle: FileHandle | undefined
  #batch: FileBatch | undefined
  #isRolling = false
  #size = 0
  #identity = ''

  static async open(settings: StreamSettings): Promise<RotatingStream> {
    const stream = new RotatingStream(settings)
    await new Promise<void>((resolve, reject) => {
      stream.#stream.once('open', () => resolve())
      stream.#stream.once('error', reject)
    })
    return stream
  }

  private constructor({ path, maxBytes, keep }: StreamSettings) {
    this.path = path
    this.#stream = createStream(basename(path), {
      path: dirname(path) + sep,
      ...(maxBytes !== undefined && { size: `${maxBytes}B` }),
      ...(keep !== undefined && { rotate: keep }),
    })
    this.#internals = this.#stream as unknown as Internals
    this.#stream.on('error', () => undefined) // each call tells its own
    this.#stream.on('rotation', () => {
      this.#isRolling = true
      this.#handle = undefined
    })
    this.#stream.on('open', () => this.#adopt())
  }

  #adopt(): void {
    const handle = this.#internals.file as unknown as FileHandle
    this.#isRolling = false
    this.#handle = handle
    const { size, dev, ino } = fstatSync(handle.fd)
    this.#size = size
    this.#identity = `${dev}:${ino}`
    this.#internals.file = {
      write: () => this.#writeBatch(handle),
      close: () => handle.close(),
    }
  }

  /** Another one for each file, whatever its name is. */
  get identity(): string {
    return this.#identity
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#size
  }

  /** Whether it failed or hangs in rolling, so that without that it might go on. */
  get isRolling(): boolean {
    return this.#isRolling
  }

  async write(batch: FileBatch): Promise<void> {
    this.#batch = batch
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(batch.rest, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  async #writeBatch(handle: FileHandle): Promise<void> {
    const batch = this.#batch
    if (batch === undefined) return
    while (batch.rest.length > 0) {
      batch.begin(this.#size)
      const { bytesWritten } = await handle.write(batch.rest)
      batch.wrote(bytesWritten)
      this.#size += bytesWritten
    }
    const { nlink } = await handle.stat()
    batch.isGone = nlink === 0
  }

  async roll(): Promise<void> {
    await this.#internals.rotate()
  }

  /** Whether the path still leads to the file that is open: false where that was renamed or removed. */
  async isInPlace(): Promise<boolean> {
    const handle = this.#handle
    if (handle === undefined) return true
    try {
      const [there, here] = await Promise.all([stat(this.path), handle.stat()])
      this.#size = here.size // smaller than before where somebody truncated it
      return there.ino === here.ino && there.dev === here.dev
    } catch {
      return false
    }
  }

  /** The descriptor to write to where a write cannot wait; undefined where the path is to be opened anew. */
  get descriptor(): number | undefined {
    const handle = this.#handle
    if (handle === undefined || handle.fd < 0) return undefined
    const there = statSync(this.path, { throwIfNoEntry: false })
    const here = fstatSync(handle.fd)
    return there?.ino === here.ino && there.dev === here.dev ? handle.fd : undefined
  }

  /** How far the file has grown, where a write is under way in another thread. */
  grown(): number {
    const handle = this.#handle
    return handle === undefined || handle.fd < 0 ? 0 : fstatSync(handle.fd).size
  }

  async close(): Promise<void> {
    if (this.#stream.closed) return
    await new Promise<void>((resolve) => {
      this.#stream.once('close', () => resolve())
      this.#stream.end()
    })
  }
}

/** Writes all bytes, or throws; `wrote` is told of each part. */
export function writeAllSync(fd: number, bytes: Buffer, wrote: (bytes: number) => void): void {
  for (let from = 0; from < bytes.length;) {
    const written = writeSync(fd, bytes, from)
    from += written
    wrote(written)
  }
}
