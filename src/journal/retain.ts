import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { JournalSettings } from './options.ts'
import { segmentsToDelete, type ClosedSegment } from './retention.ts'
import { parseSegments } from './segment.ts'

/**
 * Deletes the closed segments of one slot that the rules let go, and tells how many segments are left.
 * Lines that Kafka lacks are counted by whoever misses them: the next segment's name tells how many they were.
 */
export async function retain(
  { dir, name, retain: rules }: JournalSettings,
  slot: number,
  active: { readonly ordinal: number; readonly bytes: number },
  sparedFrom: number,
  now: number,
): Promise<number> {
  const segments = parseSegments(name, await readdir(dir)).filter(
    (segment) => segment.slot === slot && segment.ordinal <= active.ordinal,
  )
  const closed: ClosedSegment[] = []
  for (const [index, { file }] of segments.slice(0, -1).entries()) {
    const { size, mtimeMs } = await stat(join(dir, file))
    const end = segments[index + 1]?.ordinal ?? Infinity
    closed.push({ file, bytes: size, modified: mtimeMs, forwarded: end <= sparedFrom })
  }
  const doomed = segmentsToDelete(closed, active.bytes, now, rules)
  for (const file of doomed) await rm(join(dir, file), { force: true })
  return segments.length - doomed.length
}
