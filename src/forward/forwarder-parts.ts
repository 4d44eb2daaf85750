import type { DiagnosticHandler } from '../diagnostics.ts'
import type { JournalReader } from '../journal/reader.ts'
import type { KafkaPort } from '../kafka/port.ts'
import type { Checkpoint, CheckpointFile } from './checkpoint.ts'
import type { Encode } from './cutter.ts'
import type { KeyPlacer } from './key-placer.ts'
import type { RefusedLine } from './refused-lines.ts'
import type { Router } from './router.ts'
import type { KafkaState } from './sender.ts'
import type { Backoff } from './setback.ts'
import type { Partitioning } from './topics.ts'
import type { WindowBounds } from './window.ts'

export interface ForwarderSettings {
  /** Bytes of journal that make one cut. */
  readonly batchBytes: number
  /** Milliseconds to wait for more lines after the first one behind a pause. */
  readonly linger: number
  /** Milliseconds without lines after which the connections are closed. */
  readonly idleTimeout: number
  readonly queue: WindowBounds
  readonly partition: Partitioning
  /** Milliseconds after which a partition without a leader is left for another one. */
  readonly leaderTimeout: number
  /** 'at-least-once' asks for no producer id, and sends one batch of a lane at a time. */
  readonly delivery: Delivery
}

/** Whether Kafka knows a batch that comes again. */
export type Delivery = 'exactly-once' | 'at-least-once'

export type Counted =
  | 'forwarded'
  | 'dropped'
  | 'deleted'
  | 'refused'
  | 'retries'
  | 'duplicatesPossible'
  /** Times that a partition without a leader was left for another one. */
  | 'moved'

/** Where forwarding tells how far it is, and is told that there is more. */
export interface Ledger {
  /** Ordinal of the first line that is not settled yet. */
  acknowledged: number
  add(what: Counted, count: number): void
  /** To be read before looking into the journal, and given to `changed` when nothing was found there. */
  readonly wakes: number
  changed(seen: number): Promise<void>
  wake(): void
}

export interface ForwarderParts {
  readonly settings: ForwarderSettings
  readonly reader: JournalReader
  readonly router: Router
  readonly checkpoint: Checkpoint
  readonly checkpointFile: CheckpointFile
  readonly connect: () => KafkaPort
  readonly encode: Encode
  /** Nobody needs the bytes of this batch any more, that `encode` has made. @default left to the collector */
  readonly release?: ((bytes: Buffer) => void) | undefined
  /** Where keys decide on partitions. */
  readonly placer?: KeyPlacer | undefined
  /** Puts a line aside that Kafka will never take. */
  readonly keepRefused: (line: Buffer, about: RefusedLine) => void
  readonly ledger: Ledger
  readonly diagnose: DiagnosticHandler
  readonly onState: (state: KafkaState, error: string | undefined) => void
  readonly onDelivery: (delivery: Delivery) => void
  /** Milliseconds before something is tried again, after so many failures. @default `retry.ts` */
  readonly backoff?: Backoff
}

/** What decides where a line goes, in short. */
export function rulesOf({ router, placer }: Pick<ForwarderParts, 'router' | 'placer'>): string {
  return placer === undefined ? router.rules : `${router.rules}, ${placer.rules}`
}
