import type { ConsumedRecord } from './record.ts'

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
  /** What the user said of it; undefined: nobody has asked yet. */
  readonly decision?: 'dead' | 'drop'
}

/** What a batch became. The counts add up: records in + added = records + dropped + dead. */
export interface TransformedBatch {
  readonly records: readonly ConsumedRecord[]
  readonly dead: readonly DeadRecord[]
  readonly dropped: number
  /** Records that transforms made beyond the one they were given. */
  readonly added: number
}
