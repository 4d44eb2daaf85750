import type { ConsumedRecord } from '../../consume/record.ts'
import { LogflumeError } from '../../errors.ts'
import type { RecordTemplate } from '../record-template.ts'
import type { SenderValue } from './protocol.ts'

export interface MetricFields {
  /** The record's `host` or `host.hostname` where there is no template. */
  readonly host: RecordTemplate | undefined
  readonly key: RecordTemplate
  /** A field's name. */
  readonly value: string
}

const NS_PER_MS = 1_000_000

/** The value that a record tells. Throws where it tells none. */
export function toValue(record: ConsumedRecord, fields: MetricFields): SenderValue {
  const { timestamp } = record
  const host =
    fields.host?.text(record, timestamp) ?? (text(record.get('host')) || text(record.get('host.hostname')))
  const key = fields.key.text(record, timestamp)
  const value = text(record.get(fields.value))
  if (host === '') throw missing('host')
  if (key === '') throw missing('key')
  if (value === '') throw missing(`value: ${fields.value} is neither text nor a number`)
  // Two values of an item must not have the same time; one that is sent again has to.
  const within = Number(BigInt(record.place.offset) % BigInt(NS_PER_MS))
  const ns = (((timestamp % 1000) + 1000) % 1000) * NS_PER_MS + within
  return { host, key, value, clock: Math.floor(timestamp / 1000), ns }
}

function text(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : ''
  if (typeof value === 'boolean') return value ? '1' : '0'
  return typeof value === 'string' ? value : ''
}

function missing(what: string): LogflumeError {
  return new LogflumeError('SINK', `the record has no ${what}`)
}
