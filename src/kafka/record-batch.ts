import { crc32c } from '@node-rs/crc32'
import { LogflumeError } from '../errors.ts'
import { countLines, NEWLINE } from '../lines.ts'
import type { Codec } from './codecs.ts'
import { EventClock } from './event-clock.ts'
import { HeaderWriter } from './record-headers.ts'
import type { HeaderBlock, RecordIds } from './record-headers.ts'
import { MOST_VARINT_BYTES, sizeOfVarint, writeVarint, zigzag } from './varint.ts'

/*
 * Kafka's record batch, format v2 (magic 2), straight from journal bytes: one record a line, its value the
 * line without the '\n', and no JavaScript object per line unless keys are asked for.
 * https://kafka.apache.org/documentation/#recordbatch
 *
 * A batch is made of its lines and its header and nothing else (no clock, no counter), so that the same
 * journal range gives the same batch again after a crash.
 */

export interface BatchHeader {
  /** From `initProducerId`; -1n for a batch that is not idempotent. */
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Sequence of the first record in its partition, counted from 0; -1 for a batch that is not idempotent. */
  readonly baseSequence: number
  /**
   * Milliseconds since 1970, for lines at the head of the batch that do not say their own time; -1: no record
   * of it has a time, whatever the lines say.
   */
  readonly timestamp: number
}

/** For a batch that the broker takes as often as it comes; to be spread into a `BatchHeader`. */
export const NOT_IDEMPOTENT = { producerId: -1n, producerEpoch: -1, baseSequence: -1 } as const

/** What the records of a batch have besides their values. */
export interface RecordExtras {
  /** How many lines there are, where the caller has counted them. */
  readonly records?: number | undefined
  /** The same on each record, see `headerBlock`. @default none */
  readonly headers?: HeaderBlock | undefined
  /** Adds the header `logflume.id` to each record. @default none */
  readonly ids?: RecordIds | undefined
  /** Where the batch is put; its bytes are all overwritten. @default fresh memory */
  readonly allocate?: ((bytes: number) => Buffer) | undefined
  /** The key of the line from byte `from` up to its newline at `to`; undefined: it has none. @default none */
  readonly key?: ((lines: Buffer, from: number, to: number) => Buffer | undefined) | undefined
}

export interface EncodedBatch {
  readonly bytes: Buffer
  readonly records: number
}

const BATCH_LENGTH = 8
const LEADER_EPOCH = 12
const MAGIC = 16
const CRC = 17
const ATTRIBUTES = 21
const LAST_OFFSET_DELTA = 23
const BASE_TIMESTAMP = 27
const MAX_TIMESTAMP = 35
const PRODUCER_ID = 43
const PRODUCER_EPOCH = 51
const BASE_SEQUENCE = 53
const RECORD_COUNT = 57
const RECORDS = 61

const NO_TIMESTAMP = -1
/** The most a record adds to its value, key and headers: five varints (5, 8, 5, 5, 5 bytes) and its attributes. */
const MOST_OVERHEAD = 4 * MOST_VARINT_BYTES + 8 + 1

/**
 * One batch of whole lines, not compressed. An empty line is a record with an empty value. A record's
 * timestamp is the event's (see `EventClock`).
 *
 * @throws LogflumeError `CORRUPT` when there is no line, the last one has no '\n', or there are not as many
 * as the caller says.
 */
