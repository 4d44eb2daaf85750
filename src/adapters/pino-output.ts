import { LogflumeError } from '../errors.ts'
import { readName } from '../logger/options.ts'
import { ForeignLines, PINO } from './foreign-lines.ts'
import { readFormat, type LineFormat } from './line-format.ts'
import { openAdapterOutput, readAdapterOptions, type AdapterOptions, type AdapterOutput } from './output.ts'

/** Options of the transport and of the destination. */
export interface PinoOptions extends AdapterOptions {
  /**
   * The start of the names of the journal's files, and `service.name` of lines in ECS names. Up to 100 letters,
   * digits, `.`, `_` and `-`.
   */
  readonly name: string
  /**
   * `'pino'` keeps the lines as pino makes them. The other formats cost a few microseconds a line, on the
   * thread of the transport, or in the app's where it is a destination.
   * @default 'pino'
   */
  readonly format?: 'pino' | LineFormat
}

export interface PinoOutput extends AdapterOutput {
  /** Undefined where lines are kept as they are. */
  readonly mapping: ForeignLines | undefined
}

/** What pino adds to the options of a target. */
const FROM_PINO = ['$context', 'pinoWillSendConfig']

export function openPinoOutput(options: PinoOptions): PinoOutput {
  const reader = readAdapterOptions(options, FROM_PINO)
  const name = readName(reader)
  const names = readFormat(reader, 'pino')
  const output = openAdapterOutput(reader, name)
  return { ...output, mapping: names && new ForeignLines(name, names, PINO) }
}

/** Writes what waits; an error where that cannot be done now. The lines wait on. */
export function flushToDisk({ writer, lifecycle }: AdapterOutput): LogflumeError | undefined {
  writer.flushSync()
  const { buffered, journal } = lifecycle.stats()
  if (buffered.lines === 0 || journal.error === undefined) return undefined
  const message = `${buffered.lines} lines are not on disk yet: ${journal.error}`
  return new LogflumeError('JOURNAL', message, { retryable: true })
}
