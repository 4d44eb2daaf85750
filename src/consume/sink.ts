import { LONGEST_TIMER, OptionReader, refuse } from '../options.ts'
import type { ConsumedRecord } from './record.ts'

export interface WriteContext {
  /** Aborts when nobody waits for this write any longer: it took too long, or the consumer stops, or lost the partition. */
  readonly signal: AbortSignal
  /**
   * Offset of the partition up to which (exclusive) Kafka knows, or a journal's saved place says, that
   * everything is done: nothing before it comes again. Undefined while unknown.
   */
  readonly committed: string | undefined
}

/** What became of the records of a write that took some of them only. */
export interface WriteResult {
  /** To be written again after a while, alone and in this order. */
  readonly retry?: readonly ConsumedRecord[] | undefined
  /** Why they have to be written again. */
  readonly error?: Error | undefined
  /** Never to be taken: dead letters. */
  readonly rejected?: readonly { readonly record: ConsumedRecord; readonly error: Error }[] | undefined
}

/** When enough is gathered: as soon as one of them is reached. */
export interface BatchWish {
  readonly records?: number
  /** Of the records' values as they came. */
  readonly bytes?: number
  /** Milliseconds since the first of them came. @default 1000 */
  readonly time?: number
}

/** Where records end. */
export interface Sink {
  /** What messages and counts call it. */
  readonly name: string
  /** How many writes, of different partitions, may be under way at once. @default 1 */
  readonly concurrency?: number
  /**
   * Gather so much of a partition, over several fetches, before `write` is called. Meanwhile the place does
   * not move: what is gathered and not written comes again after a death, in batches that end where they
   * ended before. @default what one fetch brought
   */
  readonly batch?: BatchWish
  /** Called once before the first write; again when it failed. */
  open?(): void | Promise<void>
  /**
   * Returns or resolves when the records, all of one partition and in order, are durable at their end; with
   * a `WriteResult` where only some of them are. When it throws, the same records come again after a while,
   * for as long as it takes, and the consumer's place does not move; unless the error is a `LogflumeError`
   * that is not `retryable`: then the records are dead (see `deadLetter`) and the next ones come.
   */
  write(
    records: readonly ConsumedRecord[],
    context: WriteContext,
  ): void | WriteResult | Promise<void | WriteResult>
  /** Called once after the last write. */
  close?(): void | Promise<void>
}

/** Checks a sink while it is being written, and gives it its type. */
export function defineSink(sink: Sink): Sink {
  checkSink('sink', sink)
  return sink
}

export function checkSink(option: string, value: unknown): asserts value is Sink {
  if (typeof value !== 'object' || value === null) refuse(option, 'a sink: { name, write }', value)
  const { name, concurrency = 1, batch, open, write, close } = value as Partial<Record<keyof Sink, unknown>>
  if (typeof name !== 'string' || name === '') refuse(`${option}.name`, 'a non-empty string', name)
  if (typeof write !== 'function') refuse(`${option}.write`, 'a function', write)
  if (typeof concurrency !== 'number' || !Number.isSafeInteger(concurrency) || concurrency < 1)
    refuse(`${option}.concurrency`, 'a whole number of at least 1', concurrency)
  if (batch !== undefined) checkWish(`${option}.batch`, batch)
  if (open !== undefined && typeof open !== 'function') refuse(`${option}.open`, 'a function', open)
  if (close !== undefined && typeof close !== 'function') refuse(`${option}.close`, 'a function', close)
}

function checkWish(option: string, value: unknown): void {
  const wish = new OptionReader(option, value)
  wish.integer('records', 1, { min: 1 })
  wish.integer('bytes', 1, { min: 1 })
  wish.integer('time', 1, { min: 1, max: LONGEST_TIMER })
  wish.end()
}
