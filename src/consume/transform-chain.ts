import { setImmediate } from 'node:timers/promises'
import { toError } from '../errors.ts'
import { backoff, type BackoffOptions } from '../retry.ts'
import type { Clock } from './clock.ts'
import { decide } from './dead-letter.ts'
import type { Decide } from './options.ts'
import { ConsumedRecord } from './record.ts'
import { sleep } from './sleep.ts'
import type { DeadRecord, Transform, TransformedBatch, TransformState } from './transform.ts'

/** Milliseconds that transforms may keep the thread before timers, heartbeats among them, get their turn. */
const TURN = 50
const LOOK_EVERY = 64
const FAILED = 'transform failed'

interface Step {
  readonly apply: (record: ConsumedRecord) => unknown
  readonly state?: TransformState
  /** The last record it was given since it last gave out what it held. */
  last: ConsumedRecord | undefined
  /** When that was, to within a batch. */
  lastAt: number
  isTouched: boolean
}

export interface ChainOptions {
  readonly clock: Clock
  readonly onError: Decide
  readonly backoff: BackoffOptions
}

type StateStep = Step & { readonly state: TransformState }

/** The transforms of one partition, and what they remember of it. */
export class TransformChain {
  readonly #steps: readonly Step[]
  readonly #states: readonly StateStep[]
  readonly #options: ChainOptions
  #signal: AbortSignal = new AbortController().signal
  #records: ConsumedRecord[] = []
  #dead: DeadRecord[] = []
  #dropped = 0
  #added = 0

