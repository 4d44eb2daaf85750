import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Position } from '../record.ts'
import { tornFile } from './directory.ts'
import { claimSlotNumber, type SlotLock } from './lock.ts'
import { recoverSegment } from './recover.ts'
import { parseSegments } from './segment.ts'

/** A journal whose process is gone, held by this one now. */
export interface AbandonedJournal {
  readonly slot: number
  /** Behind its last line. */
  readonly end: Position
  readonly lock: SlotLock
}

/** Takes over the journal in a slot, where nobody has it and there is one. */
export function claimAbandoned(dir: string, name: string, slot: number): AbandonedJournal | undefined {
  const lock = claimSlotNumber(dir, name, slot)
  if (lock === undefined) return undefined
  try {
    const last = parseSegments(name, readdirSync(dir)).findLast((segment) => segment.slot === slot)
    // A compressed one was closed, and its lines settled: there is nothing behind it.
    if (last !== undefined && last.compression === undefined) {
      const { bytes, lines } = recoverSegment(join(dir, last.file), tornFile(dir, name, slot))
      return { slot, lock, end: { segment: last.ordinal, offset: bytes, ordinal: last.ordinal + lines } }
    }
  } catch (thrown) {
    lock.release()
    throw thrown
  }
  lock.release()
  return undefined
}
