import type { Diagnostic } from '../diagnostics.ts'
import type { Compression } from '../journal/segment.ts'
import type { Position } from '../record.ts'
import type { KafkaState } from './sender.ts'
import type { Delivery } from './forwarder-parts.ts'
import type { ForwardSettings } from './options.ts'

/** What a worker is told when it begins; it has been loading since before that is known. */
export interface WorkerData {
  readonly shared: SharedArrayBuffer
  readonly journal: { readonly dir: string; readonly name: string; readonly slot: number }
  /** Where the journal ended when this process opened it: what is before that was found, not written. */
  readonly openedAt: Position
  /** Undefined: the lines stay on disk. */
  readonly forward: ForwardSettings | undefined
  /** How closed segments are compressed. */
  readonly compress: Compression | undefined
}

/** From the app's thread to the worker. */
export type ToWorker =
  /** The first of all. */
  | { readonly type: 'begin'; readonly data: WorkerData }
  /** Answer when every line before `ordinal` is in Kafka or lost. */
  | { readonly type: 'flush'; readonly id: number; readonly ordinal: number }
  /** Stop; what is under way is left to the checkpoint. */
  | { readonly type: 'stop' }

/** From the worker to the app's thread: only what is rare. The rest is in `Progress`. */
export type FromWorker =
  | { readonly type: 'flushed'; readonly id: number }
  | { readonly type: 'state'; readonly state: KafkaState; readonly error: string | undefined }
  | { readonly type: 'delivery'; readonly delivery: Delivery }
  | { readonly type: 'diagnostic'; readonly diagnostic: Diagnostic }