  constructor(transforms: readonly Transform[], options: ChainOptions) {
    this.#options = options
    this.#steps = transforms.map((transform) => {
      if (typeof transform === 'function')
        return { apply: transform, last: undefined, lastAt: 0, isTouched: false }
      const state = transform.begin()
      const step: Step = {
        apply: (record) => {
          step.last = record
          step.isTouched = true
          return state.apply(record)
        },
        state,
        last: undefined,
        lastAt: 0,
        isTouched: false,
      }
      return step
    })
    this.#states = this.#steps.filter((step): step is StateStep => step.state !== undefined)
  }

  get isStateful(): boolean {
    return this.#states.length > 0
  }

  /** The offset of the first record that is not given out yet. */
  get held(): bigint | undefined {
    let first: bigint | undefined
    for (const { state } of this.#states) {
      const offset = state.held === undefined ? undefined : BigInt(state.held.place.offset)
      if (offset !== undefined && (first === undefined || offset < first)) first = offset
    }
    return first
  }

  /** When the first of them is due to be flushed, by the clock; Infinity: none. */
  get dueAt(): number {
    return Math.min(Infinity, ...this.#states.map((step) => dueAt(step)))
  }

  /** Stops half way, with an error, when the signal aborts. */
  async apply(records: readonly ConsumedRecord[], signal: AbortSignal): Promise<TransformedBatch> {
    this.#signal = signal
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
    this.#look()
    return this.#take()
  }

  /**
   * Lets them give out what they hold: those that are 'due', or 'all' at the end of the source, or those whose
   * records do not come again, the 'unheld'.
   */
  async flush(which: 'due' | 'all' | 'unheld'): Promise<TransformedBatch> {
    const now = this.#options.clock.now()
    for (const [index, step] of this.#steps.entries()) {
      const { state, last } = step
      if (state?.flush === undefined || last === undefined) continue
      if (which === 'due' && dueAt(step) > now) continue
      if (which === 'unheld' && state.held !== undefined) continue
      const held = state.held ?? last
      step.last = undefined
      try {
        // One more came out than went in.
        this.#added++
        await this.#result(index + 1, held, state.flush())
      } catch (thrown) {
        this.#die(held, FAILED, toError(thrown))
      }
    }
    this.#look()
    return this.#take()
  }

  #look(): void {
    for (const step of this.#states) {
      if (step.isTouched) step.lastAt = this.#options.clock.now()
      step.isTouched = false
    }
  }

  #take(): TransformedBatch {
    const batch = {
      records: this.#records,
      dead: this.#dead,
      dropped: this.#dropped,
      added: this.#added,
    }
    this.#records = []
    this.#dead = []
    this.#dropped = this.#added = 0
    return batch
  }

  #begin(record: ConsumedRecord): Promise<void> | undefined {
    if (!record.isTombstone) return this.#from(0, record)
    this.#die(record, 'no value', new TypeError('a record without a value is no log line'))
    return undefined
  }

  /** Takes a record through the transforms from one on; a promise only where one of them gave a promise. */
  #from(index: number, record: ConsumedRecord, attempt = 1): Promise<void> | undefined {
    for (; index < this.#steps.length; index++) {
      let result: unknown
      try {
        result = this.#steps[index]?.apply(record)
      } catch (thrown) {
        return this.#failed(index, record, toError(thrown), attempt)
      }
      if (result === record) continue
      if (isThenable(result)) return this.#later(index, record, result, attempt)
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
    const error = new TypeError(`a transform returned a ${typeof result}, not a record, several or nothing`)
    this.#die(record, FAILED, error)
    return undefined
  }

  #several(next: number, record: ConsumedRecord, results: readonly unknown[]): Promise<void> | undefined {
    if (results.length === 0) this.#dropped++
    else this.#added += results.length - 1
    let earlier: Promise<void> | undefined
    for (const one of results.length > 1 ? numbered(results) : results) {
      if (earlier === undefined) earlier = this.#result(next, record, one)
      else earlier = earlier.then(() => this.#result(next, record, one))
    }
    return earlier
  }

  async #later(
    index: number,
    record: ConsumedRecord,
    promise: PromiseLike<unknown>,
    attempt: number,
  ): Promise<void> {
    let result: unknown
    try {
      result = await promise
    } catch (thrown) {
      await this.#failed(index, record, toError(thrown), attempt)
      return
    }
    await this.#result(index + 1, record, result)
  }

  #result(next: number, record: ConsumedRecord, result: unknown): Promise<void> | undefined {
    return result instanceof ConsumedRecord ? this.#from(next, result) : this.#other(next, record, result)
  }

  /** The transform may be asked again, in the record's turn. */
  #failed(index: number, record: ConsumedRecord, error: Error, attempt: number): Promise<void> | undefined {
    const dead = { record, reason: FAILED, error }
    const decision = decide(this.#options.onError, dead)
    if (decision !== 'retry') {
      this.#dead.push({ ...dead, decision: decision ?? 'dead' })
      return undefined
    }
    return sleep(backoff(attempt, this.#options.backoff), this.#signal).then(() => {
      this.#signal.throwIfAborted()
      return this.#from(index, record, attempt + 1)
    })
  }

  /** Trying again is of no use. */
  #die(record: ConsumedRecord, reason: string, error: Error): void {
    const decision = decide(this.#options.onError, { record, reason, error })
    this.#dead.push({ record, reason, error, decision: decision === 'drop' ? 'drop' : 'dead' })
  }
}

/** Several of one record get ids of their own. */
function numbered(results: readonly unknown[]): readonly unknown[] {
  const ids = new Map<string, number>()
  for (const result of results)
    if (result instanceof ConsumedRecord) ids.set(result.id, (ids.get(result.id) ?? 0) + 1)
  if (ids.size === results.length) return results
  const numbers = new Map<string, number>()
  return results.map((result) => {
    if (!(result instanceof ConsumedRecord) || ids.get(result.id) === 1) return result
    const number = (numbers.get(result.id) ?? 0) + 1
    numbers.set(result.id, number)
    return result.part(number)
  })
}

function dueAt({ state, last, lastAt }: Step): number {
  if (state?.flush === undefined || state.timeout === undefined || last === undefined) return Infinity
  return lastAt + state.timeout
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
