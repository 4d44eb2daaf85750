import { LogflumeError } from '../errors.ts'
import { deadLetter } from './dead-letter.ts'
import type { Lease } from './lease.ts'
import type { Outlet, Verdict } from './outlet.ts'
import type { ConsumedRecord } from './record.ts'
import type { Meter, Outcome } from './stats.ts'
import { Transformation, type DeadRecord, type TransformFunction } from './transform.ts'

export interface PipelineParts {
  readonly transforms: readonly TransformFunction[]
  readonly outlets: readonly Outlet[]
  readonly deadLetters: Outlet | undefined
  readonly meter: Meter
  readonly onDead: (error: LogflumeError, record: ConsumedRecord) => void
}

/** The way of a batch, the same for every source: through the transforms, to all sinks at once. */
export class Pipeline {
  readonly #parts: PipelineParts
  /** Invariant: of one partition one batch is under way; also one that nobody waits for any more. */
  readonly #lanes = new Map<string, Promise<unknown>>()

  constructor(parts: PipelineParts) {
    this.#parts = parts
  }

  /**
   * Resolves with true when the records, all of one partition, are where they belong, and the source may
   * note that; with false when the lease ended before.
   */
  async take(records: readonly ConsumedRecord[], lease: Lease): Promise<boolean> {
    const first = records[0]
    if (first === undefined) return true
    const lane = `${first.place.topic}/${first.place.partition}`
    const earlier = this.#lanes.get(lane)
    if (earlier !== undefined) await lease.wait(earlier)
    if (lease.ending) return false
    const work = this.#process(records, lease)
    const settled = work.catch(() => undefined).finally(() => this.#lanes.delete(lane))
    this.#lanes.set(lane, settled)
    const outcome = await lease.wait(work)
    if (outcome === undefined) return false
    this.#parts.meter.settle(outcome, Date.now())
    for (const { record, reason, error } of outcome.dead) {
      this.#parts.onDead(new LogflumeError('SINK', `${reason}: ${error.message}`, { cause: error }), record)
    }
    return true
  }

  /** Undefined where the lease ended before everything was done. */
  async #process(records: readonly ConsumedRecord[], lease: Lease): Promise<Outcome | undefined> {
    const { transforms, outlets } = this.#parts
    const batch = await Transformation.of(records, transforms, lease.signal)
    const verdicts = await Promise.all(outlets.map((outlet) => outlet.deliver(batch.records, lease)))
    if (verdicts.includes('abandoned')) return undefined
    const refused = refusals(batch.records, outlets, verdicts)
    const dead = [...batch.dead, ...refused]
    if (dead.length > 0 && !(await this.#bury(dead, lease))) return undefined
    const { dropped, added } = batch
    const delivered = refused.length === 0 ? batch.records : []
    return { consumed: records.length, added, dropped, delivered, dead }
  }

  /** The dead letter sink may refuse a letter: then it is counted and told like one that has none. */
  async #bury(dead: readonly DeadRecord[], lease: Lease): Promise<boolean> {
    const verdict = await this.#parts.deadLetters?.deliver(dead.map(deadLetter), lease)
    return verdict !== 'abandoned'
  }
}

/** One refusal is enough for a record not to count as delivered; the first sink that refused is the reason. */
function refusals(
  records: readonly ConsumedRecord[],
  outlets: readonly Outlet[],
  verdicts: readonly Verdict[],
): DeadRecord[] {
  const index = verdicts.findIndex((verdict) => verdict instanceof LogflumeError)
  const error = verdicts[index]
  if (!(error instanceof LogflumeError)) return []
  const reason = `refused by sink ${outlets[index]?.name ?? ''}`
  return records.map((record) => ({ record, reason, error }))
}
