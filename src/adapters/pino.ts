import type { Transform } from 'node:stream'
import build from 'pino-abstract-transport'
import { LogflumeError, toError } from '../errors.ts'
import type { EndOptions } from '../logger/lifecycle.ts'
import { readName } from '../logger/options.ts'
import type { Output } from '../logger/output.ts'
import type { LoggerStats } from '../logger/stats.ts'
import { openAdapterOutput, readAdapterOptions, type AdapterOptions, type AdapterOutput } from './output.ts'

/** Options of both ways. pino makes the lines, and they are kept as they are. */
export interface PinoOptions extends AdapterOptions {
  /** The start of the names of the journal's files. Up to 100 letters, digits, `.`, `_` and `-`. */
  readonly name: string
}

/** A pino transport's stream. `close` comes after the lines are on disk, and in Kafka or `endTimeout` is over. */
export interface PinoTransport extends Transform {
  /** Calls back when the lines so far are on disk. */
  flush(done: (error?: Error) => void): void
}

/** What pino adds to the options of a target. */
const FROM_PINO = ['$context', 'pinoWillSendConfig']

/**
 * A pino transport: `pino.transport({ target: 'logflume/pino', options: { name: 'shop', dir: 'logs' } })`.
 * Wrong options, and a directory that cannot be used, are an `error` of the stream.
 */
export function pinoTransport(options: PinoOptions): PinoTransport {
  let output: AdapterOutput | undefined
  const stream = build(
    (lines) => {
      try {
        output = open(options)
      } catch (thrown) {
        lines.destroy(toError(thrown))
        return
      }
      const { writer } = output
      // Nothing holds pino back: a disk that is too slow costs lines, which are counted, never memory.
      lines.on('data', (line: string) => {
        if (line !== '') writer.append(`${line}\n`)
      })
    },
    {
      parse: 'lines',
      // What pino-abstract-transport parses it only looks at; the line goes on as it came.
      parseLine: () => UNPARSED,
      metadata: false,
      async close(error: Error | null) {
        await output?.lifecycle.close({ timeout: output.endTimeout })
        if (error !== null) throw error
      },
    },
  )
  return Object.assign(stream, {
    flush(done: (error?: Error) => void) {
      // By then the lines that were written before have come through the stream.
      setImmediate(() => done(output && flushed(output)))
    },
  })
}

const UNPARSED = {}

function open(options: PinoOptions): AdapterOutput {
  const reader = readAdapterOptions(options, FROM_PINO)
  return openAdapterOutput(reader, readName(reader))
}

/** Writes what waits; an error where that cannot be done now. The lines wait on. */
function flushed({ writer, lifecycle }: Output): LogflumeError | undefined {
  writer.flushSync()
  const { buffered, journal } = lifecycle.stats()
  if (buffered.lines === 0 || journal.error === undefined) return undefined
  const message = `${buffered.lines} lines are not on disk yet: ${journal.error}`
  return new LogflumeError('JOURNAL', message, { retryable: true })
}

/**
 * pino's lines straight into the journal, without a thread between: `pino(options, journalDestination(...))`.
 * A line costs one append, and is on disk whatever ends the process but `kill -9`.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the option; `JOURNAL` when the directory cannot be used.
 */
export function journalDestination(options: PinoOptions): JournalDestination {
  return new Destination(open(options))
}

/** A destination for pino, and for whatever else writes lines. */
export interface JournalDestination extends AsyncDisposable {
  /** False after `end` and `close`. By this pino knows a destination where it is the only argument. */
  readonly writable: boolean
  /** Takes text of whole lines. Never throws, never blocks; memory is bounded, see `stats().lost`. */
  write(text: string): boolean
  /** Writes what waits to the disk before it returns. */
  flushSync(): void
  /** Calls back when the lines so far are on disk. */
  flush(done?: (error?: Error) => void): void
  /** `close` for those who do not await. */
  end(done?: () => void): void
  /** Flushes and ends. Resolves when all is on disk, and in Kafka or the timeout is over. */
  close(options?: EndOptions): Promise<LoggerStats>
  stats(): LoggerStats
}

class Destination implements JournalDestination {
  writable = true
  readonly #output: AdapterOutput

  constructor(output: AdapterOutput) {
    this.#output = output
  }

  write(text: string): boolean {
    const { writer } = this.#output
    // One line, as pino writes it. What a hook of the user's made of it may be none or several.
    if (text.length > 1 && text.indexOf('\n') === text.length - 1) writer.append(text)
    else for (const line of text.split('\n')) if (line !== '') writer.append(`${line}\n`)
    return true
  }

  flushSync(): void {
    this.#output.writer.flushSync()
  }

  flush(done: (error?: Error) => void = () => undefined): void {
    process.nextTick(done, flushed(this.#output))
  }

  end(done: () => void = () => undefined): void {
    void this.close().then(() => done())
  }

  close({ timeout = this.#output.endTimeout }: EndOptions = {}): Promise<LoggerStats> {
    this.writable = false
    return this.#output.lifecycle.close({ timeout })
  }

  stats(): LoggerStats {
    return this.#output.lifecycle.stats()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
