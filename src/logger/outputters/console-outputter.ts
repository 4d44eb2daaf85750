import { LossCounter } from '../../losses.ts'
import { OptionReader } from '../../options.ts'
import { toError } from '../../errors.ts'
import { guarded, type DiagnosticHandler } from '../../diagnostics.ts'
import { prettyFormatter } from '../formatters/pretty-formatter.ts'
import type { Drain } from './drain.ts'
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

/** Characters that may wait where nobody reads the stream fast enough. */
const MAX_WAITING = 16 * 1024 * 1024

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
  return new DrainOutputter(settings, new StreamDrain(stream))
}

/** As Node's own console does it: NO_COLOR and FORCE_COLOR are looked at, and what the terminal can. */
function hasColors(stream: NodeJS.WriteStream): boolean {
  const forced = process.env.FORCE_COLOR
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if ((process.env.NO_COLOR ?? '') !== '') return false
  return 'hasColors' in stream && stream.hasColors() // which only terminals have
}

/** A stream of the process: synchronous nearly everywhere, so there is nothing to flush. */
class StreamDrain implements Drain {
  readonly #stream: NodeJS.WriteStream
  #diagnose: DiagnosticHandler = () => undefined
  #name = ''
  #taken = 0
  #written = 0
  readonly #lost = new LossCounter()
  #error: Error | undefined
  // Without a listener a reader that goes away, as `| head` does, ends the process.
  readonly #onError = (error: Error): void => this.#failed(error)

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  open(name: string, diagnose: DiagnosticHandler): void {
    this.#name = name
    this.#diagnose = guarded(diagnose)
    this.#stream.on('error', this.#onError)
  }

  write(text: string): void {
    this.#taken++
    const stream = this.#stream
    const waiting = stream.writableLength
    const reason = stream.writable ? 'too slow' : 'nobody reads the stream'
    if (!stream.writable || (waiting > 0 && waiting + text.length > MAX_WAITING)) {
      this.#lost.add(reason, 1)
      return
    }
    try {
      stream.write(text, (error) => {
        if (error) this.#lost.add('nobody reads the stream', 1)
        else this.#written++
      })
    } catch (thrown) {
      this.#lost.add('nobody reads the stream', 1)
      this.#failed(toError(thrown))
    }
  }

  #failed(error: Error): void {
    const isFirst = this.#error === undefined
    this.#error = error
    const message = `outputter ${this.#name}: cannot write: ${error.message}`
    if (isFirst) this.#diagnose({ level: 'warn', message, error })
  }

  async flush(timeout: number): Promise<void> {
    if (this.stats().pending === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout)
      this.#stream.write('', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  flushSync(): void {
    // What the stream has taken is written, or waits for a reader that is slow.
  }

  async close(timeout: number): Promise<void> {
    await this.flush(timeout)
    this.#stream.off('error', this.#onError)
  }

  stats() {
    const lost = this.#lost.snapshot()
    const pending = this.#taken - this.#written - this.#lost.total
    return { taken: this.#taken, written: this.#written, pending, lost, error: this.#error?.message }
  }
}
