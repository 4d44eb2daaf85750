import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { LogflumeError, toError } from '../errors.ts'
import type { SlotLock } from '../journal/lock.ts'
import type { Losses } from '../record.ts'
import { DirectoryWatch } from '../directory-watch.ts'
import { JournalReading, type JournalReadingParts } from './journal-reading.ts'
import { Lease } from './lease.ts'
import type { JournalSettings } from './options.ts'
import { SavedOffsets } from './saved-offsets.ts'
import type { Source, SourceContext } from './source.ts'

/** What is needed of the journal's room. */
export interface JournalPort extends Pick<JournalReadingParts, 'listSlots' | 'open'> {
  /** Claims one slot of a name; undefined where a living process holds it. */
  claimSlotNumber(dir: string, name: string, slot: number): SlotLock | undefined
}

/** Milliseconds between looks for a directory that is not there, or a group that somebody else reads for. */
const LOOK_AGAIN = 1000

/** The lines of all journals of one name in one directory; no Kafka is needed. */
export class JournalSource implements Source {
  readonly missing = []
  readonly #settings: JournalSettings
  readonly #journal: JournalPort
  readonly #lease = new Lease()
  #isPaused = false
  #reading: JournalReading | undefined

  constructor(settings: JournalSettings, journal: JournalPort) {
    this.#settings = settings
    this.#journal = journal
  }

  get lag(): number | undefined {
    const lags = Object.values(this.lags)
    return lags.length === 0 ? undefined : lags.reduce((sum, lag) => sum + lag, 0)
  }

  get lags(): Readonly<Record<string, number>> {
    return this.#reading?.lags ?? {}
  }

  get lost(): Losses {
    return this.#reading?.lost ?? {}
  }

  pause(topics: readonly string[] | undefined): void {
    if (topics !== undefined && !topics.includes(this.#settings.name)) return
    this.#isPaused = true
  }

  resume(topics: readonly string[] | undefined): void {
    if (topics !== undefined && !topics.includes(this.#settings.name)) return
    this.#isPaused = false
    this.#reading?.changed(undefined)
  }

  seek(): Promise<never> {
    return Promise.reject(new LogflumeError('JOURNAL', 'a journal is read in order: there is no seek'))
  }

  async run(context: SourceContext): Promise<void> {
    const stop = (): void => this.#lease.end(context.stopTimeout)
    context.signal.addEventListener('abort', stop)
    if (context.signal.aborted) stop()
    let lock: SlotLock | undefined
    try {
      lock = await this.#claim(context)
      if (lock !== undefined) await this.#read(context)
    } finally {
      context.signal.removeEventListener('abort', stop)
      this.#lease.expire()
      lock?.release()
    }
  }

  /** The right to read for the group; undefined when the consumer was stopped before its turn came. */
  async #claim({ waiting, diagnose }: SourceContext): Promise<SlotLock | undefined> {
    while (!this.#lease.ending) {
      const claimed = await this.#tryClaim()
      if (!(claimed instanceof LogflumeError)) return claimed
      if (!this.#settings.follow) throw claimed
      waiting(claimed)
      diagnose({ level: 'warn', message: `${claimed.message}; waiting`, error: claimed })
      await this.#lease.sleep(LOOK_AGAIN)
    }
    return undefined
  }

  async #tryClaim(): Promise<SlotLock | LogflumeError> {
    const { dir, name, group } = this.#settings
    const there = await stat(dir).catch(() => undefined)
    if (there?.isDirectory() !== true)
      return new LogflumeError('JOURNAL', `there is no directory ${dir}`, { retryable: true })
    try {
      const lock = this.#journal.claimSlotNumber(dir, `${name}.${group}.consumer`, 0)
      if (lock !== undefined) return lock
    } catch (thrown) {
      const cause = toError(thrown)
      throw new LogflumeError('JOURNAL', `cannot claim journal ${name} in ${dir}: ${cause.message}`, {
        cause,
      })
    }
    const message = `another consumer of group ${group} reads journal ${name} in ${dir}`
    return new LogflumeError('JOURNAL', message, { retryable: true })
  }

  async #read(context: SourceContext): Promise<void> {
    const { dir, start, follow } = this.#settings
    const offsets = await this.#openOffsets()
    const { listSlots, open } = this.#journal
    const reading = new JournalReading({
      settings: this.#settings,
      offsets,
      context,
      lease: this.#lease,
      isPaused: () => this.#isPaused,
      listSlots,
      open,
    })
    this.#reading = reading
    context.running()
    // Before the first look, so that no change falls between the two.
    const watch = follow ? new DirectoryWatch(dir, (file) => reading.changed(file)) : undefined
    try {
      await reading.look(start)
      if (follow) await this.#lease.ended()
    } finally {
      watch?.close()
    }
    await this.#lease.wait(reading.idle(!follow && !context.signal.aborted))
    await reading.save()
    await reading.close()
    if (!follow && reading.failure !== undefined && !context.signal.aborted) throw reading.failure
  }

  /** A place that cannot be saved is told now, and not by everything coming again one day. */
  async #openOffsets(): Promise<SavedOffsets> {
    const { dir, name, group } = this.#settings
    const file = join(dir, '.logflume', `${name}.${group}.offsets`)
    try {
      return await SavedOffsets.open(file)
    } catch (thrown) {
      const cause = toError(thrown)
      throw new LogflumeError('JOURNAL', `cannot keep the place in ${file}: ${cause.message}`, { cause })
    }
  }
}
