import type { ConsumedRecord, RawRecord } from '../../src/consume/record.ts'
import { ConsumedRecord as Record } from '../../src/consume/record.ts'
import type { Transform, Transformed, TransformState } from '../../src/consume/transform.ts'
import { makeRecord } from '../consume/make-record.ts'

/** What a record is after a plain transform: its fields, or undefined where it went no further. */
export function after(transform: Transform, value: string | object, raw: Partial<RawRecord> = {}): unknown {
  if (typeof transform !== 'function') throw new TypeError('not a plain transform')
  const [record] = several(transform(makeRecord(value, raw)))
  return record?.toJSON()
}

/** The same where nothing is there, one, or several. */
export function several(result: Transformed | Promise<Transformed>): readonly ConsumedRecord[] {
  if (result instanceof Promise) throw new TypeError('a promise')
  if (result === undefined || result === null) return []
  return result instanceof Record ? [result] : result
}

/** Gives a transform with a memory some records, one after the other, and what came of each. */
export function feed(
  state: TransformState,
  records: readonly ConsumedRecord[],
): (readonly ConsumedRecord[])[] {
  return records.map((record) => several(state.apply(record)))
}

/** A record that arrived at a time. */
export function arrived(value: string | object, arrivedAt: number, offset = 0): ConsumedRecord {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return new Record({ value: Buffer.from(text), offset }, { topic: 'logs', partition: 0, arrivedAt })
}
