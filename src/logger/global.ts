import { refuse } from '../options.ts'
import type { Levels, StandardLevel } from './level.ts'

/** What the loggers of the whole process can be limited to. */
export type GlobalLevel = StandardLevel | 'all' | 'off'

export const globalLevels = ['all', 'trace', 'debug', 'info', 'warn', 'error', 'fatal', 'off'] as const

/** Whoever has to know that the level has changed. */
export interface GloballyLimited {
  limit(): void
}

/** Log4r's global logger. */
export interface GlobalLogger {
  /**
   * The lowest level that gives lines, anywhere in the process and whatever level a logger has itself; `off`
   * silences all, `all` (the default) leaves it to the loggers. It holds from the next call on. Where a tree
   * has given a level another rank, that rank counts there.
   * @throws LogflumeError INVALID_OPTION for anything else.
   */
  level: GlobalLevel
}

class GlobalLimit implements GlobalLogger {
  #level: GlobalLevel = 'all'
  // A tree of loggers that nobody has any more goes, though this knows it.
  readonly #limited = new Set<WeakRef<GloballyLimited>>()

  get level(): GlobalLevel {
    return this.#level
  }

  set level(level: GlobalLevel) {
    if (!globalLevels.includes(level))
      refuse('level of the global logger', `one of ${globalLevels.join(', ')}`, level)
    this.#level = level
    for (const one of this.#living()) one.limit()
  }

  /** The rank below which a tree with these levels makes no lines. */
  rank(levels: Levels): number {
    if (this.#level === 'all') return Number.NEGATIVE_INFINITY
    return levels.find(this.#level)?.rank ?? Number.POSITIVE_INFINITY
  }

  add(limited: GloballyLimited): void {
    for (const gone of [...this.#limited].filter((reference) => reference.deref() === undefined))
      this.#limited.delete(gone)
    this.#limited.add(new WeakRef(limited))
  }

  #living(): GloballyLimited[] {
    return [...this.#limited].flatMap((reference) => reference.deref() ?? [])
  }
}

/** What the trees of loggers ask. */
export const globalLimit = new GlobalLimit()

/**
 * The one place that silences or limits all loggers of the process, as Log4r's `Logger.global`:
 * `globalLogger.level = 'off'`.
 */
export const globalLogger: GlobalLogger = {
  get level() {
    return globalLimit.level
  },
  set level(level) {
    globalLimit.level = level
  },
}
