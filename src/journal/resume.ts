import * as fs from 'node:fs'
import { join } from 'node:path'
import { tornFile } from './directory.ts'
import { countCompressedLines } from './compressed-lines.ts'
import type { SlotLock } from './lock.ts'
import type { JournalSettings } from './options.ts'
import { recoverSegment } from './recover.ts'
import { periodOf } from './rotation.ts'
import { parseSegments, segmentFile } from './segment.ts'

/** Where a slot's last owner stopped. */
export interface Resumption {
  /** Segments that are there. */
  readonly segments: number
  /** Ordinal of the next line. */
  readonly ordinal: number
  /** The segment to go on in: the last one, if it has room and is of this day or hour. */
  readonly last: { readonly file: string; readonly ordinal: number; readonly bytes: number } | undefined
  /** A half line that was cut off. */
  readonly torn: { readonly file: string; readonly bytes: number } | undefined
}

/**
 * Looks where the slot's last owner stopped, and makes the last segment one that can be gone on with. Where that
 * owner may only be asleep, its file is left to it: what it has under way must not come between our lines.
 */
export function resume(
  { dir, name, rotate }: JournalSettings,
  { slot, ownerMayLive }: Pick<SlotLock, 'slot' | 'ownerMayLive'>,
  now: number,
): Resumption {
  const found = parseSegments(name, fs.readdirSync(dir)).filter((segment) => segment.slot === slot)
  const newest = found.at(-1)
  if (newest === undefined) return { segments: 0, ordinal: 0, last: undefined, torn: undefined }
  const { file, ordinal, compression, date } = newest
  if (compression !== undefined) {
    const lines = countCompressedLines(join(dir, file), compression)
    return { segments: found.length, ordinal: ordinal + lines, last: undefined, torn: undefined }
  }
  const { bytes, lines, torn: cut } = recoverSegment(join(dir, file), tornFile(dir, name, slot))
  const torn = cut > 0 ? { file, bytes: cut } : undefined
  const count = found.length
  const period = periodOf(now, rotate).name
  const current = rotate.every === 'never' || date === period
  if (ownerMayLive) {
    // An empty one has the ordinal of the next.
    if (lines === 0) fs.rmSync(join(dir, file))
    return { segments: lines === 0 ? count - 1 : count, ordinal: ordinal + lines, last: undefined, torn }
  }
  if (lines === 0 && !current) {
    // Another one would have its ordinal, too. Renamed, it is still the one that a reader may have open.
    const renamed = segmentFile(name, slot, ordinal, period)
    fs.renameSync(join(dir, file), join(dir, renamed))
    return { segments: count, ordinal, last: { file: renamed, ordinal, bytes }, torn }
  }
  const last = current && bytes < rotate.maxBytes ? { file, ordinal, bytes } : undefined
  return { segments: count, ordinal: ordinal + lines, last, torn }
}
