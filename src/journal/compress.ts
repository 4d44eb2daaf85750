import { createReadStream, createWriteStream } from 'node:fs'
import { open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { toError } from '../errors.ts'
import { stateDirectory } from './directory.ts'
import { deflater } from './segment-content.ts'
import { parseSegments, type Compression } from './segment.ts'

export interface CompressionParts {
  readonly journal: { readonly dir: string; readonly name: string; readonly slot: number }
  readonly compression: Compression
  /** The segment being written. */
  readonly newest: () => number
  /** Ordinal before which every line is where it is meant to go. */
  readonly settledBefore: () => number
  readonly diagnose: DiagnosticHandler
  readonly signal: AbortSignal
}

/** Milliseconds between looks for closed segments. */
const LOOK_EVERY = 1_000

/** Compresses what is closed and settled, whenever there is more of it, until it is told to stop. */
export async function keepCompressing(parts: CompressionParts): Promise<void> {
  const { journal, compression, newest, settledBefore, diagnose, signal } = parts
  let done = -1
  while (!signal.aborted) {
    const current = newest()
    // Looking costs two reads of memory; the disk is looked at when a segment was closed and is settled.
    if (done !== current && settledBefore() >= current) {
      done = current // What fails is tried again with the next one.
      try {
        await compressClosed(journal, compression, settledBefore, signal)
      } catch (thrown) {
        const error = toError(thrown)
        const message = `cannot compress old segments: ${error.message}`
        // Whoever stops it breaks off what is under way: that is no news.
        if (!parts.signal.aborted) diagnose({ level: 'warn', message, error })
      }
    }
    await delay(LOOK_EVERY, undefined, { signal }).catch(() => undefined)
  }
}

/**
 * Compresses the closed segments of one slot whose lines all are where they are meant to go, oldest first,
 * each at once or not at all: written aside, synced, renamed. Resolves with how many that were.
 */
export async function compressClosed(
  { dir, name, slot }: CompressionParts['journal'],
  compression: Compression,
  settledBefore: () => number,
  signal: AbortSignal,
): Promise<number> {
  const segments = parseSegments(name, await readdir(dir)).filter((segment) => segment.slot === slot)
  let count = 0
  for (const [index, segment] of segments.slice(0, -1).entries()) {
    const end = segments[index + 1]?.ordinal ?? Infinity
    if (signal.aborted || end > settledBefore()) break
    if (segment.compression !== undefined) continue
    await compressFile(dir, segment.file, compression, signal)
    count++
  }
  return count
}

async function compressFile(
  dir: string,
  file: string,
  compression: Compression,
  signal: AbortSignal,
): Promise<void> {
  const path = join(dir, file)
  const temporary = join(stateDirectory(dir), `${file}.${compression}.tmp`)
  try {
    const { atime, mtime } = await stat(path)
    await pipeline(createReadStream(path), deflater(compression), createWriteStream(temporary), { signal })
    const written = await open(temporary, 'r+')
    await written.sync().finally(() => written.close())
    // Retention goes by when the last line was written, not by when that was compressed.
    await utimes(temporary, atime, mtime)
    await rename(temporary, `${path}.${compression}`)
    await rm(path)
  } catch (thrown) {
    await rm(temporary, { force: true })
    throw thrown
  }
}
