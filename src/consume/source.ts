import type { DiagnosticHandler } from '../diagnostics.ts'
import type { Losses } from '../record.ts'
import type { Lease } from './lease.ts'
import type { ConsumedRecord } from './record.ts'

/** What a source reports to. */
export interface SourceContext {
  /** Aborts when the user wants the consumer to end. */
  readonly signal: AbortSignal
  /** Milliseconds that batches under way get when a lease ends. */
  readonly stopTimeout: number
  readonly diagnose: DiagnosticHandler
  /** Hands over records of one partition; true: they are where they belong, the place may be noted. */
  readonly take: (records: readonly ConsumedRecord[], lease: Lease) => Promise<boolean>
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
  readonly lost: Losses
}
