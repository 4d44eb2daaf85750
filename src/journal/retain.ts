import { readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { toError } from '../errors.ts'
import { isSlotHeld } from './lock.ts'
import type { JournalSettings } from './options.ts'
import { segmentsToDelete, type ClosedSegment } from './retention.ts'
import { parseSegments, type Segment } from './segment.ts'

export interface RetentionParts {
  readonly settings: JournalSettings
  /** This process's own slot. */
  readonly slot: () => number
  readonly diagnose: DiagnosticHandler
  readonly now: () => number
  /** The segment being written. */
  readonly active: () => { readonly ordinal: number; readonly bytes: number } | undefined
  /** Ordinal of the first line in a slot that Kafka may lack. */
  readonly sparedFrom: (slot: number) => number
}

/**
 * Deletes the closed segments that the rules let go, of this process's slot and of those nobody has, off the
 * app's thread, one round at a time. A slot's last segment stays: its name is what the slot goes on from.
 * Lines that Kafka lacks are counted by whoever misses them: the next segment's name tells how many they were.
 */
export class Retention {
  readonly #parts: RetentionParts
  #round: Promise<void> | undefined
  #again = false
  #deleted = 0

  constructor(parts: RetentionParts) {
    this.#parts = parts
  }

  /** Segments deleted so far. */
  get deleted(): number {
    return this.#deleted
  }

  /** Begins a round; asked for during one, it begins when that is over. */
  begin(): void {
    this.#again = this.#round !== undefined
    this.#round ??= this.#run().finally(() => {
      this.#round = undefined
      if (this.#again) this.begin()
    })
  }

  /** Resolves when no round is under way. */
  async idle(): Promise<void> {
    while (this.#round !== undefined) await this.#round
  }

  async #run(): Promise<void> {
    const { settings, diagnose } = this.#parts
    try {
      await this.#deleteOld()
    } catch (thrown) {
      const { message } = toError(thrown)
      diagnose({ level: 'warn', message: `journal ${settings.name}: cannot delete old segments: ${message}` })
    }
  }

  async #deleteOld(): Promise<void> {
    const { settings, active, now } = this.#parts
    const own = this.#parts.slot()
    const { dir, name } = settings
    const current = active()
    if (current === undefined) return
    const all = parseSegments(name, await readdir(dir))
    for (const slot of new Set(all.map((segment) => segment.slot))) {
      const segments = all.filter((segment) => segment.slot === slot)
      if (slot === own) {
        const there = segments.filter(({ ordinal }) => ordinal <= current.ordinal)
        this.#deleted += await this.#deleteOf(there, current.bytes, now())
      } else if (!isSlotHeld(dir, name, slot)) {
        await this.#deleteOf(segments, 0, now())
      }
    }
  }

  async #deleteOf(segments: readonly Segment[], activeBytes: number, now: number): Promise<number> {
    const { settings, sparedFrom } = this.#parts
    const closed: ClosedSegment[] = []
    for (const [index, { file, slot }] of segments.slice(0, -1).entries()) {
      const found = await stat(join(settings.dir, file)).catch(() => undefined)
      if (found === undefined) continue // Compressed or deleted since it was listed.
      const { size, mtimeMs } = found
      const end = segments[index + 1]?.ordinal ?? Infinity
      closed.push({ file, bytes: size, modified: mtimeMs, forwarded: end <= sparedFrom(slot) })
    }
    if (closed.length === 0) return 0
    const { bavail, bsize } = await statfs(settings.dir)
    const doomed = segmentsToDelete(closed, { activeBytes, freeBytes: bavail * bsize, now }, settings.retain)
    for (const file of doomed) await rm(join(settings.dir, file), { force: true })
    return doomed.length
  }
}
