import { setMaxListeners } from 'node:events'
import PQueue from 'p-queue'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { LogflumeError, toError } from '../errors.ts'
import { backoff, type BackoffOptions } from '../retry.ts'
import type { Entry } from './ledger.ts'
import type { Lease } from './lease.ts'
import type { ConsumedRecord } from './record.ts'
import type { Predicate, Route } from './routes.ts'
import type { Decide } from './options.ts'
import type { BatchWish, Sink, WriteResult } from './sink.ts'
import type { Meter } from './stats.ts'
import { decide } from './dead-letter.ts'
import type { DeadRecord } from './transform.ts'

/** What became of records at a sink: it has them but for the dead ones, or there was no time to find out. */
export type Verdict = 'abandoned' | { readonly dead: readonly DeadRecord[] }

export interface OutletOptions {
  readonly backoff: BackoffOptions
  /** Milliseconds after which a write is asked to end. */
  readonly writeTimeout: number
  readonly meter: Meter
  readonly diagnose: DiagnosticHandler
  readonly onError: Decide
}

/** What is yet to be written of some records. */
interface Work {
  rest: readonly ConsumedRecord[]
  readonly dead: DeadRecord[]
  /** Attempts that failed, or that took too long. */
  failures: number
  /** What the user said of all that is left. */
  verdict?: Pick<DeadRecord, 'decision'>
}

/** One sink's side of a consumer: a queue of writes, each tried until every record is written or refused. */
export class Outlet {
  /** Its name, made different where two sinks have the same. */
  readonly key: string
  readonly #sink: Sink
  readonly #accepts: Predicate | undefined
  readonly #options: OutletOptions
  /** Invariant: it counts writes that run, also those that nobody waits for any more. */
  readonly #writes: PQueue

  /** `twin`: the same sink's, for other records; they share its limit of writes at once. */
  constructor({ sink, accepts }: Route, key: string, options: OutletOptions, twin?: Outlet) {
    this.key = key
    this.#sink = sink
    this.#accepts = accepts
    this.#options = options
    this.#writes = twin === undefined ? new PQueue({ concurrency: sink.concurrency ?? 1 }) : twin.#writes
  }

  get name(): string {
    return this.#sink.name
  }

  /** Where the sink wants more at once than one fetch brings. */
  get wish(): BatchWish | undefined {
    return this.#sink.batch
  }

  /** Those of its records that are for this sink. */
  accepted(entry: Entry): readonly ConsumedRecord[] {
    const { records } = entry.batch
    const accepts = this.#accepts
    if (accepts === undefined) return records
    return records.filter((record) => {
      try {
        return accepts(record)
      } catch (thrown) {
        const refused = this.#refused(record, this.#explain('when', toError(thrown)))
        entry.refuse([this.#decided(refused) ?? refused])
        return false
      }
    })
  }

  /** Undefined when it is open, or there was no time for it. */
  async open(lease: Lease): Promise<LogflumeError | undefined> {
    return this.#untilDone(
      'open',
      async () => {
        await this.#sink.open?.()
        return undefined
      },
      lease,
      { failures: 0 },
    )
  }

  /** Hands the records over; again, all or those that the sink names, where that fails. */
  async deliver(records: readonly ConsumedRecord[], lease: Lease, committed?: string): Promise<Verdict> {
    const work: Work = { rest: records, dead: [], failures: 0 }
    if (records.length === 0) return work
    const write = async (): Promise<Error | undefined> => {
      return lease.over ? undefined : this.#write(work, lease, committed)
    }
    for (;;) {
      const refusal = await this.#untilDone('write', () => this.#writes.add(write), lease, work)
      if (refusal === undefined) return work.rest.length === 0 ? work : 'abandoned'
      const again: ConsumedRecord[] = []
      for (const record of work.rest) {
        const refused = this.#refused(record, refusal)
        const dead = work.verdict === undefined ? this.#decided(refused) : { ...refused, ...work.verdict }
        if (dead === undefined) again.push(record)
        else work.dead.push(dead)
      }
      work.rest = again
      if (again.length === 0) return work
      await lease.sleep(backoff(work.failures, this.#options.backoff))
      if (lease.ending) return 'abandoned'
    }
  }

  #refused(record: ConsumedRecord, error: Error): DeadRecord {
    return { record, reason: `refused by sink ${this.name}`, error }
  }

  /** One write. Resolves with why some records have to be written again; nothing but they is left in `work` then. */
  async #write(work: Work, lease: Lease, committed: string | undefined): Promise<Error | undefined> {
    const { rest } = work
    const result = await this.#bounded(work, lease, (signal) => this.#sink.write(rest, { signal, committed }))
    const { retry = [], rejected = [], error } = result ?? {}
    work.rest = []
    if (rejected.length === 0 && retry.length === 0) return undefined
    // Only records that were given to it, each once.
    const refusals = new Map(rejected.map(({ record, error: cause }) => [record, cause]))
    const again = new Set(retry)
    for (const record of rest) {
      const cause = refusals.get(record)
      if (cause === undefined) continue
      again.delete(record)
      const dead = this.#decided(this.#refused(record, this.#explain('write', toError(cause))))
      if (dead === undefined) again.add(record)
      else work.dead.push(dead)
    }
    work.rest = rest.filter((record) => again.has(record))
    if (work.rest.length === 0) return undefined
    return error ?? new Error(`${work.rest.length} records have to be written again`)
  }

  /**
   * Asks a write that takes too long to end, and waits for it nevertheless: as long as it runs, nobody knows
   * what it will have written. Only when the partition is not ours any more it is left alone, some time later.
   */
  async #bounded(
    work: Work,
    lease: Lease,
    write: (signal: AbortSignal) => ReturnType<Sink['write']>,
  ): Promise<WriteResult | undefined> {
    const { writeTimeout } = this.#options
    const attempt = new AbortController()
    // One for each request of a write that makes many.
    setMaxListeners(0, attempt.signal)
    let giveUp: (error: Error) => void = () => undefined
    let timer: NodeJS.Timeout | undefined
    const hung = (): void => {
      const error = new LogflumeError('TIMEOUT', `no answer within ${writeTimeout} ms`, { retryable: true })
      attempt.abort(error)
      work.failures++
      this.#failed(this.#explain('write', error))
    }
    const over = (): void => {
      clearTimeout(timer)
      attempt.abort()
      timer = setTimeout(() => giveUp(new Error(`given up after ${writeTimeout} ms`)), writeTimeout).unref()
    }
    timer = setTimeout(hung, writeTimeout)
    lease.signal.addEventListener('abort', over)
    try {
      const left = new Promise<never>((_, reject) => (giveUp = reject))
      return (await Promise.race([write(attempt.signal), left])) ?? undefined
    } finally {
      clearTimeout(timer)
      lease.signal.removeEventListener('abort', over)
    }
  }

