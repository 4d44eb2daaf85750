import { hostname } from 'node:os'
import { readSecurity, type SecurityOptions } from '../kafka-security.ts'
import type { Acks, CompressionName, KafkaClient, KafkaOptions, TopicCreation } from '../kafka/port.ts'
import type { OptionReader } from '../options.ts'
import { refuse, refuseOption } from '../options.ts'
import { isInstalled } from '../peer.ts'
import { readCompression } from './compression.ts'
import type { Delivery, ForwarderSettings } from './forwarder-parts.ts'
import { compile, type KeySettings } from './key.ts'
import { readRoutes, readTopic, type Route, type RouteSource } from './route-options.ts'
import type { RouteSettings } from './router.ts'
import type { Partitioning } from './topics.ts'

export interface ForwardOptions extends SecurityOptions {
  /** 'host:port' of some brokers; the others are found through them. */
  readonly brokers: readonly string[]
  /**
   * The library that keeps the connections; '@platformatic/kafka' is an optional peer, to be installed beside.
   * @default 'kafkajs'
   */
  readonly client?: KafkaClient
  /**
   * Where lines go that no route has another topic for. `{service}`, `{logger}` and dates as in `{YYYYMMDD}`
   * take their places in it, the dates in UTC by the line's own time.
   * @default 'logs'
   */
  readonly topic?: string
  /** Topics for some of the lines; the first that matches decides. @default [] */
  readonly routes?: readonly Route[]
  /** How this process names itself to the brokers. @default 'logflume-<hostname>' */
  readonly clientId?: string
  /** How a missing topic is made; false: it is not. @default { partitions: 4, replicationFactor: 2 } */
  readonly createTopic?: false | Partial<TopicCreation>
  /**
   * 'zstd' needs Node 22.15, 'lz4' the package lz4-napi, 'snappy' the package snappy. @default 'none'
   */
  readonly compression?: CompressionName
  /**
   * Who must have a line before it counts as forwarded: all in-sync replicas, the leader, or nobody. Each
   * line is in Kafka once with 'all' only. @default 'all'
   */
  readonly acks?: Acks
  /**
   * Which partition of a topic: the journal's own, one after the other, or this one. @default 'journal'
   */
  readonly partition?: Partitioning
  /**
   * A field of the line, as in 'order.id', or a function; lines of one key go to one partition, the one that
   * Java's client takes. The function crosses to another thread as its source text: it must stand alone. Lines
   * without a key go to the journal's partition. @default no keys
   */
  readonly key?: string | ((line: string) => string | undefined)
  /**
   * 'at-least-once' needs no permission for idempotent writes; each record has a header `logflume.id` then.
   * @default 'exactly-once'
   */
  readonly delivery?: Delivery
  /** Milliseconds after which a partition without a leader is left for another one. @default 30_000 */
  readonly leaderTimeout?: number
  /** Headers of each record, as in { team: 'shop' }. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes of lines that make one batch, before compression. @default 900_000 */
  readonly batchBytes?: number
  /** Milliseconds that the first line after a pause waits for company. @default 2 */
  readonly linger?: number
  /** What may be in memory between journal and Kafka. @default { maxBytes: 8 MiB, maxRecords: 100_000 } */
  readonly queue?: { readonly maxBytes?: number; readonly maxRecords?: number }
  /** Milliseconds until a request without an answer has failed. @default 10_000 */
  readonly requestTimeout?: number
  /** Milliseconds until an attempt to connect has failed. @default 3_000 */
  readonly connectionTimeout?: number
  /** Milliseconds without lines after which connections are closed. @default 30_000 */
  readonly idleTimeout?: number
}

export interface ForwardSettings extends ForwarderSettings {
  readonly client: KafkaClient
  readonly routing: RouteSettings
  readonly key: KeySettings | undefined
  readonly kafka: KafkaOptions
  readonly compression: CompressionName
  readonly headers: Readonly<Record<string, string>> | undefined
}

