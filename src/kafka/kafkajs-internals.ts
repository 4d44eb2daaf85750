import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { KafkaConfig } from 'kafkajs'
import { LogflumeError } from '../errors.ts'

/*
 * kafkajs, from its inside. Its connections are good: sockets, TLS, SASL, versions, which answer belongs to
 * which request. What it builds on top of them stands in our way:
 *
 * - `producer.send` makes an object of each record and costs ten times what our own batches cost; asked
 *   again after a partial failure, it loses some records and doubles others.
 * - Its `Cluster` refuses all metadata as soon as one partition has no leader, so that in an outage the new
 *   leaders of the others are not found either; and it repeats by its own clock what the forwarder repeats.
 * - `Connection.send` copies a request twice, into zeroed memory of the next power of two: half as much CPU
 *   again for each line.
 * - A `Connection` that was lost and is connected again goes on with the half answer that it had read.
 *
 * So we take single brokers, each for the life of one connection, and put our batches into their request
 * queues. kafkajs is frozen, and pinned to the version that this was written for.
 */

const VERSION = '2.2.4'

interface KafkajsSocketArguments {
  readonly host: string
  readonly port: number
  readonly ssl: unknown
  readonly onConnect: () => void
}

type KafkajsSocketFactory = (socket: KafkajsSocketArguments) => Socket

/** One kind of request in the versions that kafkajs knows. */
export interface KafkajsDefinition {
  readonly versions: readonly string[]
  protocol(choice: { version: number }): (request: object) => KafkajsExchange
}

interface KafkajsExchange {
  readonly request: object
  readonly response: { readonly decode: (payload: Buffer) => Promise<unknown> }
}

interface KafkajsRequestQueue {
  push(request: {
    readonly entry: {
      readonly apiKey: number
      readonly apiName: string
      readonly apiVersion: number
      readonly correlationId: number
      readonly resolve: (answer: { readonly payload: Buffer }) => void
      readonly reject: (error: Error) => void
    }
    readonly expectResponse: boolean
    readonly requestTimeout: null
    readonly sendRequest: () => void
  }): void
  maybeThrottle: (milliseconds: number | null) => void
  scheduleCheckPendingRequests: () => void
}

export interface KafkajsConnection {
  readonly requestQueue: KafkajsRequestQueue
  /** Milliseconds, a Long, from the login on; 0: for ever. */
  readonly sessionLifetime: { toString(): string }
  /** Milliseconds before the end of a session from which on it counts as ended. */
  reauthenticationThreshold: number
  /** Also where no login is asked for. */
  isAuthenticated(): boolean
  /** Logs in, also once more on an open connection (KIP-368). */
  authenticate(): Promise<void>
  nextCorrelationId(): number
  send(exchange: {
    readonly request: object
    readonly response: {
      readonly decode: (payload: Buffer) => Promise<unknown>
      readonly parse: (data: unknown) => Promise<unknown>
    }
    readonly logResponseError: boolean
  }): Promise<unknown>
}

export interface KafkajsBroker {
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>
  /** The best version of a request that both sides know; throws where there is none. */
  readonly lookupRequest: (
    apiKey: number,
    definition: KafkajsDefinition,
  ) => (request: object) => KafkajsExchange
  /** Connects, asks for the broker's versions, authenticates. */
  connect(): Promise<void>
}

interface KafkajsConnectionPool {
  /** The first is for everything but fetching. */
  readonly pool: readonly KafkajsConnection[]
}

interface KafkajsLogEntry {
  readonly label: 'ERROR' | 'WARN' | 'INFO' | 'DEBUG'
  readonly log: { readonly message: string; readonly [extra: string]: unknown }
}

export interface KafkajsLogger {
  namespace(name: string): KafkajsLogger
}

export interface KafkajsInternals {
  readonly Broker: new (options: {
    readonly connectionPool: KafkajsConnectionPool
    readonly logger: KafkajsLogger
    readonly allowAutoTopicCreation: boolean
  }) => KafkajsBroker
  readonly ConnectionPool: new (
    options: Pick<KafkaConfig, 'ssl' | 'sasl'> & {
      readonly host: string
      readonly port: number
      readonly clientId: string
      readonly logger: KafkajsLogger
      readonly socketFactory: KafkajsSocketFactory
      readonly connectionTimeout: number
      readonly requestTimeout: number
      readonly enforceRequestTimeout: boolean
    },
  ) => KafkajsConnectionPool
  readonly createLogger: (options: {
    readonly level: number
    readonly logCreator: () => (entry: KafkajsLogEntry) => void
  }) => KafkajsLogger
  readonly createSocketFactory: () => KafkajsSocketFactory
  readonly requests: Readonly<
    Record<'Produce' | 'Metadata' | 'CreateTopics' | 'InitProducerId', KafkajsDefinition>
  >
}

let loaded: KafkajsInternals | undefined

/**
 * Loaded when Kafka is first used, and not where it never is.
 *
 * @throws LogflumeError `KAFKA` where the installed kafkajs is another one than we know.
 */
export function kafkajsInternals(): KafkajsInternals {
  return (loaded ??= loadKafkajs(createRequire(import.meta.url)))
}

export function loadKafkajs(require: (path: string) => unknown): KafkajsInternals {
  const member = (path: string, name: string): unknown => (require(path) as Record<string, unknown>)[name]
  try {
    const version = member('kafkajs/package.json', 'version')
    if (version !== VERSION) throw new Error(`this is version ${String(version)}`)
    const internals: Record<keyof KafkajsInternals, unknown> = {
      Broker: require('kafkajs/src/broker'),
      ConnectionPool: require('kafkajs/src/network/connectionPool'),
      createLogger: member('kafkajs/src/loggers', 'createLogger'),
      createSocketFactory: require('kafkajs/src/network/socketFactory'),
      requests: member('kafkajs/src/protocol/requests', 'requests'),
    }
    for (const [name, value] of Object.entries(internals)) {
      const expected = name === 'requests' ? 'object' : 'function'
      if (typeof value !== expected) throw new Error(`its ${name} is no ${expected}`)
    }
    return internals as unknown as KafkajsInternals
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `kafkajs is pinned to ${VERSION}, whose connections logflume uses from inside: ${why}`
    throw new LogflumeError('KAFKA', message, { cause })
  }
}