export function encodeBatch(lines: Buffer, header: BatchHeader, extras: RecordExtras = {}): EncodedBatch {
  if (lines.at(-1) !== NEWLINE)
    throw new LogflumeError('CORRUPT', 'a record batch is made of whole lines, one at least')
  const records = extras.records ?? countLines(lines)
  const keys = extras.key && keysOf(lines, records, extras.key)
  const headers =
    extras.headers === undefined && extras.ids === undefined
      ? undefined
      : new HeaderWriter(extras.headers, extras.ids)
  const overhead = records * (MOST_OVERHEAD + (headers?.most ?? 0)) + (keys?.bytes ?? 0)
  const out = (extras.allocate ?? Buffer.allocUnsafeSlow)(RECORDS + lines.length + overhead)
  // All lines go to the end of `out` in one copy and move from there to their places. Moving within one
  // buffer needs no view per line, which makes it twice as fast as copying each line across. What is written
  // never reaches what is still to be read: every record takes at most the overhead set aside for it.
  const shift = out.length - lines.length
  out.set(lines, shift)

  const stamped = header.timestamp !== NO_TIMESTAMP
  const clock = new EventClock(lines, header.timestamp)
  let baseTimestamp = 0
  let maxTimestamp = 0
  let at = RECORDS
  let start = 0
  for (let record = 0; record < records; record++) {
    const end = lines.indexOf(NEWLINE, start)
    if (end < 0) throw miscounted(records)
    const timestamp = stamped ? clock.read(start, end) : NO_TIMESTAMP
    if (record === 0) baseTimestamp = maxTimestamp = timestamp
    else if (timestamp > maxTimestamp) maxTimestamp = timestamp

    const size = end - start
    const delta = zigzag(timestamp - baseTimestamp)
    const key = keys?.each[record]
    const keyAndHeaders =
      (key === undefined ? 1 : sizeOfVarint(2 * key.length) + key.length) +
      (headers === undefined ? 1 : headers.size(record))
    const numbers = sizeOfVarint(delta) + sizeOfVarint(2 * record) + sizeOfVarint(2 * size)
    at = writeVarint(out, at, 2 * (1 + numbers + size + keyAndHeaders))
    out[at++] = 0 // attributes
    at = writeVarint(out, at, delta)
    at = writeVarint(out, at, 2 * record)
    if (key === undefined) {
      out[at++] = 1 // length -1
    } else {
      at = writeVarint(out, at, 2 * key.length)
      out.set(key, at)
      at += key.length
    }
    at = writeVarint(out, at, 2 * size)
    out.copyWithin(at, shift + start, shift + end)
    at += size
    if (headers === undefined) out[at++] = 0
    else at = headers.write(out, at)
    start = end + 1
  }
  if (start !== lines.length) throw miscounted(records)

  out.writeBigInt64BE(0n, 0) // the broker sets the base offset
  out.writeInt32BE(-1, LEADER_EPOCH)
  out[MAGIC] = 2
  out.writeInt32BE(records - 1, LAST_OFFSET_DELTA)
  out.writeBigInt64BE(BigInt(baseTimestamp), BASE_TIMESTAMP)
  out.writeBigInt64BE(BigInt(maxTimestamp), MAX_TIMESTAMP)
  out.writeBigInt64BE(header.producerId, PRODUCER_ID)
  out.writeInt16BE(header.producerEpoch, PRODUCER_EPOCH)
  out.writeInt32BE(header.baseSequence, BASE_SEQUENCE)
  out.writeInt32BE(records, RECORD_COUNT)
  return { bytes: seal(out.subarray(0, at), 0), records }
}

/** All keys first, since their bytes are part of the room that is set aside. */
function keysOf(
  lines: Buffer,
  records: number,
  keyOf: NonNullable<RecordExtras['key']>,
): { readonly each: readonly (Buffer | undefined)[]; readonly bytes: number } {
  const each: (Buffer | undefined)[] = []
  let bytes = 0
  for (let start = 0; each.length < records;) {
    const end = lines.indexOf(NEWLINE, start)
    if (end < 0) throw miscounted(records)
    const key = keyOf(lines, start, end)
    bytes += key?.length ?? 0
    each.push(key)
    start = end + 1
  }
  return { each, bytes }
}

function miscounted(records: number): LogflumeError {
  return new LogflumeError('CORRUPT', `a record batch of ${records} records was to be made of other lines`)
}

/** The same batch with its records compressed. */
export async function compressBatch({ bytes, records }: EncodedBatch, codec: Codec): Promise<EncodedBatch> {
  const compressed = await codec.compress(bytes.subarray(RECORDS))
  return { bytes: seal(Buffer.concat([bytes.subarray(0, RECORDS), compressed]), codec.id), records }
}

/** Writes what depends on everything else: the length, and the checksum from the attributes on. */
function seal(batch: Buffer, compression: number): Buffer {
  batch.writeInt32BE(batch.length - LEADER_EPOCH, BATCH_LENGTH)
  batch.writeInt16BE(compression, ATTRIBUTES)
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES)), CRC)
  return batch
}
