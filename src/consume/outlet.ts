import PQueue from 'p-queue'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { LogflumeError, toError } from '../errors.ts'
import { backoff, type BackoffOptions } from '../retry.ts'
import type { Lease } from './lease.ts'
import type { ConsumedRecord } from './record.ts'
import type { Sink } from './sink.ts'
import type { Meter } from './stats.ts'

/** What became of records at a sink: it has them, it will never take them, or there was no time to find out. */
export type Verdict = 'delivered' | 'abandoned' | LogflumeError

/** One sink's side of a consumer: a queue of writes, each tried until it succeeds. */
export class Outlet {
  readonly #sink: Sink
  readonly #backoff: BackoffOptions
  readonly #meter: Meter
  readonly #diagnose: DiagnosticHandler
  readonly #onError: (error: LogflumeError) => void
  /** Invariant: it counts writes that run, also those that nobody waits for any more. */
  readonly #writes: PQueue

  constructor(
    sink: Sink,
    options: {
      readonly backoff: BackoffOptions
      readonly meter: Meter
      readonly diagnose: DiagnosticHandler
      readonly onError: (error: LogflumeError) => void
    },
  ) {
    this.#sink = sink
    this.#backoff = options.backoff
    this.#meter = options.meter
    this.#diagnose = options.diagnose
    this.#onError = options.onError
    this.#writes = new PQueue({ concurrency: sink.concurrency ?? 1 })
  }

  get name(): string {
    return this.#sink.name
  }

  async open(lease: Lease): Promise<Verdict> {
    return this.#untilDone('open', () => this.#sink.open?.(), lease)
  }

  /** Hands the records over, again and again where that fails. */
  async deliver(records: readonly ConsumedRecord[], lease: Lease): Promise<Verdict> {
    if (records.length === 0) return 'delivered'
    const write = async (): Promise<void> => {
      if (!lease.over) await this.#sink.write(records, { signal: lease.signal, committed: undefined })
    }
    return this.#untilDone('write', () => this.#writes.add(write), lease)
  }

  async #untilDone(what: string, act: () => unknown, lease: Lease): Promise<Verdict> {
    for (let attempt = 1; ; attempt++) {
      try {
        await act()
        if (attempt > 1) this.#recovered()
        return lease.over ? 'abandoned' : 'delivered'
      } catch (thrown) {
        if (lease.over) return 'abandoned'
        const error = this.#explain(what, toError(thrown))
        this.#onError(error)
        if (!error.retryable) return error
        this.#meter.retry(this.name, error)
        this.#diagnose({ level: 'error', message: `${error.message}; trying again`, error })
      }
      await lease.sleep(backoff(attempt, this.#backoff))
      if (lease.ending) return 'abandoned'
    }
  }

  #recovered(): void {
    this.#meter.recovered(this.name)
    this.#diagnose({ level: 'info', message: `sink ${this.name} works again` })
  }

  #explain(what: string, cause: Error): LogflumeError {
    const retryable = !(cause instanceof LogflumeError) || cause.retryable
    return new LogflumeError('SINK', `sink ${this.name}: ${what}: ${cause.message}`, { cause, retryable })
  }

  async close(): Promise<void> {
    try {
      await this.#sink.close?.()
    } catch (thrown) {
      const error = this.#explain('close', toError(thrown))
      this.#onError(error)
      this.#diagnose({ level: 'error', message: error.message, error })
    }
  }
}
