import { LossCounter } from '../losses.ts'
import type { Losses } from '../record.ts'
import { LatencyHistogram } from './latency.ts'
import type { ConsumedRecord } from './record.ts'
import { Rate } from './rate.ts'
import type { DeadRecord } from './transform.ts'

/**
 * 'idle': not run yet. 'starting': opening sinks, connecting. 'running': records can flow. 'waiting': they
 * cannot, `error` says why, and it goes on by itself. 'stopping': finishing what is under way. 'stopped'.
 */
export type ConsumerState = 'idle' | 'starting' | 'running' | 'waiting' | 'stopping' | 'stopped'

/**
 * Counts since the start, of records that the consumer is done with; those under way are in none of them:
 * `consumed + added = delivered + dropped + all of failed`. Records that come again after an outage or a
 * change in the group count again.
 */
export interface ConsumerStats {
  readonly state: ConsumerState
  /** Records read. */
  readonly consumed: number
  /** Records that transforms made beyond the one they were given. */
  readonly added: number
  /** Records that every sink has. */
  readonly delivered: number
  /** Records for which a transform returned nothing. */
  readonly dropped: number
  /** Dead records, by reason. */
  readonly failed: Losses
  /** Lines of a journal that were gone or damaged before they could be read, by reason. */
  readonly lost: Losses
  /** Read, and gathered for a sink with a `batch`; bytes as they count against `maxBufferedBytes`. */
  readonly buffered: { readonly records: number; readonly bytes: number }
  /** Failed attempts of sinks that were followed by another. */
  readonly retries: number
  /**
   * Records behind the last one read, of the partitions at hand; undefined while unknown. Of a journal lines,
   * about, looked up now and then while there are many.
   */
  readonly lag: number | undefined
  /** The same by 'topic/partition'. */
  readonly lags: Readonly<Record<string, number>>
  /** Topics that are wanted and not there: they are waited for. */
  readonly missing: readonly string[]
  /** Records a second, over the last ten seconds. */
  readonly rates: { readonly consumed: number; readonly delivered: number }
  /** Milliseconds from a record's own time to its delivery, of recent records. */
  readonly latency: { readonly p50: number | undefined; readonly p99: number | undefined }
  /** Why the source or a sink does not get on at present, or what ended the consumer. */
  readonly error: Error | undefined
}

/** The ways from state to state. */
const MOVES: Readonly<Record<ConsumerState, readonly ConsumerState[]>> = {
  idle: ['starting', 'stopped'],
  starting: ['running', 'waiting', 'stopping'],
  running: ['waiting', 'stopping'],
  waiting: ['running', 'stopping'],
  stopping: ['stopped'],
  stopped: [],
}

/** How a batch ended. */
export interface Outcome {
  readonly consumed: number
  readonly added: number
  readonly dropped: number
  readonly delivered: readonly ConsumedRecord[]
  readonly dead: readonly DeadRecord[]
}

/** Of a batch at most about so many records are asked for their time. */
const SAMPLES = 64

export type SourceStats = Pick<ConsumerStats, 'lag' | 'lags' | 'lost' | 'missing' | 'buffered'>

/** Where everybody reports to. */
export class Meter {
  #state: ConsumerState = 'idle'
  #consumed = 0
  #added = 0
  #delivered = 0
  #dropped = 0
  #retries = 0
  readonly #failed = new LossCounter()
  readonly #latency = new LatencyHistogram()
  readonly #consumedRate = new Rate()
  readonly #deliveredRate = new Rate()
  #sourceError: Error | undefined
  readonly #sinkErrors = new Map<string, Error>()

  get state(): ConsumerState {
    return this.#state
  }

  /** False where there is no such move, and nothing happens: a source that reports while all is stopping. */
  move(state: ConsumerState): boolean {
    if (!MOVES[this.#state].includes(state)) return false
    this.#state = state
    return true
  }

  running(): void {
    this.move('running')
    this.#sourceError = undefined
  }

  waiting(error: Error): void {
    this.move('waiting')
    this.#sourceError = error
  }

  ended(error: Error): void {
    this.#sourceError = error
  }

  retry(sink: string, error: Error): void {
    this.#retries++
    this.#sinkErrors.set(sink, error)
  }

  recovered(sink: string): void {
    this.#sinkErrors.delete(sink)
  }

  settle({ consumed, added, dropped, delivered, dead }: Outcome, now: number): void {
    this.#consumed += consumed
    this.#consumedRate.add(consumed, now)
    this.#deliveredRate.add(delivered.length, now)
    this.#added += added
    this.#dropped += dropped
    this.#delivered += delivered.length
    for (const { reason } of dead) this.#failed.add(reason, 1)
    const step = Math.ceil(delivered.length / SAMPLES)
    for (let index = 0; index < delivered.length; index += step) {
      const record = delivered[index]
      if (record !== undefined) this.#latency.add(now - record.timestamp, step)
    }
  }

  snapshot(source: SourceStats): ConsumerStats {
    const now = Date.now()
    return {
      state: this.#state,
      consumed: this.#consumed,
      added: this.#added,
      delivered: this.#delivered,
      dropped: this.#dropped,
      failed: this.#failed.snapshot(),
      ...source,
      retries: this.#retries,
      rates: { consumed: this.#consumedRate.at(now), delivered: this.#deliveredRate.at(now) },
      latency: { p50: this.#latency.percentile(0.5), p99: this.#latency.percentile(0.99) },
      error: this.#sourceError ?? [...this.#sinkErrors.values()].at(-1),
    }
  }
}
