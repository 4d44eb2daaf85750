import type { DiagnosticHandler } from '../diagnostics.ts'
import type { Losses } from '../record.ts'
import type { Lease } from './lease.ts'
import type { ConsumedRecord } from './record.ts'

/** A partition's place, where its source keeps it. */
export interface PlacePort {
  /** What is kept now; asked only where it makes a difference. */
  resume(): Promise<{ readonly place: bigint | undefined; readonly note: string }>
  /** Keeps an offset, up to which everything is done, and a text; resolves when they outlive a death. */
  commit(place: bigint, note: string): Promise<void>
}

/** One partition, for as long as a lease lasts. */
export interface PartitionLane {
  /**
   * Takes the next records; `end`: the offset behind them, where that is not the one behind the last record.
   * True: go on reading behind them. They may not be written yet, where sinks gather; the place that is
   * committed says what is. False: the lease ended before.
   */
  take(records: readonly ConsumedRecord[], end?: bigint): Promise<boolean>
  /** More is held than may be: nothing should come for now. */
  readonly isFull: boolean
  /** Resolves when it is not full, or the lease ends. */
  room(): Promise<void>
  /** Writes what is gathered, and commits it, as far as the lease allows; at the source's end all of it. */
  finish(isEnd: boolean): Promise<void>
}

/** What a source reports to. */
export interface SourceContext {
  /** Aborts when the user wants the consumer to end. */
  readonly signal: AbortSignal
  /** Milliseconds that batches under way get when a lease ends. */
  readonly stopTimeout: number
  readonly diagnose: DiagnosticHandler
  /** Begins to work on a partition. */
  readonly lane: (topic: string, partition: number, lease: Lease, port: PlacePort) => PartitionLane
  /** What is known of a partition's records that may come again does not hold any more. */
  readonly forget: (topic: string, partition: number) => void
  /** Records can flow. */
  readonly running: () => void
  /** Records cannot flow, for this reason, but the source goes on trying. */
  readonly waiting: (error: Error) => void
}

/** Where records come from: a Kafka group's share of some topics, or a journal's directory. */
export interface Source {
  /** Resolves when the signal aborted, or there is nothing more, and the place of every batch taken is noted. */
  run(context: SourceContext): Promise<void>
  /** Records that wait behind those read; undefined where that is not known. */
  readonly lag: number | undefined
  /** The same by 'topic/partition'. */
  readonly lags: Readonly<Record<string, number>>
  /** Topics that are wanted and not there. */
  readonly missing: readonly string[]
  readonly lost: Losses
  /** Reads nothing more of these topics, of all where none are named, until `resume`. */
  pause(topics: readonly string[] | undefined): void
  resume(topics: readonly string[] | undefined): void
  seek(target: SeekTarget): Promise<void>
}

/** A record to go on with: one of this offset, or the first of a time. */
export type SeekTarget = {
  readonly topic: string
  readonly partition: number
} & ({ readonly offset: string | number | bigint } | { readonly time: Date | number })
