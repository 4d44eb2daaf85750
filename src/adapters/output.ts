import { openOutput, readOutputOptions, type Output, type OutputOptions } from '../logger/output.ts'
import { OptionReader } from '../options.ts'

/** What every adapter of another logger has as options. */
export interface AdapterOptions extends OutputOptions {
  /**
   * Milliseconds that the end waits for Kafka; what it has not got by then is on disk, and sent by the next
   * process of that name. Short, since pino holds the app's thread meanwhile, and winston ends the process
   * three seconds after an uncaught exception.
   * @default 2_000
   */
  readonly endTimeout?: number
}

export interface AdapterOutput extends Output {
  readonly dir: string
  readonly endTimeout: number
}

/** Reads an adapter's options but for those that are the other logger's own. */
export function readAdapterOptions(options: unknown, foreign: readonly string[]): OptionReader {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    return new OptionReader('options', options)
  const own = Object.entries(options).filter(([key]) => !foreign.includes(key))
  return new OptionReader('options', Object.fromEntries<unknown>(own))
}

/** Takes the options that are left out of the reader, ends it, and opens the output that they describe. */
export function openAdapterOutput(reader: OptionReader, name: string): AdapterOutput {
  const settings = readOutputOptions(reader, name)
  const endTimeout = reader.integer('endTimeout', 2_000, { max: 600_000 })
  reader.end()
  return { ...openOutput(settings), dir: settings.journal.dir, endTimeout }
}
