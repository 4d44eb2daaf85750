import { createReadStream, createWriteStream } from 'node:fs'
import { open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { stateDirectory } from './directory.ts'
import { deflater } from './segment-content.ts'
import { parseSegments, type Compression } from './segment.ts'

/**
 * Compresses the closed segments of one slot whose lines all are where they are meant to go, oldest first,
 * each at once or not at all: written aside, synced, renamed. Resolves with how many that were.
 */
export async function compressClosed(
  { dir, name, slot }: { readonly dir: string; readonly name: string; readonly slot: number },
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
