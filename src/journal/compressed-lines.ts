import * as fs from 'node:fs'
import * as zlib from 'node:zlib'
import { LogflumeError, toError } from '../errors.ts'
import { countLines } from '../lines.ts'
import type { Compression } from './segment.ts'

/** Node has zstd from 22.15 on; the types here are those of the oldest Node that is supported. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Buffer) => Buffer }

/**
 * Counts the lines of a compressed segment. Only needed where it is the newest of its slot, which is nobody's
 * doing here: somebody compressed it by hand, or deleted the one behind it.
 */
export function countCompressedLines(file: string, compression: Compression): number {
  try {
    const bytes = fs.readFileSync(file)
    if (compression === 'gz') return countLines(zlib.gunzipSync(bytes))
    if (zstdDecompressSync === undefined)
      throw new Error('this version of Node has no zstd: 22.15 or newer has')
    return countLines(zstdDecompressSync(bytes))
  } catch (thrown) {
    // Without its lines counted, the next ones would get numbers that others have had.
    const cause = toError(thrown)
    const message = `cannot count the lines of ${file} (${cause.message}); move it away to go on without it`
    throw new LogflumeError('JOURNAL', message, { cause })
  }
}
