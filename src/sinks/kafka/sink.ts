import type { Message } from 'kafkajs'
import type { ConsumedRecord, RecordHeaders } from '../../consume/record.ts'
import type { BatchWish, Sink } from '../../consume/sink.ts'
import { readSecurity, type SecurityOptions } from '../../kafka-security.ts'
import { LONGEST_TIMER, OptionReader } from '../../options.ts'
import { readBatch } from '../batch-wish.ts'
import { cutPieces, writePieces } from '../pieces.ts'
import { recordPieces, RecordTemplate } from '../record-template.ts'
import { TopicName } from './topic-name.ts'
import { TopicProducer } from './topic-producer.ts'

export interface KafkaSinkOptions extends SecurityOptions {
  /** 'host:port' of some brokers; the others are found through them. */
  readonly brokers: readonly string[]
  /**
   * The topic a record goes to; fields, and dates in UTC made of YYYY, MM, DD and HH, in braces, as in
   * '{kafka.topic}-clean'. In a value `::` becomes `.`, what no topic may have becomes `_`.
   */
  readonly topic: string
  /** A template of the key. @default the key that the record came with */
  readonly key?: string
  /** @default those that the record came with */
  readonly headers?: (record: ConsumedRecord) => RecordHeaders
  /** @default 'none' */
  readonly compression?: 'none' | 'gzip'
  /** Kafka leaves out what kafkajs sends twice after a lost answer. @default true */
  readonly idempotent?: boolean
  /** How much goes into one request. @default { bytes: 512 KiB, records: 10_000 } */
  readonly request?: { readonly bytes?: number; readonly records?: number }
  /** How much of a partition is gathered, over several fetches. @default what one fetch brought */
  readonly batch?: BatchWish
  /** Milliseconds that a send may take. @default 30_000 */
  readonly timeout?: number
  /** What the brokers' logs call this client. @default 'logflume' */
  readonly clientId?: string
}

interface Entry {
  readonly record: ConsumedRecord
  readonly message: Message
}

/** Bytes that a record has in a batch beside key and value, about. */
const OVERHEAD = 20

/**
 * Sends records to a topic, of this Kafka or another one, with their keys, headers and times. Done is what
 * all replicas in sync have. Records without a key stay in order as in the partition that they came from.
 */
export function kafka(options: KafkaSinkOptions): Sink {
  const reader = new OptionReader('options', options)
  const request = reader.section('request')
  const topicName = new TopicName('topic', reader.string('topic'))
  const key = reader.has('key')
    ? new RecordTemplate(
        recordPieces(reader.string('key'), (value) => value),
        'utc',
      )
    : undefined
  const headersOf = reader.function<(record: ConsumedRecord) => RecordHeaders>(
    'headers',
    ({ headers }) => headers,
  )
  const producer = new TopicProducer({
    brokers: reader.strings('brokers'),
    clientId: reader.string('clientId', 'logflume'),
    security: readSecurity(reader),
    compression: reader.oneOf('compression', ['none', 'gzip'], 'none'),
    idempotent: reader.boolean('idempotent', true),
    timeout: reader.integer('timeout', 30_000, { min: 1, max: LONGEST_TIMER }),
  })
  const limits = {
    bytes: request.integer('bytes', 512 * 1024, { min: 1 }),
    records: request.integer('records', 10_000, { min: 1 }),
  }
  request.end()
  const batch = readBatch(reader)
  reader.end()

  const toEntry = (record: ConsumedRecord): Entry => {
    const { bytes, timestamp, place } = record
    const message: Message = {
      key: key === undefined ? record.key : key.text(record, timestamp),
      value: bytes,
      timestamp: String(timestamp),
      headers: { ...headersOf(record) },
      partition: place.partition,
    }
    return { record, message }
  }

  return {
    name: 'kafka',
    ...batch,
    write(records, { signal }) {
      const topics = new Map<string, Entry[]>()
      for (const record of records) {
        const topic = topicName.of(record)
        const entries = topics.get(topic)
        if (entries === undefined) topics.set(topic, [toEntry(record)])
        else entries.push(toEntry(record))
      }
      const pieces = [...topics].flatMap(([topic, entries]) =>
        cutPieces(entries, sizeOf, limits).map((piece) => piece.map((entry) => ({ ...entry, topic }))),
      )
      return writePieces(pieces, async (piece) => {
        const topic = piece[0]?.topic ?? ''
        const messages = piece.map(({ message }) => message)
        await producer.send(topic, messages, signal)
        return undefined
      })
    },
    close: () => producer.close(),
  }
}

function sizeOf({ message: { key, value } }: Entry): number {
  return OVERHEAD + Buffer.byteLength(key ?? '') + Buffer.byteLength(value ?? '')
}
