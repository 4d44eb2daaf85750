import { guarded, printDiagnostics, type DiagnosticHandler } from '../diagnostics.ts'
import { OptionReader, refuse } from '../options.ts'
import { DiagnosticLogger, readDiagnostics, type DiagnosticsOptions } from './diagnostic-logger.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Logger } from './logger.ts'
import { readLoggerOptions, type LoggerOptions } from './options.ts'
import {
  openOutput,
  readOutputOptions,
  withoutJournal,
  type OutputOptions,
  type OutputSettings,
} from './output.ts'
import type { Outputter } from './outputters/outputter.ts'
import { checkOutputter } from './outputters/tree-outputters.ts'
import type { LoggerSettings } from './settings.ts'
import { createTree, type LoggerTree } from './tree.ts'

export interface CreateLoggerOptions<L extends string = never> extends LoggerOptions<L>, OutputOptions {
  /** Outputters of the root, beside the journal. @default [] */
  readonly outputters?: readonly Outputter[]
  /**
   * Whether there is a journal. Without one there are only the outputters, and no option of the journal or of
   * forwarding. @default true
   */
  readonly journal?: boolean
  /** Outputters for the library's own trouble, beside `onDiagnostic`. @default none */
  readonly diagnostics?: DiagnosticsOptions
}

/** The options, checked; nothing is open yet. */
export interface CreateLoggerSettings {
  readonly logger: LoggerSettings
  /** Undefined: there is no journal. */
  readonly output: Pick<OutputSettings, 'journal' | 'forward'> | undefined
  /** Undefined: the one that prints. */
  readonly onDiagnostic: DiagnosticHandler | undefined
}

/**
 * Opens a journal and gives the root of a tree of loggers that write to it.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the option; `JOURNAL` when the directory cannot be used.
 */
export function createLogger<L extends string = never>(options: CreateLoggerOptions<L>): Logger<L> {
  const reader = new OptionReader('options', options)
  const outputters = reader.raw('outputters') ?? []
  if (!Array.isArray(outputters)) refuse('outputters', 'an array of outputters', outputters)
  for (const [index, one] of outputters.entries()) checkOutputter(`outputters[${index}]`, one)
  const diagnostics = reader.has('diagnostics') ? readDiagnostics(reader.section('diagnostics')) : undefined
  const settings = readCreateLoggerOptions(reader)
  const diagnosticLogger =
    diagnostics && new DiagnosticLogger(settings.logger, diagnostics, settings.onDiagnostic)
  return openTree<L>(settings, {
    outputters: outputters as readonly Outputter[],
    diagnosticLogger,
    wrap: (lifecycle) => lifecycle,
  }).root
}

/** Takes what `createLogger` has besides outputters and `diagnostics` out of the reader, and ends it. */
export function readCreateLoggerOptions(reader: OptionReader): CreateLoggerSettings {
  const logger = readLoggerOptions(reader)
  const hasHandler = reader.has('onDiagnostic')
  const handler = guarded(reader.function<DiagnosticHandler>('onDiagnostic', printDiagnostics()))
  const ranks = Object.fromEntries(logger.levels.all.map(({ name, rank }) => [name, rank]))
  const output = reader.boolean('journal', true) ? readOutputOptions(reader, logger.name, ranks) : undefined
  reader.end()
  return { logger, output, onDiagnostic: hasHandler ? handler : undefined }
}

export interface TreeParts {
  readonly outputters: readonly Outputter[]
  readonly diagnosticLogger: DiagnosticLogger | undefined
  /** What else ends with the tree, or is in its stats. */
  readonly wrap: (lifecycle: Lifecycle, diagnose: DiagnosticHandler) => Lifecycle
}

/** @throws LogflumeError `JOURNAL` when the directory cannot be used; INVALID_OPTION where an outputter cannot. */
export function openTree<L extends string>(
  { logger, output: outputSettings, onDiagnostic }: CreateLoggerSettings,
  { outputters, diagnosticLogger, wrap }: TreeParts,
): LoggerTree<L> {
  const diagnose = diagnosticLogger?.tell ?? onDiagnostic ?? guarded(printDiagnostics())
  const last = diagnosticLogger && ((timeout: number) => diagnosticLogger.close(timeout))
  let lifecycle: Lifecycle | undefined
  try {
    const output =
      outputSettings === undefined ? withoutJournal() : openOutput({ ...outputSettings, diagnose })
    lifecycle = wrap(output.lifecycle, diagnose)
    return createTree<L>(logger, { writer: output.writer, lifecycle, outputters, diagnose, last })
  } catch (thrown) {
    void Promise.all([lifecycle?.close({ timeout: 0 }), last?.(0)]) // nobody has what is open by now
    throw thrown
  }
}
