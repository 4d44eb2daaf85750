import type { LoggerStats } from './stats.ts'

/** What all loggers of one tree share: one journal and its end. */
export interface Lifecycle extends AsyncDisposable {
  /** Where the lines are, as of now. */
  stats(): LoggerStats
  /**
   * Resolves when all lines so far are on disk, and, where Kafka is on, acknowledged or `timeout` is over.
   * @param options.timeout in milliseconds
   */
  flush(options?: EndOptions): Promise<LoggerStats>
  /**
   * The next line begins a new segment, unless the present one is empty. Lines that wait in memory go to the
   * old one before this returns.
   */
  rotate(): void
  /**
   * Flushes and ends. Lines of later calls count as lost.
   * @param options.timeout in milliseconds
   */
  close(options?: EndOptions): Promise<LoggerStats>
}

export interface EndOptions {
  /** Milliseconds to wait for Kafka; the disk is always waited for. */
  readonly timeout?: number
}
