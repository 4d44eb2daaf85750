import { createReadStream, type ReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { LogflumeError, toError } from '../errors.ts'
import type { Compression } from './segment.ts'

/** What a segment holds, at places that are those of the lines, whether it was compressed since or not. */
export interface SegmentContent {
  /** Bytes read into the start of `target`; 0 at the end. */
  read(target: Buffer, length: number, position: number): Promise<number>
  /** Why what is behind the end cannot be read. */
  readonly damage: Error | undefined
  /** Whether another file has its name by now. */
  isReplaced(): Promise<boolean>
  close(): Promise<void>
}

export async function openContent(
  path: string,
  compression: Compression | undefined,
): Promise<SegmentContent> {
  const file = await open(path, 'r')
  if (compression !== undefined) {
    await file.close() // Opened for the error that a missing file gives.
    return new InflatedContent(path, compression)
  }
  const { dev, ino } = await file.stat()
  return {
    isReplaced: async () => {
      const found = await stat(path).catch(() => undefined)
      return found !== undefined && (found.ino !== ino || found.dev !== dev)
    },
    read: async (target, length, position) => (await file.read(target, 0, length, position)).bytesRead,
    damage: undefined,
    close: () => file.close(),
  }
}

/** Node has zstd from 22.15 on; the types here are those of the oldest Node that is supported. */
const { createZstdDecompress, createZstdCompress } = zlib as Partial<
  Record<'createZstdDecompress' | 'createZstdCompress', (options?: { chunkSize?: number }) => Transform>
>

export const hasZstd = createZstdCompress !== undefined && createZstdDecompress !== undefined

export function deflater(compression: Compression): Transform {
  if (compression === 'gz') return zlib.createGzip({ level: 6 })
  return zstd(createZstdCompress)
}

function inflater(compression: Compression): Transform {
  if (compression === 'gz') return zlib.createGunzip({ chunkSize: CHUNK_BYTES })
  return zstd(createZstdDecompress)
}

function zstd(create: ((options?: { chunkSize?: number }) => Transform) | undefined): Transform {
  if (create === undefined)
    throw new LogflumeError('JOURNAL', 'this version of Node has no zstd: 22.15 or newer has')
  return create({ chunkSize: CHUNK_BYTES })
}

const CHUNK_BYTES = 256 * 1024

/** Reads forward, as a stream does. Going back, which happens after a refusal only, begins anew. */
class InflatedContent implements SegmentContent {
  readonly #path: string
  readonly #compression: Compression
  #source: ReadStream | undefined
  #chunks: AsyncIterator<Buffer> | undefined
  #held: Buffer = Buffer.alloc(0)
  /** Place of the first byte held. */
  #start = 0
  #ended = false
  damage: Error | undefined

  constructor(path: string, compression: Compression) {
    this.#path = path
    this.#compression = compression
  }

  async read(target: Buffer, length: number, position: number): Promise<number> {
    if (this.#chunks === undefined || position < this.#start) this.#begin()
    while (!this.#ended && this.#start + this.#held.length < position + length) await this.#more(position)
    return this.#held.copy(target, 0, position - this.#start, position - this.#start + length)
  }

  #begin(): void {
    this.#source?.destroy()
    const source = createReadStream(this.#path)
    const inflated = inflater(this.#compression)
    source.on('error', (error) => inflated.destroy(error))
    this.#source = source
    this.#chunks = (source.pipe(inflated) as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
    this.#held = Buffer.alloc(0)
    this.#start = 0
    this.#ended = false
  }

  /** One more chunk; what is in front of `position` is let go. */
  async #more(position: number): Promise<void> {
    try {
      const next = await this.#chunks?.next()
      if (next === undefined || next.done === true) {
        this.#ended = true
        return
      }
      const past = Math.min(Math.max(0, position - this.#start), this.#held.length)
      this.#held = Buffer.concat([this.#held.subarray(past), next.value])
      this.#start += past
    } catch (thrown) {
      this.#ended = true
      this.damage = toError(thrown)
    }
  }

  /** Whatever has the name, it was whole when it got it. */
  isReplaced(): Promise<boolean> {
    return Promise.resolve(false)
  }

  close(): Promise<void> {
    this.#source?.destroy()
    return Promise.resolve()
  }
}
