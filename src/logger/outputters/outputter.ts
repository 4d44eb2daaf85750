import type { DiagnosticHandler } from '../../diagnostics.ts'
import { LogflumeError } from '../../errors.ts'
import { type OptionReader, refuse } from '../../options.ts'
import type { Formatter } from '../formatters/formatter.ts'
import type { Level, Levels } from '../level.ts'
import type { LogRecord } from '../log-record.ts'
import { thrownText } from '../read-property.ts'
import type { Drain, OutputterStats } from './drain.ts'

/** Options that every outputter has. */
export interface OutputterOptions {
  /** By it `getOutputter` and `stats().outputters` know it; once in a tree of loggers. Each kind has a default. */
  readonly name?: string
  /** The lowest level that it takes, or `off`. @default any that the logger lets through */
  readonly level?: string | undefined
  /** The only levels that it takes, as in `['info', 'warn']`. @default any */
  readonly onlyAt?: readonly string[] | undefined
  /** Makes the text of a record. @default each kind has one */
  readonly formatter?: Formatter
}

/** One more place for the records of a logger, and of the loggers below it. */
export interface Outputter {
  readonly name: string
  /**
   * The lowest level that it takes; undefined: any that the logger lets through. Holds from the next call on.
   * @throws LogflumeError INVALID_OPTION where a tree that it is added to has no such level.
   */
  get level(): string | undefined
  set level(level: string | undefined)
  /** The only levels that it takes; undefined: any. As `level`. */
  get onlyAt(): readonly string[] | undefined
  set onlyAt(levels: readonly string[] | undefined)
  stats(): OutputterStats
}

/** A tree of loggers that an outputter was added to. */
export interface OutputterUser {
  readonly levels: Levels
  readonly diagnose: DiagnosticHandler
  /** The outputter takes other levels than before. */
  changed(): void
}

interface OutputterSettings {
  readonly name: string
  readonly level: string | undefined
  readonly onlyAt: readonly string[] | undefined
  readonly formatter: Formatter
}

/** Takes the options that every outputter has out of the reader, which the caller ends. */
export function readOutputterOptions(
  reader: OptionReader,
  defaults: { readonly name?: string; readonly formatter: () => Formatter },
): OutputterSettings {
  return {
    name: reader.string('name', defaults.name),
    level: reader.has('level') ? reader.string('level') : undefined,
    onlyAt: reader.has('onlyAt') ? reader.strings('onlyAt') : undefined,
    formatter: reader.has('formatter')
      ? reader.function<Formatter>('formatter', () => '')
      : defaults.formatter(),
  }
}

/** Levels, a formatter, and a drain for what that makes. */
export class DrainOutputter implements Outputter {
  readonly name: string
  readonly #formatter: Formatter
  readonly #drain: Drain
  readonly #users = new Set<OutputterUser>()
  #state: 'new' | 'open' | 'closed' = 'new'
  #level: string | undefined
  #onlyAt: readonly string[] | undefined
  /** Whether it is at work: what its own formatter logs must not come back to it. */
  #busy = false

  constructor({ name, level, onlyAt, formatter }: OutputterSettings, drain: Drain) {
    this.name = name
    this.#level = level
    this.#onlyAt = onlyAt
    this.#formatter = formatter
    this.#drain = drain
  }

  get level(): string | undefined {
    return this.#level
  }

  set level(level: string | undefined) {
    for (const { levels } of this.#users) this.#check(levels, level, undefined)
    this.#level = level
    for (const user of this.#users) user.changed()
  }

  get onlyAt(): readonly string[] | undefined {
    return this.#onlyAt
  }

  set onlyAt(onlyAt: readonly string[] | undefined) {
    for (const { levels } of this.#users) this.#check(levels, undefined, onlyAt)
    this.#onlyAt = onlyAt
    for (const user of this.#users) user.changed()
  }

  #check(levels: Levels, level: string | undefined, onlyAt: readonly string[] | undefined): void {
    if (level !== undefined) levels.setting(`level of outputter ${this.name}`, level)
    if (onlyAt === undefined) return
    if (!Array.isArray(onlyAt)) refuse(`onlyAt of outputter ${this.name}`, 'an array of levels', onlyAt)
    for (const one of onlyAt) levels.setting(`onlyAt of outputter ${this.name}`, one)
  }

  /** Whether it takes records of a level. */
  takes(level: Level, levels: Levels): boolean {
    if (this.#onlyAt !== undefined && !this.#onlyAt.includes(level.name)) return false
    return this.#level === undefined || level.rank >= levels.setting('level', this.#level).rank
  }

  /** Whether it takes all that it is given. */
  get takesAll(): boolean {
    return this.#level === undefined && this.#onlyAt === undefined
  }

  /**
   * @throws LogflumeError INVALID_OPTION where its levels are none of the tree's; CLOSED after the last tree
   * that had it was closed.
   */
  attach(user: OutputterUser): void {
    if (this.#state === 'closed') throw new LogflumeError('CLOSED', `outputter ${this.name} is closed`)
    this.#check(user.levels, this.#level, this.#onlyAt)
    if (this.#state === 'new') {
      this.#state = 'open'
      this.#drain.open?.(this.name, user.diagnose)
    }
    this.#users.add(user)
  }

  /** Never throws. */
  output(record: LogRecord): void {
    if (this.#busy) return
    this.#busy = true
    try {
      this.#drain.write(this.#format(record), record)
    } finally {
      this.#busy = false
    }
  }

  /** A record that cannot be formatted is written as the journal has it: nothing of it is lost. */
  #format(record: LogRecord): string {
    try {
      const text: unknown = this.#formatter(record)
      if (typeof text === 'string') return text
      this.#tell(`its formatter gave ${typeof text}, not a text`)
    } catch (thrown) {
      this.#tell(`its formatter threw: ${thrownText(thrown)}`)
    }
    return record.line
  }

  #tell(what: string): void {
    const message = `outputter ${this.name}: ${what}`
    for (const { diagnose } of this.#users) diagnose({ level: 'warn', message })
  }

  flush(timeout: number): Promise<void> {
    return this.#drain.flush(timeout)
  }

  flushSync(): void {
    this.#drain.flushSync()
  }

  /** Ends it where no other tree has it. */
  async release(user: OutputterUser, timeout: number): Promise<void> {
    this.#users.delete(user)
    if (this.#users.size > 0 || this.#state === 'closed') return this.#drain.flush(timeout)
    this.#state = 'closed'
    await this.#drain.close(timeout)
  }

  /** Ends one that no tree has had. */
  async discard(): Promise<void> {
    if (this.#state !== 'new') return
    this.#state = 'closed'
    await this.#drain.close(0)
  }

  stats(): OutputterStats {
    return this.#drain.stats()
  }
}
