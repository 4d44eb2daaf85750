import type { DiagnosticHandler } from '../../diagnostics.ts'
import { refuse, refuseOption } from '../../options.ts'
import type { Levels } from '../level.ts'
import type { EndOptions, Lifecycle } from '../lifecycle.ts'
import type { LoggerStats } from '../stats.ts'
import type { OutputterStats } from './drain.ts'
import { JOURNAL } from './journal-outputter.ts'
import { DrainOutputter, type Outputter, type OutputterUser } from './outputter.ts'

/** Milliseconds that outputters get at the end where the caller does not say. */
const END_TIMEOUT = 5_000
/** Milliseconds that they get in any case. */
const LEAST_TIMEOUT = 3_000

/** The outputters of one tree of loggers, by name: what a name means is the same in all of the tree. */
export class TreeOutputters implements OutputterUser {
  readonly levels: Levels
  readonly diagnose: DiagnosticHandler
  readonly changed: () => void
  readonly #byName = new Map<string, DrainOutputter>()

  constructor(levels: Levels, diagnose: DiagnosticHandler, changed: () => void) {
    this.levels = levels
    this.diagnose = diagnose
    this.changed = changed
  }

  find(name: string): DrainOutputter | undefined {
    return this.#byName.get(name)
  }

  /**
   * @throws LogflumeError INVALID_OPTION where it is none, has levels that are not the tree's, or the name of
   * another one; CLOSED where it is closed.
   */
  add(option: string, outputter: Outputter): DrainOutputter {
    checkOutputter(option, outputter)
    const known = this.#byName.get(outputter.name)
    if (known === outputter) return known
    if (known !== undefined) {
      refuseOption(option, `this tree has another outputter by the name of ${outputter.name} already`)
    }
    outputter.attach(this)
    this.#byName.set(outputter.name, outputter)
    return outputter
  }

  /** Its name is free from now on; what it has is written before this returns, where it can. */
  forget(outputter: DrainOutputter): void {
    if (this.#byName.get(outputter.name) === outputter) this.#byName.delete(outputter.name)
    outputter.flushSync()
  }

  async flush(timeout: number): Promise<void> {
    await Promise.all([...this.#byName.values()].map((one) => one.flush(timeout)))
  }

  async close(timeout: number): Promise<void> {
    await Promise.all([...this.#byName.values()].map((one) => one.release(this, timeout)))
  }

  /** Without the journal's, which are those of the tree. */
  stats(): Record<string, OutputterStats> {
    const others = [...this.#byName].filter(([name]) => name !== JOURNAL)
    return Object.fromEntries(others.map(([name, one]) => [name, one.stats()]))
  }
}

export function checkOutputter(option: string, value: unknown): asserts value is DrainOutputter {
  if (!(value instanceof DrainOutputter))
    refuse(option, 'an outputter, as fileOutputter() and defineOutputter() give one', value)
}

/** The life of a journal with that of the outputters beside it; what is `last` ends after them. */
export function withOutputters(
  journal: Lifecycle,
  outputters: TreeOutputters,
  last: (timeout: number) => Promise<unknown> = () => Promise.resolve(),
): Lifecycle {
  let closing: Promise<LoggerStats> | undefined
  const stats = (): LoggerStats => ({ ...journal.stats(), outputters: outputters.stats() })
  const close = async (options?: EndOptions): Promise<LoggerStats> => {
    await Promise.all([outputters.close(timeoutOf(options)), journal.close(options)])
    await last(timeoutOf(options))
    return stats()
  }
  return {
    stats,
    async flush(options) {
      await Promise.all([outputters.flush(timeoutOf(options)), journal.flush(options)])
      return stats()
    },
    rotate: () => journal.rotate(),
    close: (options) => (closing ??= close(options)),
    async [Symbol.asyncDispose]() {
      await (closing ??= close())
    },
  }
}

function timeoutOf({ timeout = END_TIMEOUT }: EndOptions = {}): number {
  return Math.max(timeout, LEAST_TIMEOUT)
}
