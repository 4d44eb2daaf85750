import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { toError } from '../errors.ts'
import { keepUntilExit, letGo, type KeptUntilExit } from '../exit.ts'
import { openTree } from '../logger/create-logger.ts'
import { DiagnosticLogger } from '../logger/diagnostic-logger.ts'
import type { Lifecycle } from '../logger/lifecycle.ts'
import type { ConfigStats } from '../logger/stats.ts'
import type { LoggerTree } from '../logger/tree.ts'
import { isObject } from '../options.ts'
import { applyConfig } from './apply-config.ts'
import { FileWatch } from './file-watch.ts'
import type { LoadSettings } from './options.ts'
import { planOf } from './plan.ts'
import { discard } from './read-outputters.ts'
import type { ConfigPlan } from './read-config.ts'

/** Milliseconds that outputters get which a new configuration has no more. */
const CLOSE_TIMEOUT = 5_000

/** A tree of loggers, and the configuration that is in force in it. */
export class ConfiguredTree<L extends string> {
  readonly #settings: LoadSettings
  readonly tree: LoggerTree<L>
  readonly #diagnosticLogger: DiagnosticLogger
  #diagnose: DiagnosticHandler = () => undefined
  #plan: ConfigPlan
  /** Of the file, as it was read last. */
  #text: string | undefined
  #watch: FileWatch | undefined
  #signal: KeptUntilExit | undefined
  isClosed = false
  #loaded = 1
  #refused = 0
  #error: string | undefined
  #restartFor: readonly string[] = []
  /** The end of outputters that a new configuration has no more. */
  readonly #ending = new Set<Promise<unknown>>()

  /** @throws LogflumeError INVALID_OPTION, which names the place; JOURNAL when the directory cannot be used. */
  constructor(settings: LoadSettings) {
    this.#settings = settings
    this.#text = textOf(settings.path)
    this.#plan = planOf(settings)
    const { settings: forLogger, diagnostics, outputters } = this.#plan
    const { logger, onDiagnostic } = forLogger
    try {
      this.#diagnosticLogger = new DiagnosticLogger(logger, diagnostics, onDiagnostic)
    } catch (thrown) {
      discard(outputters, undefined)
      throw thrown
    }
    try {
      this.tree = openTree<L>(forLogger, {
        outputters: [],
        diagnosticLogger: this.#diagnosticLogger,
        wrap: (lifecycle, diagnose) => this.#wrap(lifecycle, diagnose),
      })
    } catch (thrown) {
      discard(outputters, undefined)
      throw thrown
    }
    try {
      applyConfig(this.#loggers, this.#plan)
    } catch (thrown) {
      void this.tree.root.close({ timeout: 0 }) // nobody has it
      throw thrown
    }
    this.#warn(this.#plan.warnings)
    this.#listen()
  }

  /** The tree, whatever levels the loggers have methods for. */
  get #loggers(): LoggerTree<string> {
    return this.tree as unknown as LoggerTree<string>
  }

  #wrap(lifecycle: Lifecycle, diagnose: DiagnosticHandler): Lifecycle {
    this.#diagnose = diagnose
    return {
      ...lifecycle,
      stats: () => ({ ...lifecycle.stats(), config: this.#stats() }),
      close: async (options) => {
        this.#stop()
        await Promise.all(this.#ending)
        return lifecycle.close(options)
      },
    }
  }

  #stats(): ConfigStats {
    return {
      file: this.#settings.file,
      loaded: this.#loaded,
      refused: this.#refused,
      error: this.#error,
      restartFor: this.#restartFor,
    }
  }

  #listen(): void {
    const { path, watch, reloadOnSighup } = this.#settings
    if (path !== undefined && watch)
      this.#watch = new FileWatch(path, () => {
        if (this.#text !== textOf(path)) this.#tryReload()
      })
    if (!reloadOnSighup) return
    this.#signal = {
      rotatesOnSighup: true,
      rotate: () => this.#tryReload(),
      writeThrough: () => undefined,
      flushSync: () => undefined,
    }
    keepUntilExit(this.#signal)
  }

  #tryReload(): void {
    try {
      this.reload()
    } catch {
      // It was told.
    }
  }

  #stop(): void {
    this.isClosed = true
    this.#watch?.close()
    if (this.#signal !== undefined) letGo(this.#signal)
  }

  /**
   * Reads the configuration again, and puts it in force.
   *
   * @throws LogflumeError INVALID_OPTION, which was told as well; the one before stays then.
   */
  reload(source?: object): void {
    if (this.isClosed) return
    const previous = this.#plan
    this.#text = textOf(this.#settings.path)
    try {
      const { levels, outputters } = this.tree
      const own = new Set(previous.outputters.map(({ outputter }) => outputter))
      const isTaken = (name: string): boolean => {
        const known = outputters.find(name)
        return known !== undefined && !own.has(known)
      }
      const settings = { ...this.#settings, ...(source && { source, file: undefined, path: undefined }) }
      const plan = planOf(settings, { plan: previous, levels, isTaken })
      this.#change(plan, previous)
    } catch (thrown) {
      this.#refused++
      const error = toError(thrown)
      this.#error = error.message
      this.#diagnose({ level: 'error', message: `the configuration stays as it is: ${error.message}`, error })
      throw thrown
    }
  }

  #change(plan: ConfigPlan, previous: ConfigPlan): void {
    const gone = applyConfig(this.#loggers, plan, previous)
    const ends = [
      this.#diagnosticLogger.change(plan.diagnostics, CLOSE_TIMEOUT),
      ...gone.map((one) => one.release(this.tree.outputters, CLOSE_TIMEOUT)),
    ]
    for (const end of ends) {
      const ending = end.finally(() => this.#ending.delete(ending))
      this.#ending.add(ending)
    }
    // What holds from the start on is still that of the start.
    this.#plan = { ...plan, settings: previous.settings, fixed: previous.fixed }
    this.#loaded++
    this.#error = undefined
    this.#restartFor = differences(previous.fixed, plan.fixed)
    this.#tellOf(plan)
  }

  #tellOf({ warnings, outputters }: ConfigPlan): void {
    const what = this.#settings.file ?? 'the configuration'
    this.#diagnose({ level: 'info', message: `${what} was taken, with ${outputters.length} outputters` })
    this.#warn(warnings)
    if (this.#restartFor.length === 0) return
    const message = `${what}: a change of ${this.#restartFor.join(', ')} holds from the next start on`
    this.#diagnose({ level: 'warn', message })
  }

  #warn(warnings: readonly string[]): void {
    for (const warning of warnings)
      this.#diagnose({ level: 'warn', message: `${this.#settings.file ?? 'the configuration'}: ${warning}` })
  }
}

/** Undefined where it cannot be read, or there is none. */
function textOf(path: string | undefined): string | undefined {
  try {
    return path === undefined ? undefined : readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Names of the options that are not the same. */
function differences(before: unknown, after: unknown, name = ''): string[] {
  if (isDeepStrictEqual(before, after)) return []
  if (!isObject(before) || !isObject(after)) return [name]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) =>
    differences(before[key], after[key], name === '' ? key : `${name}.${key}`),
  )
}
