import { LogflumeError, toError } from '../errors.ts'
import { OptionReader, refuse } from '../options.ts'
import { Lease } from './lease.ts'
import type { ConsumerSettings } from './options.ts'
import { Outlet } from './outlet.ts'
import { Pipeline } from './pipeline.ts'
import type { Source } from './source.ts'
import { Meter, type ConsumerStats } from './stats.ts'

export interface RunOptions {
  /** Ends the consumer: what is under way is finished within `stopTimeout`. @default only `close()` ends it */
  readonly signal?: AbortSignal
}

/** Takes records from a source through transforms to sinks. Made by `createConsumer`. */
export class Consumer {
  readonly #settings: ConsumerSettings
  readonly #source: Source
  readonly #meter = new Meter()
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(settings: ConsumerSettings, source: Source) {
    this.#settings = settings
    this.#source = source
  }

  /**
   * Consumes until the signal aborts, or `close` is called, or a journal that is not followed is at its end.
   * Outages, failing sinks and dead records do not end it. Rejects where going on is of no use: a sink that
   * refuses to open, a journal whose place cannot be saved. Runs once.
   */
  async run(options: RunOptions = {}): Promise<void> {
    const reader = new OptionReader('options', options)
    const signal = reader.raw('signal')
    if (signal !== undefined && !(signal instanceof AbortSignal)) refuse('signal', 'an AbortSignal', signal)
    reader.end()
    if (!this.#meter.move('starting'))
      throw new LogflumeError('CLOSED', `a consumer runs once, and this one is ${this.#meter.state}`)
    this.#running = this.#runUntil(signal)
    await this.#running
  }

  async #runUntil(signal: AbortSignal | undefined): Promise<void> {
    const stop = (): void => this.#stop()
    signal?.addEventListener('abort', stop)
    if (signal?.aborted === true) stop()
    const outlets = this.#makeOutlets()
    try {
      await this.#open([...outlets.values()])
      if (!this.#stopping.signal.aborted) await this.#consume(outlets)
    } catch (thrown) {
      const error = toError(thrown)
      this.#meter.ended(error)
      throw error
    } finally {
      signal?.removeEventListener('abort', stop)
      this.#stop()
      await this.#close([...outlets.values()])
      this.#meter.move('stopped')
    }
  }

  #stop(): void {
    this.#meter.move('stopping')
    this.#stopping.abort()
  }

  /** One for each sink, also where dead letters go to a sink that takes the others as well. */
  #makeOutlets(): Map<object, Outlet> {
    const { sinks, deadLetter, retry: backoff, diagnose, onError } = this.#settings
    const all = deadLetter === undefined ? sinks : [...sinks, deadLetter]
    return new Map(
      all.map((sink) => [sink, new Outlet(sink, { backoff, meter: this.#meter, diagnose, onError })]),
    )
  }

  async #open(outlets: readonly Outlet[]): Promise<void> {
    const lease = new Lease()
    const stop = (): void => lease.end(this.#settings.stopTimeout)
    this.#stopping.signal.addEventListener('abort', stop)
    if (this.#stopping.signal.aborted) stop()
    const verdicts = await lease.wait(Promise.all(outlets.map((outlet) => outlet.open(lease))))
    this.#stopping.signal.removeEventListener('abort', stop)
    lease.expire()
    const refusal = verdicts?.find((verdict) => verdict instanceof LogflumeError)
    if (refusal !== undefined) throw refusal
  }

  async #consume(outlets: ReadonlyMap<object, Outlet>): Promise<void> {
    const { sinks, deadLetter, transforms, diagnose, onError, stopTimeout } = this.#settings
    const pipeline = new Pipeline({
      transforms,
      outlets: [...outlets].filter(([sink]) => sinks.some((one) => one === sink)).map(([, outlet]) => outlet),
      deadLetters: deadLetter && outlets.get(deadLetter),
      meter: this.#meter,
      onDead: (error, record) => {
        onError(error, record)
        diagnose({
          level: 'warn',
          message: 'records died: see stats().failed, onError and deadLetter',
          error,
        })
      },
    })
    await this.#source.run({
      signal: this.#stopping.signal,
      stopTimeout,
      diagnose,
      take: (records, lease) => pipeline.take(records, lease),
      running: () => this.#meter.running(),
      waiting: (error) => this.#meter.waiting(error),
    })
  }

  async #close(outlets: readonly Outlet[]): Promise<void> {
    const lease = new Lease()
    lease.end(this.#settings.stopTimeout)
    await lease.wait(Promise.all(outlets.map((outlet) => outlet.close())))
    lease.expire()
  }

  stats(): ConsumerStats {
    return this.#meter.snapshot(this.#source)
  }

  /** Ends the consumer as the signal does; resolves when `run` is done. Never rejects: that is for `run`. */
  async close(): Promise<void> {
    if (this.#running === undefined) this.#meter.move('stopped')
    else this.#stop()
    await this.#running?.catch(() => undefined)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
