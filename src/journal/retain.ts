import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { toError } from '../errors.ts'
import type { JournalSettings } from './options.ts'
import { segmentsToDelete, type ClosedSegment } from './retention.ts'
import { parseSegments } from './segment.ts'

export interface RetentionParts {
  readonly settings: JournalSettings
  readonly slot: number
  readonly diagnose: DiagnosticHandler
  readonly now: () => number
  /** The segment being written. */
  readonly active: () => { readonly ordinal: number; readonly bytes: number } | undefined
  /** Ordinal of the first line that Kafka may lack. */
  readonly sparedFrom: () => number
}

/**
 * Deletes the closed segments of one slot that the rules let go, off the app's thread, one round at a time.
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
    const { settings, slot, active, sparedFrom, now } = this.#parts
    const { dir, name, retain: rules } = settings
    const current = active()
    if (current === undefined) return
    const segments = parseSegments(name, await readdir(dir)).filter(
      (segment) => segment.slot === slot && segment.ordinal <= current.ordinal,
    )
    const closed: ClosedSegment[] = []
    for (const [index, { file }] of segments.slice(0, -1).entries()) {
      const { size, mtimeMs } = await stat(join(dir, file))
      const end = segments[index + 1]?.ordinal ?? Infinity
      closed.push({ file, bytes: size, modified: mtimeMs, forwarded: end <= sparedFrom() })
    }
    const doomed = segmentsToDelete(closed, current.bytes, now(), rules)
    for (const file of doomed) {
      await rm(join(dir, file), { force: true })
      this.#deleted++
    }
  }
}
