import { setImmediate } from 'node:timers/promises'
import { toError } from '../errors.ts'
import { ConsumedRecord } from './record.ts'

/** What becomes of a record: itself or another, several, or nothing. */
export type Transformed = ConsumedRecord | readonly ConsumedRecord[] | undefined | null

/**
 * A plain function. One that throws, or whose promise rejects, makes the record a dead one; the next ones
 * go on. A promise is awaited before the next record of the partition is begun.
 */
export type TransformFunction = (record: ConsumedRecord) => Transformed | Promise<Transformed>

/** A transform with a memory, one for each partition, which lives as long as the partition is at hand. */
export interface StatefulTransform {
  /** What messages call it. */
  readonly name: string
  /** A new memory. */
  begin(): TransformState
}

export interface TransformState {
  /** As a plain transform; what it returns may be made of earlier records. */
  apply(record: ConsumedRecord): Transformed | Promise<Transformed>
  /** Milliseconds without a record after which `flush` is called. @default never */
  readonly timeout?: number
  /**
   * Gives out what it holds: after `timeout`, and at the end of the source. At a stop, and when the partition
   * goes to another consumer, only where `held` is undefined: what is held comes again.
   */
  flush?(): Transformed
  /** The first record that it still holds: the consumer's place does not move past it. */
  readonly held?: ConsumedRecord | undefined
}

export type Transform = TransformFunction | StatefulTransform

/** A record that cannot go on, and why. */
export interface DeadRecord {
  readonly record: ConsumedRecord
  readonly reason: string
  readonly error: Error
}

/** What a batch became. The counts add up: records in + added = records + dropped + dead. */
export interface TransformedBatch {
  readonly records: readonly ConsumedRecord[]
  readonly dead: readonly DeadRecord[]
  readonly dropped: number
  /** Records that transforms made beyond the one they were given. */
  readonly added: number
}

/** Milliseconds that transforms may keep the thread before timers, heartbeats among them, get their turn. */
const TURN = 50
const LOOK_EVERY = 64

/** Applies transforms to the records of one batch, one after the other. */
export class Transformation {
  readonly #transforms: readonly TransformFunction[]
  readonly #records: ConsumedRecord[] = []
  readonly #dead: DeadRecord[] = []
  #dropped = 0
  #added = 0

  private constructor(transforms: readonly TransformFunction[]) {
    this.#transforms = transforms
  }

  /** Stops half way, with an error, when the signal aborts. */
  static async of(
    records: readonly ConsumedRecord[],
    transforms: readonly TransformFunction[],
    signal: AbortSignal,
  ): Promise<TransformedBatch> {
    const batch = new Transformation(transforms)
    await batch.#all(records, signal)
    return { records: batch.#records, dead: batch.#dead, dropped: batch.#dropped, added: batch.#added }
  }

  async #all(records: readonly ConsumedRecord[], signal: AbortSignal): Promise<void> {
    let turnEnds = performance.now() + TURN
    let look = LOOK_EVERY
    for (const record of records) {
      const pending = this.#begin(record)
      if (pending !== undefined) await pending
      if (--look > 0) continue
      look = LOOK_EVERY
      if (performance.now() < turnEnds) continue
      await setImmediate()
      signal.throwIfAborted()
      turnEnds = performance.now() + TURN
    }
  }

  #begin(record: ConsumedRecord): Promise<void> | undefined {
    if (!record.isTombstone) return this.#from(0, record)
    this.#dead.push({
      record,
      reason: 'no value',
      error: new TypeError('a record without a value is no log line'),
    })
    return undefined
  }

  /** Takes a record through the transforms from one on; a promise only where one of them gave a promise. */
  #from(index: number, record: ConsumedRecord): Promise<void> | undefined {
    for (; index < this.#transforms.length; index++) {
      let result: unknown
      try {
        result = this.#transforms[index]?.(record)
      } catch (thrown) {
        this.#fail(record, toError(thrown))
        return undefined
      }
      if (result === record) continue
      if (!(result instanceof ConsumedRecord)) return this.#other(index + 1, record, result)
      record = result
    }
    this.#records.push(record)
    return undefined
  }

  #other(next: number, record: ConsumedRecord, result: unknown): Promise<void> | undefined {
    if (result === undefined || result === null) {
      this.#dropped++
      return undefined
    }
    if (Array.isArray(result)) return this.#several(next, record, result)
    if (isThenable(result)) return this.#later(next, record, result)
    this.#fail(
      record,
      new TypeError(`a transform returned a ${typeof result}, not a record, several or nothing`),
    )
    return undefined
  }

  #several(next: number, record: ConsumedRecord, results: readonly unknown[]): Promise<void> | undefined {
    if (results.length === 0) this.#dropped++
    else this.#added += results.length - 1
    let earlier: Promise<void> | undefined
    for (const [index, result] of results.entries()) {
      const one = results.length > 1 && result instanceof ConsumedRecord ? result.part(index + 1) : result
      if (earlier === undefined) earlier = this.#result(next, record, one)
      else earlier = earlier.then(() => this.#result(next, record, one))
    }
    return earlier
  }

  async #later(next: number, record: ConsumedRecord, promise: PromiseLike<unknown>): Promise<void> {
    let result: unknown
    try {
      result = await promise
    } catch (thrown) {
      this.#fail(record, toError(thrown))
      return
    }
    await this.#result(next, record, result)
  }

  #result(next: number, record: ConsumedRecord, result: unknown): Promise<void> | undefined {
    return result instanceof ConsumedRecord ? this.#from(next, result) : this.#other(next, record, result)
  }

  #fail(record: ConsumedRecord, error: Error): void {
    this.#dead.push({ record, reason: 'transform failed', error })
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
