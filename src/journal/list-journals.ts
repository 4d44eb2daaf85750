import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { LogflumeError, toError } from '../errors.ts'
import { refuse } from '../options.ts'
import { isSlotHeld } from './lock.ts'
import { parseSegments, segmentOwner, type Segment } from './segment.ts'

/** The journals of one name in a directory: one of each process, at most. */
export interface JournalListing {
  readonly name: string
  /** By number. */
  readonly slots: readonly SlotListing[]
}

export interface SlotListing {
  readonly slot: number
  /** Whether a living process has it, as far as can be told from here. */
  readonly held: boolean
  /** Oldest first. */
  readonly segments: readonly SegmentListing[]
}

export interface SegmentListing {
  readonly file: string
  /** The number of its first line, from 0. */
  readonly ordinal: number
  /** Day on which it was opened, YYYYMMDD, or with the hour where it rotates hourly. */
  readonly date: string
  /** Size of the file. */
  readonly bytes: number
  readonly compression: 'none' | 'gzip' | 'zstd'
}

const COMPRESSION = { gz: 'gzip', zst: 'zstd' } as const

/**
 * What journals there are in a directory, by name, with their slots and segments.
 *
 * @throws LogflumeError `JOURNAL` when the directory cannot be read.
 */
export async function listJournals(dir: string): Promise<JournalListing[]> {
  if (typeof dir !== 'string' || dir === '') refuse('dir', 'a non-empty string', dir)
  const directory = resolve(dir)
  const files = await listFiles(directory)
  const names = new Set(files.map(segmentOwner).filter((name) => name !== undefined))
  return Promise.all(
    [...names].sort().map(async (name) => ({ name, slots: await listSlots(directory, name, files) })),
  )
}

/**
 * The files in a directory.
 *
 * @throws LogflumeError `JOURNAL` when it cannot be read.
 */
export async function listFiles(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (thrown) {
    const cause = toError(thrown)
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const message = isAbsent ? `there is no directory ${dir}` : `cannot read ${dir}: ${cause.message}`
    throw new LogflumeError('JOURNAL', message, { cause, retryable: true })
  }
}

async function listSlots(dir: string, name: string, files: readonly string[]): Promise<SlotListing[]> {
  const segments = parseSegments(name, files)
  const slots = [...new Set(segments.map(({ slot }) => slot))]
  return Promise.all(
    slots.map(async (slot) => {
      const own = segments.filter((segment) => segment.slot === slot)
      const listed = await Promise.all(own.map((segment) => listSegment(dir, segment)))
      return { slot, held: isHeld(dir, name, slot), segments: listed.filter((one) => one !== undefined) }
    }),
  )
}

/** Undefined: deleted or compressed since its directory was read. */
async function listSegment(
  dir: string,
  { file, ordinal, date, compression }: Segment,
): Promise<SegmentListing | undefined> {
  const found = await stat(join(dir, file)).catch(() => undefined)
  if (found === undefined) return undefined
  const how = compression === undefined ? 'none' : COMPRESSION[compression]
  return { file, ordinal, date, bytes: found.size, compression: how }
}

/** Where the locks cannot be read, or are gone, nobody is known to have it. */
function isHeld(dir: string, name: string, slot: number): boolean {
  try {
    return isSlotHeld(dir, name, slot)
  } catch {
    return false
  }
}
