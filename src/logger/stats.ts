import type { KafkaState } from '../forward/sender.ts'
import type { Losses } from '../record.ts'
import type { OutputterStats } from './outputters/drain.ts'

/** Where every line is: `written = forwarded + dropped + pending + lost` holds at all times. */
export interface LoggerStats {
  /** Lines made by calls of this process, and the `recovered` ones. */
  readonly written: number
  /** Lines that Kafka has acknowledged; without Kafka, those that are on disk. */
  readonly forwarded: number
  /** Lines that a route of `kafka.routes` keeps out of Kafka; they are on disk. */
  readonly dropped: number
  /** Lines under way: in memory, or on disk and not yet in Kafka. */
  readonly pending: number
  /** Lines that will not arrive, by reason; the sum of them counts in the equation. */
  readonly lost: Losses
  /** Lines that an earlier process left on disk, found there at the start. */
  readonly recovered: number
  /** What is in memory, not yet on disk. */
  readonly buffered: { readonly lines: number; readonly bytes: number }
  readonly journal: {
    /** The segment being written. */
    readonly file: string
    /** Segments on disk. */
    readonly segments: number
    readonly rotations: number
    /** Half lines that a crash left and that were cut off. */
    readonly torn: number
    /** Why writing does not go on, while it does not. */
    readonly error: string | undefined
  }
  readonly kafka: {
    readonly state: KafkaState
    /** The last refusal, until a batch goes through. */
    readonly error: string | undefined
    /** Batches sent again. */
    readonly retries: number
    /** Lines that may be in Kafka twice, as the broker had forgotten the producer. */
    readonly duplicatesPossible: number
    /** Times that a partition without a leader was left for another one. */
    readonly moved: number
    /** Times that the function `kafka.key` threw; its lines went without a key. */
    readonly keyErrors: number
    /**
     * Lines a second that come into Kafka, the mean of some seconds. While it catches up, `pending / rate` is
     * about how many seconds that will take.
     */
    readonly rate: number
    /** 'at-least-once' by option, with `acks` of less than all, or where writing idempotently is not permitted. */
    readonly delivery: 'exactly-once' | 'at-least-once'
  }
  /** The outputters beside the journal, by name. They have no part in the equation, but one of their own. */
  readonly outputters: Readonly<Record<string, OutputterStats>>
  /** Of a logger that `loadConfig` made. */
  readonly config?: ConfigStats
}

export interface ConfigStats {
  /** Undefined: it was an object. */
  readonly file: string | undefined
  /** How often it was taken. */
  readonly loaded: number
  /** How often it was not, being wrong. */
  readonly refused: number
  /** Why the newest one is not in force, while it is not. */
  readonly error: string | undefined
  /** Options that have changed since the start and hold from the next one on. */
  readonly restartFor: readonly string[]
}
