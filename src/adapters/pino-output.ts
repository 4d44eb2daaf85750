import { LogflumeError } from '../errors.ts'
import { readName } from '../logger/options.ts'
import { openAdapterOutput, readAdapterOptions, type AdapterOptions, type AdapterOutput } from './output.ts'

/** Options of the transport and of the destination. pino makes the lines, and they are kept as they are. */
export interface PinoOptions extends AdapterOptions {
  /** The start of the names of the journal's files. Up to 100 letters, digits, `.`, `_` and `-`. */
  readonly name: string
}

/** What pino adds to the options of a target. */
const FROM_PINO = ['$context', 'pinoWillSendConfig']

export function openPinoOutput(options: PinoOptions): AdapterOutput {
  const reader = readAdapterOptions(options, FROM_PINO)
  return openAdapterOutput(reader, readName(reader))
}

/** Writes what waits; an error where that cannot be done now. The lines wait on. */
export function flushToDisk({ writer, lifecycle }: AdapterOutput): LogflumeError | undefined {
  writer.flushSync()
  const { buffered, journal } = lifecycle.stats()
  if (buffered.lines === 0 || journal.error === undefined) return undefined
  const message = `${buffered.lines} lines are not on disk yet: ${journal.error}`
  return new LogflumeError('JOURNAL', message, { retryable: true })
}
