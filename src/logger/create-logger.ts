import { OptionReader } from '../options.ts'
import type { Logger } from './logger.ts'
import { readLoggerOptions, type LoggerOptions } from './options.ts'
import { openOutput, readOutputOptions, type OutputOptions } from './output.ts'
import { createRootLogger } from './tree.ts'

export interface CreateLoggerOptions<L extends string = never> extends LoggerOptions<L>, OutputOptions {}

/**
 * Opens a journal and gives the root of a tree of loggers that write to it.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the option; `JOURNAL` when the directory cannot be used.
 */
export function createLogger<L extends string = never>(options: CreateLoggerOptions<L>): Logger<L> {
  const reader = new OptionReader('options', options)
  const settings = readLoggerOptions(reader)
  const outputSettings = readOutputOptions(reader, settings.name)
  reader.end()
  const { writer, lifecycle } = openOutput(outputSettings)
  return createRootLogger<L>(settings, writer, lifecycle)
}
