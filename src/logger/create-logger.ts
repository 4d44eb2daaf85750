import { guarded, printDiagnostics } from '../diagnostics.ts'
import { OptionReader, refuse } from '../options.ts'
import type { Logger } from './logger.ts'
import { readLoggerOptions, type LoggerOptions } from './options.ts'
import { openOutput, readOutputOptions, withoutJournal, type OutputOptions } from './output.ts'
import type { Outputter } from './outputters/outputter.ts'
import { createRootLogger } from './tree.ts'

export interface CreateLoggerOptions<L extends string = never> extends LoggerOptions<L>, OutputOptions {
  /** Outputters of the root, beside the journal. @default [] */
  readonly outputters?: readonly Outputter[]
  /**
   * Whether there is a journal. Without one there are only the outputters, and no option of the journal or of
   * forwarding. @default true
   */
  readonly journal?: boolean
}

/**
 * Opens a journal and gives the root of a tree of loggers that write to it.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the option; `JOURNAL` when the directory cannot be used.
 */
export function createLogger<L extends string = never>(options: CreateLoggerOptions<L>): Logger<L> {
  const reader = new OptionReader('options', options)
  const settings = readLoggerOptions(reader)
  const outputters = reader.raw('outputters') ?? []
  if (!Array.isArray(outputters)) refuse('outputters', 'an array of outputters', outputters)
  const added = outputters as readonly Outputter[]
  if (!reader.boolean('journal', true)) {
    const diagnose = guarded(reader.function('onDiagnostic', printDiagnostics()))
    reader.end()
    return createRootLogger<L>(settings, { ...withoutJournal(), outputters: added, diagnose })
  }
  const ranks = Object.fromEntries(settings.levels.all.map(({ name, rank }) => [name, rank]))
  const outputSettings = readOutputOptions(reader, settings.name, ranks)
  reader.end()
  const output = openOutput(outputSettings)
  try {
    return createRootLogger<L>(settings, { ...output, outputters: added, diagnose: outputSettings.diagnose })
  } catch (thrown) {
    void output.lifecycle.close({ timeout: 0 }) // an outputter was refused: nobody has this journal
    throw thrown
  }
}
