import type { LoggerStats } from 'logflume'
import type { ConsumerStats, FromJournal, FromKafka } from 'logflume/consumer'

// What the demo's processes tell each other. Settings come with the start, as the first argument.

export interface ShopSettings {
  /** Of the journal. */
  readonly dir: string
  /** Undefined: no Kafka. */
  readonly kafka: { readonly brokers: readonly string[]; readonly topic: string } | undefined
}

export type FromShop =
  | { readonly type: 'open'; readonly port: number }
  /** After each request, and now and then. */
  | { readonly type: 'report'; readonly stats: LoggerStats }
  /** The last word. */
  | { readonly type: 'closed'; readonly stats: LoggerStats }

export interface ToShop {
  readonly type: 'close'
}

export interface ConsumerSettings {
  readonly from: FromKafka | FromJournal
  /** Of the daily files. */
  readonly dir: string
}

export interface ModuleCount {
  readonly lines: number
  readonly errors: number
}

export type FromConsumer =
  /** Now and then. */
  | { readonly type: 'report'; readonly stats: ConsumerStats }
  /** The last word. */
  | {
      readonly type: 'closed'
      readonly stats: ConsumerStats
      /** By `log.logger`. */
      readonly modules: ReadonlyMap<string, ModuleCount>
    }

export interface ToConsumer {
  readonly type: 'finish'
  /** Lines that there are to consume. */
  readonly lines: number
}