  /** Resolves with a refusal, or with undefined when it is done or the lease is over. */
  async #untilDone(
    what: string,
    act: () => Promise<Error | undefined>,
    lease: Lease,
    work: Pick<Work, 'failures' | 'verdict'>,
  ): Promise<LogflumeError | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        const again = await act()
        if (again === undefined) {
          if (work.failures > 0) this.#recovered()
          return undefined
        }
        work.failures++
        if (this.#failed(this.#explain(what, again), what, work)) return this.#explain(what, again)
      } catch (thrown) {
        if (lease.over) return undefined
        work.failures++
        const error = this.#explain(what, toError(thrown))
        if (this.#failed(error, what, work)) return error
      }
      await lease.sleep(backoff(attempt, this.#options.backoff))
      if (lease.ending) return undefined
    }
  }

  /** The user may want a record that is refused tried again; then there is no dead one. */
  #decided(dead: DeadRecord): DeadRecord | undefined {
    const decision = decide(this.#options.onError, dead)
    return decision === 'retry' ? undefined : { ...dead, decision: decision ?? 'dead' }
  }

  /** Tells of an attempt that failed; true: it was the last one. */
  #failed(error: LogflumeError, what?: string, work?: Pick<Work, 'verdict'>): boolean {
    const { onError, meter, diagnose } = this.#options
    const decision = onError(error)
    if (what === 'write' && work !== undefined && (decision === 'dead' || decision === 'drop')) {
      work.verdict = { decision }
      return true
    }
    if (what !== undefined && !error.retryable && decision !== 'retry') return true
    meter.retry(this.name, error)
    diagnose({ level: 'error', message: `${error.message}; trying again`, error })
    return false
  }

  #recovered(): void {
    const { meter, diagnose } = this.#options
    meter.recovered(this.name)
    diagnose({ level: 'info', message: `sink ${this.name} works again` })
  }

  #explain(what: string, cause: Error): LogflumeError {
    const retryable = !(cause instanceof LogflumeError) || cause.retryable
    return new LogflumeError('SINK', `sink ${this.name}: ${what}: ${cause.message}`, { cause, retryable })
  }

  async close(): Promise<void> {
    try {
      await this.#sink.close?.()
    } catch (thrown) {
      const { onError, diagnose } = this.#options
      const error = this.#explain('close', toError(thrown))
      onError(error)
      diagnose({ level: 'error', message: error.message, error })
    }
  }
}
