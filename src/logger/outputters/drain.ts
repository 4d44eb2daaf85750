import type { DiagnosticHandler } from '../../diagnostics.ts'
import type { Losses } from '../../record.ts'
import type { LogRecord } from '../log-record.ts'

/** Where the records of one outputter are: `taken = written + pending + lost` holds at all times. */
export interface OutputterStats {
  /** Records that its level, and the loggers', let through. */
  readonly taken: number
  readonly written: number
  /** Records that wait in memory, or are being written. */
  readonly pending: number
  /** Records that will not arrive, by reason. */
  readonly lost: Losses
  /** Why writing does not go on, while it does not. */
  readonly error: string | undefined
}

/** What outputters of different kinds do differently: where a formatted record goes. Nothing of it throws. */
export interface Drain {
  /** Before the first record. */
  open?(name: string, diagnose: DiagnosticHandler): void
  /** Never blocks on anything but the stream of the process itself. */
  write(text: string, record: LogRecord): void
  /** Resolves when all so far is written or lost, or after `timeout` ms. */
  flush(timeout: number): Promise<void>
  /** Writes what waits before it returns, where that is possible. */
  flushSync(): void
  /** `flush`, and the end: what is not written by then counts as lost. */
  close(timeout: number): Promise<void>
  stats(): OutputterStats
}
