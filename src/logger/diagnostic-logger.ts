import {
  guarded,
  onceAMinute,
  printDiagnostics,
  type Diagnostic,
  type DiagnosticHandler,
} from '../diagnostics.ts'
import { type OptionReader, refuse } from '../options.ts'
import type { Levels } from './level.ts'
import type { Logger } from './logger.ts'
import { withoutJournal } from './output.ts'
import { JOURNAL } from './outputters/journal-outputter.ts'
import type { Outputter } from './outputters/outputter.ts'
import type { LoggerSettings } from './settings.ts'
import { createTree, type LoggerTree } from './tree.ts'

const LEVELS = ['info', 'warn', 'error', 'off'] as const

type DiagnosticsLevel = (typeof LEVELS)[number]

export interface DiagnosticsOptions {
  /** The lowest level that is told. @default 'warn' */
  readonly level?: DiagnosticsLevel
  /**
   * Where it is told: records of the logger `<name>::logflume`. They may be outputters of other loggers as well,
   * but not the journal, which is what most of the trouble is about. Their own trouble goes to standard error.
   */
  readonly outputters: readonly Outputter[]
}

export interface DiagnosticsSettings {
  readonly level: DiagnosticsLevel
  readonly outputters: readonly Outputter[]
}

/** Ends the reader. */
export function readDiagnostics(reader: OptionReader): DiagnosticsSettings {
  const outputters = reader.raw('outputters')
  if (!Array.isArray(outputters)) refuse(reader.at('outputters'), 'an array of outputters', outputters)
  const settings = { level: readDiagnosticsLevel(reader), outputters: outputters as readonly Outputter[] }
  for (const [index, one] of settings.outputters.entries())
    if ((one as Partial<Outputter> | null | undefined)?.name === JOURNAL)
      refuse(`${reader.at('outputters')}[${index}]`, 'another outputter than the journal', JOURNAL)
  reader.end()
  return settings
}

export function readDiagnosticsLevel(reader: OptionReader): DiagnosticsLevel {
  return reader.oneOf('level', LEVELS, 'warn')
}

/**
 * Log4r's internal logger: the library's own trouble as records of a logger. Its outputters are those of a tree
 * of its own, so that what they have to tell of themselves does not come back to them.
 */
export class DiagnosticLogger {
  readonly #tree: LoggerTree
  readonly #log: Logger
  readonly #levels: Levels
  readonly #print: DiagnosticHandler
  /** Told of what its own outputters are about. */
  readonly #others: DiagnosticHandler
  /** Tells `onDiagnostic`, where there is one, and the outputters. */
  readonly tell: DiagnosticHandler
  #outputters: readonly Outputter[]
  #state: 'idle' | 'telling' | 'closed' = 'idle'

  constructor(
    settings: LoggerSettings,
    { level, outputters }: DiagnosticsSettings,
    onDiagnostic: DiagnosticHandler | undefined,
  ) {
    this.#print = onDiagnostic === undefined ? guarded(printDiagnostics()) : () => undefined
    this.#others = onDiagnostic ?? this.#print

    const { levels } = settings
    const own = { ...settings, level: levels.setting('diagnostics.level', level), trace: false }
    const output = { ...withoutJournal(), outputters: [], diagnose: this.#others }
    this.#tree = createTree(own, output)
    this.#log = this.#tree.root.get('logflume')
    this.#levels = levels
    this.#outputters = outputters
    this.#attach()
    const tell = onceAMinute((diagnostic) => this.#write(diagnostic))
    this.tell = (diagnostic) => {
      onDiagnostic?.(diagnostic)
      tell(diagnostic)
    }
  }

  #attach(): void {
    this.#tree.top.outputters = this.#outputters.map((one, index) =>
      this.#tree.outputters.add(`diagnostics.outputters[${index}]`, one),
    )
  }

  #write(diagnostic: Diagnostic): void {
    if (this.#state === 'telling') return // what an outputter tells of itself goes to the others
    if (this.#state === 'closed' || this.#outputters.length === 0) {
      this.#print(diagnostic)
      return
    }
    this.#state = 'telling'
    const { level, message, error } = diagnostic
    this.#log[level](message, error === undefined ? {} : { err: error })
    this.#state = 'idle'
  }

  /** Other outputters from now on; gives the end of those that nobody has any more. */
  change({ level, outputters }: DiagnosticsSettings, timeout: number): Promise<unknown> {
    const gone = this.#tree.top.outputters.filter((one) => !outputters.includes(one))
    for (const one of gone) this.#tree.outputters.forget(one)
    this.#outputters = outputters
    this.#tree.top.setLevel(this.#levels.setting('diagnostics.level', level))
    this.#attach()
    return Promise.all(gone.map((one) => one.release(this.#tree.outputters, timeout)))
  }

  /** What comes after this is printed. */
  async close(timeout: number): Promise<void> {
    this.#state = 'closed'
    await this.#tree.root.close({ timeout })
  }
}
