import PQueue from 'p-queue'
import { toError } from '../errors.ts'
import type { JournalReader, JournalReaderOptions } from '../journal/reader.ts'
import { sumLosses } from '../losses.ts'
import type { Losses } from '../record.ts'
import { JournalSlot } from './journal-slot.ts'
import type { Lease } from './lease.ts'
import type { JournalSettings } from './options.ts'
import type { SavedOffsets } from './saved-offsets.ts'
import type { SourceContext } from './source.ts'

export interface JournalReadingParts {
  readonly settings: JournalSettings
  readonly offsets: SavedOffsets
  readonly context: SourceContext
  readonly lease: Lease
  readonly isPaused: () => boolean
  readonly listSlots: (dir: string, name: string) => Promise<readonly number[]>
  readonly open: (options: JournalReaderOptions) => Promise<JournalReader>
}

/** Slots that are read at the same time. */
const CONCURRENCY = 4
/** Milliseconds that new lines gather while more are being written. */
const GATHER = 10
/** Milliseconds between saves: each makes the disk, which the application writes to, wait for itself. */
const SAVE_AFTER = 100

/** Takes turns reading the slots of a journal, those that have something new. */
export class JournalReading {
  readonly #parts: JournalReadingParts
  readonly #slots = new Map<number, JournalSlot>()
  readonly #turns = new PQueue({ concurrency: CONCURRENCY })
  /** What could not be read at the last try: the directory, or one of its slots. */
  readonly #failing = new Map<'directory' | JournalSlot, Error>()
  #looking: Promise<void> | undefined
  #saveTimer: NodeJS.Timeout | undefined

  constructor(parts: JournalReadingParts) {
    this.#parts = parts
  }

  get lost(): Losses {
    return sumLosses([...this.#slots.values()].map(({ lost }) => lost))
  }

  /** By 'name/slot'. */
  get lags(): Readonly<Record<string, number>> {
    const { name } = this.#parts.settings
    return Object.fromEntries(
      [...this.#slots].flatMap(([slot, { lag }]) => (lag === undefined ? [] : [[`${name}/${slot}`, lag]])),
    )
  }

  /** Why some lines cannot be read at present. */
  get failure(): Error | undefined {
    return this.#failing.values().next().value
  }

  /** Finds slots that are new, and reads what is new in all. A slot without a saved place begins at `start`. */
  look(start: 'earliest' | 'latest'): Promise<void> {
    return (this.#looking ??= this.#lookAll(start).finally(() => (this.#looking = undefined)))
  }

  async #lookAll(start: 'earliest' | 'latest'): Promise<void> {
    const { settings, listSlots } = this.#parts
    try {
      for (const slot of await listSlots(settings.dir, settings.name))
        if (!this.#slots.has(slot)) this.#slots.set(slot, await this.#open(slot, start))
      this.#worked('directory')
    } catch (thrown) {
      this.#failed('directory', toError(thrown))
    }
    for (const slot of this.#slots.values()) this.#nudge(slot)
  }

  async #open(slot: number, start: 'earliest' | 'latest'): Promise<JournalSlot> {
    const { settings, offsets, open } = this.#parts
    const { dir, name } = settings
    const reader = await open({ dir, name, slot, from: offsets.get(slot) ?? start })
    // Noted at once: 'latest' must not become a later one when the consumer starts again.
    offsets.set(slot, reader.position, offsets.note(slot))
    this.#saveSoon()
    return new JournalSlot({ topic: name, slot, reader, offsets, saveSoon: () => this.#saveSoon() })
  }

  /** A file changed; undefined: any of them may have. */
  changed(file: string | undefined): void {
    const prefix = `${this.#parts.settings.name}.`
    if (file === undefined) {
      void this.look('earliest')
    } else if (file.startsWith(prefix)) {
      const slot = this.#slots.get(Number.parseInt(file.slice(prefix.length), 10))
      if (slot === undefined) void this.look('earliest')
      else this.#nudge(slot)
    }
  }

  #nudge(slot: JournalSlot): void {
    slot.nudges++
    if (slot.busy) return
    slot.busy = true
    this.#schedule(slot)
  }

  #schedule(slot: JournalSlot): void {
    void this.#turns.add(() => this.#turn(slot))
  }

  async #turn(slot: JournalSlot): Promise<void> {
    const { context, lease, isPaused } = this.#parts
    const nudges = slot.nudges
    let more = false
    try {
      more = await slot.turn(context, lease, isPaused)
      this.#worked(slot)
    } catch (thrown) {
      this.#failed(slot, toError(thrown))
    }
    if (more) this.#schedule(slot)
    else if (slot.nudges === nudges || lease.ending) slot.busy = false
    else void lease.sleep(GATHER).then(() => this.#schedule(slot))
  }

  #saveSoon(): void {
    if (!this.#parts.lease.over) this.#saveTimer ??= setTimeout(() => void this.save(), SAVE_AFTER)
  }

  #worked(what: 'directory' | JournalSlot): void {
    if (this.#failing.delete(what) && this.#failing.size === 0) this.#parts.context.running()
  }

  #failed(what: 'directory' | JournalSlot, error: Error): void {
    const { context, settings } = this.#parts
    this.#failing.set(what, error)
    context.waiting(error)
    const message = `cannot read journal ${settings.name} in ${settings.dir}: ${error.message}`
    context.diagnose({ level: 'warn', message: `${message}; trying again`, error })
  }

  /** Notes how far every slot has come. */
  async save(): Promise<void> {
    clearTimeout(this.#saveTimer)
    this.#saveTimer = undefined
    try {
      await this.#parts.offsets.save()
    } catch (thrown) {
      const error = toError(thrown)
      const message = `cannot save the place in journal ${this.#parts.settings.name}: ${error.message}`
      this.#parts.context.diagnose({ level: 'error', message, error })
    }
  }

  /** Resolves when no slot has anything more, and what was gathered is written. */
  async idle(isEnd: boolean): Promise<void> {
    await this.#looking
    await this.#turns.onIdle()
    await Promise.all([...this.#slots.values()].map((slot) => slot.finish(isEnd)))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#slots.values()].map((slot) => slot.close()))
  }
}
