import { ConsumedRecord, type RawRecord } from '../../src/consume/record.ts'

/** A record as a source makes it, from a text or fields. */
export function makeRecord(
  value: string | Buffer | object | null,
  raw: Partial<RawRecord> = {},
): ConsumedRecord {
  const bytes =
    value === null || Buffer.isBuffer(value)
      ? value
      : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  return new ConsumedRecord(
    { value: bytes, offset: 7, ...raw },
    { topic: 'logs', partition: 2, arrivedAt: Date.UTC(2026, 10, 21, 12) },
  )
}
