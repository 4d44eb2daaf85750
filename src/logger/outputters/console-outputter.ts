import { OptionReader } from '../../options.ts'
import { prettyFormatter } from '../formatters/pretty-formatter.ts'
import { DescriptorDrain } from './descriptor-drain.ts'
import { DrainOutputter, readOutputterOptions, type Outputter, type OutputterOptions } from './outputter.ts'

export interface ConsoleOutputterOptions extends OutputterOptions {
  /** Which stream of the process. Standard error, unless its output is meant for another program. @default 'stderr' */
  readonly stream?: 'stdout' | 'stderr'
  /**
   * Of the default formatter. @default whether the stream is a terminal that has colours and `NO_COLOR` is not
   * set, or `FORCE_COLOR` is
   */
  readonly colors?: boolean
}

/**
 * Log4r's StdoutOutputter and StderrOutputter: each record is written when it is logged. Its name is that of
 * the stream, and its default formatter `prettyFormatter()`.
 *
 * @throws LogflumeError INVALID_OPTION, which names the option.
 */
export function consoleOutputter(options: ConsoleOutputterOptions = {}): Outputter {
  const reader = new OptionReader('options', options)
  const name = reader.oneOf('stream', ['stdout', 'stderr'], 'stderr')
  const stream = process[name]
  const colors = reader.boolean('colors', hasColors(stream))
  const settings = readOutputterOptions(reader, { name, formatter: () => prettyFormatter({ colors }) })
  reader.end()
  return new DrainOutputter(settings, new DescriptorDrain(name === 'stdout' ? 1 : 2))
}

/** As Node's own console does it: NO_COLOR and FORCE_COLOR are looked at, and what the terminal can. */
function hasColors(stream: NodeJS.WriteStream): boolean {
  const forced = process.env.FORCE_COLOR
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if ((process.env.NO_COLOR ?? '') !== '') return false
  return 'hasColors' in stream && stream.hasColors() // which only terminals have
}
