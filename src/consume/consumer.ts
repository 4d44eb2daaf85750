import { LogflumeError, toError } from '../errors.ts'
import { OptionReader, refuse } from '../options.ts'
import { systemClock } from './clock.ts'
import { DeadLetters } from './dead-letters.ts'
import { Lease } from './lease.ts'
import type { ConsumerSettings } from './options.ts'
import { Outlet } from './outlet.ts'
import { Pipeline } from './pipeline.ts'
import { routesOf, type Route } from './routes.ts'
import type { Sink } from './sink.ts'
import type { SeekTarget, Source } from './source.ts'
import { Meter, type ConsumerStats } from './stats.ts'

export interface RunOptions {
  /** Ends the consumer: what is under way is finished within `stopTimeout`. @default only `close()` ends it */
  readonly signal?: AbortSignal
}

interface Outlets {
  readonly delivering: readonly Outlet[]
  /** Those that dead letters go to. */
  readonly burying: readonly Outlet[]
  /** One for each sink, to open and close. */
  readonly all: readonly Outlet[]
}

/** Takes records from a source through transforms to sinks. Made by `createConsumer`. */
export class Consumer {
  readonly #settings: ConsumerSettings
  readonly #source: Source
  readonly #meter = new Meter()
  readonly #stopping = new AbortController()
  #pipeline: Pipeline | undefined
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
      await this.#open(outlets.all)
      if (!this.#stopping.signal.aborted) await this.#consume(outlets)
    } catch (thrown) {
      const error = toError(thrown)
      this.#meter.ended(error)
      throw error
    } finally {
      signal?.removeEventListener('abort', stop)
      this.#stop()
      await this.#close(outlets.all)
      this.#meter.move('stopped')
    }
  }

  #stop(): void {
    this.#meter.move('stopping')
    this.#stopping.abort()
  }

  /** One for each sink, also where dead letters go to a sink that takes the others as well. */
  #makeOutlets(): Outlets {
    const { sinks, deadLetter, retry, writeTimeout, diagnose, onError } = this.#settings
    const options = { backoff: retry, writeTimeout, meter: this.#meter, diagnose, onError }
    const made = new Map<Sink, Outlet>()
    const keys = new Set<string>()
    const make = (route: Route): Outlet => {
      let key = route.sink.name
      for (let number = 2; keys.has(key); number++) key = `${route.sink.name}#${number}`
      keys.add(key)
      const outlet = new Outlet(route, key, options, made.get(route.sink))
      if (!made.has(route.sink)) made.set(route.sink, outlet)
      return outlet
    }
    const delivering = sinks.flatMap(routesOf).map(make)
    const burying = (deadLetter === undefined ? [] : routesOf(deadLetter)).map(make)
    return { delivering, burying, all: [...made.values()] }
  }

  async #open(outlets: readonly Outlet[]): Promise<void> {
    const lease = new Lease()
    const stop = (): void => lease.end(this.#settings.stopTimeout)
    this.#stopping.signal.addEventListener('abort', stop)
    if (this.#stopping.signal.aborted) stop()
    const refusals = await lease.wait(Promise.all(outlets.map((outlet) => outlet.open(lease))))
    this.#stopping.signal.removeEventListener('abort', stop)
    lease.expire()
    const refusal = refusals?.find((one) => one !== undefined)
    if (refusal !== undefined) throw refusal
  }

  async #consume({ delivering, burying }: Outlets): Promise<void> {
    const { transforms, diagnose, onError, retry, stopTimeout, maxBufferedBytes } = this.#settings
    const pipeline = new Pipeline({
      transforms,
      outlets: delivering,
      onError,
      backoff: retry,
      deadLetters: new DeadLetters(burying, (error) => {
        const message = 'records died: see stats().failed, onError and deadLetter'
        diagnose({ level: 'warn', message, error })
      }),
      meter: this.#meter,
      clock: systemClock,
      maxBufferedBytes,
      trouble: (what, error) =>
        diagnose({ level: 'warn', message: `${what}: ${error.message}; trying again`, error }),
    })
    this.#pipeline = pipeline
    await this.#source.run({
      signal: this.#stopping.signal,
      stopTimeout,
      diagnose,
      lane: (topic, partition, lease, port) => pipeline.lane(topic, partition, lease, port),
      forget: (topic, partition) => pipeline.forget(topic, partition),
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
    const { lag, lags, lost, missing } = this.#source
    const buffered = this.#pipeline?.buffered ?? { records: 0, bytes: 0 }
    return this.#meter.snapshot({ lag, lags, lost, missing, buffered })
  }

  /**
   * Reads nothing more of these topics, of all where none are named, until `resume`; what was read goes its
   * way. The membership in the group is kept. Of a journal, the name is the topic.
   */
  pause(topics?: readonly string[]): void {
    this.#source.pause(topics)
  }

  /** Goes on with what `pause` held up. */
  resume(topics?: readonly string[]): void {
    this.#source.resume(topics)
  }

  /**
   * Goes on at another record of a partition, before or behind: the group's place is there then. Rejects with
   * a retryable error where the partition is not this consumer's at present. Of Kafka only.
   */
  async seek(target: SeekTarget): Promise<void> {
    await this.#source.seek(target)
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
