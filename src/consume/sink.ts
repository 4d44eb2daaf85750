import { refuse } from '../options.ts'
import type { ConsumedRecord } from './record.ts'

export interface WriteContext {
  /** Aborts when nobody waits for this write any longer: the consumer stops, or lost the partition. */
  readonly signal: AbortSignal
}

/** Where records end. */
export interface Sink {
  /** What messages and counts call it. */
  readonly name: string
  /** How many writes, of different partitions, may be under way at once. @default 1 */
  readonly concurrency?: number
  /** Called once before the first write; again when it failed. */
  open?(): void | Promise<void>
  /**
   * Returns or resolves when the records, all of one partition and in order, are durable at their end.
   * When it throws, the same records come again after a while, for as long as it takes, and the consumer's
   * place does not move; unless the error is a `LogflumeError` that is not `retryable`: then the records
   * are dead (see `deadLetter`) and the next ones come.
   */
  write(records: readonly ConsumedRecord[], context: WriteContext): void | Promise<void>
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
  const { name, concurrency = 1, open, write, close } = value as Partial<Record<keyof Sink, unknown>>
  if (typeof name !== 'string' || name === '') refuse(`${option}.name`, 'a non-empty string', name)
  if (typeof write !== 'function') refuse(`${option}.write`, 'a function', write)
  if (typeof concurrency !== 'number' || !Number.isSafeInteger(concurrency) || concurrency < 1)
    refuse(`${option}.concurrency`, 'a whole number of at least 1', concurrency)
  if (open !== undefined && typeof open !== 'function') refuse(`${option}.open`, 'a function', open)
  if (close !== undefined && typeof close !== 'function') refuse(`${option}.close`, 'a function', close)
}
