import TransportStream from 'winston-transport'
import { readLoggerOptions, type LoggerOptions } from '../logger/options.ts'
import type { LoggerStats } from '../logger/stats.ts'
import { toError } from '../errors.ts'
import { OptionReader, refuse } from '../options.ts'
import type { Fields } from '../record.ts'
import type { JournalPlace } from './journal-lines.ts'
import { openAdapterOutput, readAdapterOptions, type AdapterOptions, type AdapterOutput } from './output.ts'
import { WinstonLines, type Info } from './winston-lines.ts'
import { queryJournal, readQuery, type QueryOptions } from './winston-query.ts'
import { WinstonTail } from './winston-tail.ts'

/** What is winston's own: which infos come here, and in which form. */
const STREAM_OPTIONS = ['level', 'format', 'silent', 'handleExceptions', 'handleRejections'] as const
type StreamOptions = Pick<TransportStream.TransportStreamOptions, (typeof STREAM_OPTIONS)[number]>

export interface LogflumeTransportOptions
  extends
    AdapterOptions,
    StreamOptions,
    Pick<LoggerOptions, 'name' | 'base' | 'maxLineBytes' | 'redact' | 'serializers'> {}

/**
 * A winston transport: `winston.createLogger({ transports: [new LogflumeTransport({ name: 'shop' })] })`.
 *
 * Each info becomes one line in ECS names. `finish` comes when all of them are on disk, and in Kafka or
 * `endTimeout` is over.
 *
 * - `log.level` is the level's name, whichever levels the winston logger has.
 * - `@timestamp` is what `format.timestamp()` made, else now; in another format it stays in `timestamp`.
 * - An error, wherever winston and `format.errors()` have put it, becomes `error.type`, `error.message` and
 *   `error.stack_trace` with its causes.
 * - The text that a format makes of the whole info (`format.json()`, `format.printf()`) is not used.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the option; `JOURNAL` when the directory cannot be used.
 */
export class LogflumeTransport extends TransportStream {
  readonly #lines: WinstonLines
  readonly #output: AdapterOutput
  readonly #name: string
  readonly #tails = new Set<WinstonTail>()
  /** Under which winston gives what `query` found. */
  readonly name = 'logflume'

  constructor(options: LogflumeTransportOptions) {
    super(readStreamOptions(options))
    const reader = readAdapterOptions(options, STREAM_OPTIONS)
    const settings = readLoggerOptions(reader)
    this.#lines = new WinstonLines(settings)
    this.#name = settings.name
    this.#output = openAdapterOutput(reader, settings.name)
  }

  /** Called by winston for each info that has passed level and format. Never throws, never waits. */
  override log(info: Info, callback: () => void = () => undefined): void {
    this.#output.writer.append(this.#lines.make(info))
    this.emit('logged', info)
    for (const tail of this.#tails) tail.wake()
    callback()
  }

  /**
   * What `logger.query` asks of each transport: records of this journal, those that an earlier process left in
   * it included, with `timestamp`, `level`, `message` and their other fields. Reads the journal from its oldest
   * line on. A wrong option, or files that cannot be read, are the callback's error.
   */
  query(options: QueryOptions, callback: (error: Error | null, records?: Fields[]) => void): void {
    const query = async (): Promise<Fields[]> => {
      const wanted = readQuery(options)
      await this.#output.lifecycle.flush({ timeout: 0 })
      return queryJournal(this.#place, wanted)
    }
    query().then(
      (records) => callback(null, records),
      (thrown: unknown) => callback(toError(thrown)),
    )
  }

  /**
   * What `logger.stream` asks of each transport: an event `log` for each record from now on, or, with `start`,
   * for all that are in the journal but so many of the first.
   */
  stream({ start = -1 }: { readonly start?: number } = {}): WinstonTail {
    if (!Number.isSafeInteger(start) || start < -1)
      refuse('stream.start', 'a number of lines, or -1 for none that are there', start)
    this.#output.writer.flushSync()
    const tail = new WinstonTail({
      place: this.#place,
      from: start === -1 ? this.#output.journal.end : 'earliest',
      skip: Math.max(start, 0),
      flush: () => this.#output.lifecycle.flush({ timeout: 0 }),
      onClose: () => this.#tails.delete(tail),
    })
    this.#tails.add(tail)
    return tail
  }

  get #place(): JournalPlace {
    const { dir, journal } = this.#output
    return { dir, name: this.#name, slot: journal.slot }
  }

  /** Called by winston when the logger lets go of this transport. All is on disk when it returns. */
  override close(): void {
    this.#output.writer.flushSync()
    void this.#end()
  }

  /** Called by the stream between the last info and `finish`. */
  override _final(callback: (error?: Error | null) => void): void {
    this.#end().then(() => callback(), callback)
  }

  #end(): Promise<LoggerStats> {
    return this.#output.lifecycle.close({ timeout: this.#output.endTimeout })
  }

  /** The next line begins a new segment; the lines so far are in the old one when this returns. */
  rotate(): void {
    this.#output.lifecycle.rotate()
  }

  /** Where the lines are, as of now. */
  stats(): LoggerStats {
    return this.#output.lifecycle.stats()
  }
}

function readStreamOptions(options: LogflumeTransportOptions): StreamOptions {
  const reader = new OptionReader('options', options)
  if (reader.has('levels'))
    refuse('levels', 'none, as they are those of the winston logger', reader.raw('levels'))
  const format = reader.raw('format') as StreamOptions['format'] | null
  if (format !== undefined && typeof format?.transform !== 'function')
    refuse('format', "a format, as winston's format.combine() gives", format)
  return {
    ...(reader.has('level') && { level: reader.string('level') }),
    ...(format !== undefined && { format }),
    silent: reader.boolean('silent', false),
    handleExceptions: reader.boolean('handleExceptions', false),
    handleRejections: reader.boolean('handleRejections', false),
  }
}
