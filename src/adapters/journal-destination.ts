import type { EndOptions } from '../logger/lifecycle.ts'
import type { LoggerStats } from '../logger/stats.ts'
import { readPinoConfig } from './pino-config.ts'
import { flushToDisk, openPinoOutput, type PinoOptions, type PinoOutput } from './pino-output.ts'

/**
 * pino's lines straight into the journal, without a thread between: `pino(options, journalDestination(...))`.
 * A line costs one append, and is on disk whatever ends the process but `kill -9`.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the option; `JOURNAL` when the directory cannot be used.
 */
export function journalDestination(options: PinoOptions): JournalDestination {
  return new Destination(openPinoOutput(options))
}

/** A destination for pino, and for whatever else writes lines. */
export interface JournalDestination extends AsyncDisposable {
  /** False after `end` and `close`. By this pino knows a destination where it is the only argument. */
  readonly writable: boolean
  /** Takes text of whole lines. Never throws, never blocks; memory is bounded, see `stats().lost`. */
  write(text: string): boolean
  /** Writes what waits to the disk before it returns. */
  flushSync(): void
  /** The next line begins a new segment; the lines so far are in the old one when this returns. */
  rotate(): void
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
  readonly #output: PinoOutput

  constructor(output: PinoOutput) {
    this.#output = output
  }

  write(text: string): boolean {
    // One line, as pino writes it. What a hook of the user's made of it may be none or several.
    if (text.length > 1 && text.indexOf('\n') === text.length - 1) this.#append(text)
    else for (const line of text.split('\n')) if (line !== '') this.#append(`${line}\n`)
    return true
  }

  #append(line: string): void {
    const { writer, mapping } = this.#output
    writer.append(mapping === undefined ? line : mapping.make(line.slice(0, -1)))
  }

  /** pino tells its destination so what it calls its levels, its message and its errors. */
  emit(_event: string, message: unknown): void {
    const config = readPinoConfig(message)
    if (config !== undefined) this.#output.mapping?.learn(config)
  }

  flushSync(): void {
    this.#output.writer.flushSync()
  }

  rotate(): void {
    this.#output.lifecycle.rotate()
  }

  flush(done: (error?: Error) => void = () => undefined): void {
    process.nextTick(done, flushToDisk(this.#output))
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
