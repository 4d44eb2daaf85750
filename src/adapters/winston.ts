import TransportStream from 'winston-transport'
import { readLoggerOptions, type LoggerOptions } from '../logger/options.ts'
import type { LoggerStats } from '../logger/stats.ts'
import { OptionReader, refuse } from '../options.ts'
import { openAdapterOutput, type AdapterOptions, type AdapterOutput } from './output.ts'
import { WinstonLines, type Info } from './winston-lines.ts'

/** What is winston's own: which of the logger's infos come here, and in which form. */
type OwnOptions = Pick<
  TransportStream.TransportStreamOptions,
  'level' | 'format' | 'silent' | 'handleExceptions' | 'handleRejections'
>

/** The levels are those of the winston logger, whatever their names. */
export interface LogflumeTransportOptions
  extends AdapterOptions, OwnOptions, Pick<LoggerOptions, 'name' | 'base' | 'maxLineBytes'> {}

/**
 * A winston transport: `winston.createLogger({ transports: [new LogflumeTransport({ name: 'shop' })] })`.
 *
 * Each info becomes one line in ECS names, `finish` comes after all of them are on disk, and in Kafka or
 * `endTimeout` is over.
 *
 * - `log.level` is the level's name; `@timestamp` is what `format.timestamp()` made, or else now.
 * - An error, wherever winston or `format.errors()` has put it, becomes `error.type`, `error.message`,
 *   `error.stack_trace` with its causes.
 * - The text that the logger's format makes (`format.json()`, `printf` …) is not used.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the option; `JOURNAL` when the directory cannot be used.
 */
export class LogflumeTransport extends TransportStream {
  readonly #output: AdapterOutput
  readonly #lines: WinstonLines

  constructor(options: LogflumeTransportOptions) {
    super(options)
    const reader = new OptionReader('options', options)
    checkOwnOptions(reader)
    const settings = readLoggerOptions(reader.without('level'))
    this.#lines = new WinstonLines(settings)
    this.#output = openAdapterOutput(reader, settings.name)
  }

  /** Called by winston for each info that has passed level and format. Never throws, never waits. */
  override log(info: Info, callback: () => void): void {
    this.#output.writer.append(this.#lines.make(info))
    this.emit('logged', info)
    callback()
  }

  /** Called by winston when the logger lets go of this transport: all is on disk when it returns. */
  override close(): void {
    this.#output.writer.flushSync()
    void this.#end()
  }

  /** Called by the stream between the last info and `finish`. */
  override _final(callback: (error?: Error | null) => void): void {
    this.#end().then(() => callback(), callback)
  }

  /** Where the lines are, as of now. */
  stats(): LoggerStats {
    return this.#output.lifecycle.stats()
  }

  #end(): Promise<LoggerStats> {
    return this.#output.lifecycle.close({ timeout: this.#output.endTimeout })
  }
}
