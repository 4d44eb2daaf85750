import type { Account } from './account.ts'

/** Where lines are to go. */
export interface Destination {
  /** 'host:port' of the proxies in front of the brokers. */
  readonly brokers: readonly string[]
  readonly topic: string
}

/** What has to bring lines into Kafka while its processes, the brokers and the network fail. */
export interface Subject {
  /** As the table shows it. */
  readonly title: string
  /** Processes that are killed and paused. */
  readonly processes: number
  start(): Promise<void>
  /** SIGKILL, and starts it again at once; resolves when it may be killed again. */
  kill(process: number): Promise<void>
  /** SIGSTOP for so many milliseconds. */
  pause(process: number, milliseconds: number): Promise<void>
  rotate(process: number): void
  /** Lines that were called for so far. */
  readonly called: number
  /** No more lines from here on. */
  stopLogging(): Promise<void>
  /** Whether it says itself that everything has arrived; `undefined` where it cannot be asked. */
  isDone(): Promise<boolean | undefined>
  /** Ends everything; afterwards nothing is written any more. */
  stop(): Promise<void>
  /** Tells all lines that were logged; called once, at the end. Returns what else is worth knowing. */
  account(account: Account): Promise<SubjectNotes>
}

export interface SubjectNotes {
  /** What must not be: the run has failed. */
  readonly failures: readonly string[]
  /** What may be, as in `{ 'renumbered': 0 }`. */
  readonly figures: Readonly<Record<string, number>>
}