export function readForwardOptions(reader: OptionReader, source: RouteSource): ForwardSettings {
  const brokers = reader.strings('brokers')
  for (const broker of brokers) {
    const port = /^[^\s:]+:(\d{1,5})$|^\[[0-9a-fA-F:]+\]:(\d{1,5})$/.exec(broker)
    const number = Number(port?.[1] ?? port?.[2])
    if (!(number >= 1 && number <= 65_535)) refuse(reader.at('brokers'), "'host:port' in each place", broker)
  }
  const queue = reader.section('queue')
  const acks = reader.oneOf('acks', ['all', 'leader', 'none'], 'all')
  const delivery = reader.oneOf('delivery', ['exactly-once', 'at-least-once'], 'exactly-once')
  const key = readKey(reader)
  const settings: ForwardSettings = {
    client: readClient(reader),
    routing: {
      service: source.service,
      topic: readTopic(reader, 'topic', 'logs'),
      routes: readRoutes(reader, source),
    },
    key,
    partition: readPartition(reader, key),
    leaderTimeout: reader.integer('leaderTimeout', 30_000, { min: 100 }),
    // Who does not wait for all replicas cannot know what they have.
    delivery: acks === 'all' ? delivery : 'at-least-once',
    kafka: {
      brokers,
      clientId: reader.string('clientId', `logflume-${hostname()}`),
      createTopic: readTopicCreation(reader),
      acks,
      ...readSecurity(reader),
      requestTimeout: reader.integer('requestTimeout', 10_000, { min: 100, max: 600_000 }),
      connectionTimeout: reader.integer('connectionTimeout', 3_000, { min: 100, max: 600_000 }),
    },
    compression: readCompression(reader),
    headers: readTexts(reader, 'headers', 'a header'),
    batchBytes: reader.integer('batchBytes', 900_000, { min: 1024, max: 64 * 1024 ** 2 }),
    linger: reader.integer('linger', 2, { max: 60_000 }),
    idleTimeout: reader.integer('idleTimeout', 30_000, { min: 100 }),
    queue: {
      maxBytes: queue.integer('maxBytes', 8 * 1024 ** 2, { min: 1024 }),
      maxRecords: queue.integer('maxRecords', 100_000, { min: 1 }),
    },
  }
  queue.end()
  reader.end()
  return settings
}

function readClient(reader: OptionReader): KafkaClient {
  const client = reader.oneOf('client', ['kafkajs', '@platformatic/kafka'], 'kafkajs')
  if (client === 'kafkajs' || isInstalled(client)) return client
  return refuseOption(reader.at('client'), `${client} is not installed: npm install ${client}`)
}

function readPartition(reader: OptionReader, key: KeySettings | undefined): Partitioning {
  const value = reader.raw('partition') ?? 'journal'
  if (key !== undefined && value !== 'journal')
    refuse(reader.at('partition'), "'journal' or nothing beside a key", value)
  if (value === 'journal' || value === 'spread') return value
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31) return value
  return refuse(reader.at('partition'), "'journal', 'spread', or the number of a partition", value)
}

function readKey(reader: OptionReader): KeySettings | undefined {
  const key = reader.raw('key')
  if (key === undefined) return undefined
  if (typeof key === 'string' && key !== '') return { field: key }
  if (typeof key !== 'function') refuse(reader.at('key'), "a field's name, or a function of a line", key)
  const source = Function.prototype.toString.call(key)
  try {
    compile(source)
  } catch {
    refuse(reader.at('key'), 'a function whose source text stands alone', key)
  }
  return { source }
}

function readTopicCreation(reader: OptionReader): KafkaOptions['createTopic'] {
  if (reader.raw('createTopic') === false) return false
  const creation = reader.section('createTopic')
  const settings = {
    partitions: creation.integer('partitions', 4, { min: 1, max: 10_000 }),
    replicationFactor: creation.integer('replicationFactor', 2, { min: 1, max: 100 }),
    config: readTexts(creation, 'config', 'a setting') ?? {},
  }
  creation.end()
  return settings
}

/** Names to texts; undefined where there are none. */
function readTexts(
  reader: OptionReader,
  key: string,
  what: string,
): Readonly<Record<string, string>> | undefined {
  if (!reader.has(key)) return undefined
  const texts = reader.section(key)
  const names = Object.keys(Object(reader.raw(key)) as object)
  for (const name of names) {
    if (name === '') refuse(texts.at(name), `${what} with a name`, name)
    if (typeof texts.raw(name) !== 'string') refuse(texts.at(name), 'a string', texts.raw(name))
  }
  return names.length === 0 ? undefined : { ...(reader.raw(key) as Record<string, string>) }
}
