import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { LogflumeError } from '../errors.ts'
import { countLines, NEWLINE } from '../lines.ts'
import { EventClock } from './event-clock.ts'

/*
 * Kafka's record batch, format v2 (magic 2), straight from journal bytes: one record a line, its value the
 * line without the '\n', no key, no headers, and no JavaScript object per line.
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
const GZIP = 1
/** Attributes, no key, no headers: what a record holds besides its three numbers and its value. */
const FIXED_BYTES = 3
/** The most a record adds to its value: four varints (5, 8, 5, 5 bytes) and the fixed bytes. */
const MOST_OVERHEAD = 5 + 8 + 5 + 5 + FIXED_BYTES

/**
 * One batch of whole lines, not compressed. An empty line is a record with an empty value. A record's
 * timestamp is the event's (see `EventClock`).
 *
 * @throws LogflumeError `CORRUPT` when there is no line, or the last one has no '\n'.
 */
export function encodeBatch(lines: Buffer, header: BatchHeader): EncodedBatch {
  if (lines.at(-1) !== NEWLINE)
    throw new LogflumeError('CORRUPT', 'a record batch is made of whole lines, one at least')
  const records = countLines(lines)
  const out = Buffer.allocUnsafeSlow(RECORDS + lines.length + records * MOST_OVERHEAD)
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
    const timestamp = stamped ? clock.read(start, end) : NO_TIMESTAMP
    if (record === 0) baseTimestamp = maxTimestamp = timestamp
    else if (timestamp > maxTimestamp) maxTimestamp = timestamp

    const size = end - start
    const delta = zigzag(timestamp - baseTimestamp)
    at = writeVarint(
      out,
      at,
      2 * (FIXED_BYTES + sizeOfVarint(delta) + sizeOfVarint(2 * record) + sizeOfVarint(2 * size) + size),
    )
    out[at++] = 0
    at = writeVarint(out, at, delta)
    at = writeVarint(out, at, 2 * record)
    out[at++] = 1 // key length -1
    at = writeVarint(out, at, 2 * size)
    out.copyWithin(at, shift + start, shift + end)
    at += size
    out[at++] = 0 // no headers
    start = end + 1
  }

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

const gzipped = promisify(gzip)

/** The same batch with its records compressed by gzip, level 1, on libuv's threads. */
export async function compressBatch({ bytes, records }: EncodedBatch): Promise<EncodedBatch> {
  const compressed = await gzipped(bytes.subarray(RECORDS), { level: 1 })
  return { bytes: seal(Buffer.concat([bytes.subarray(0, RECORDS), compressed]), GZIP), records }
}

/** Writes what depends on everything else: the length, and the checksum from the attributes on. */
function seal(batch: Buffer, compression: number): Buffer {
  batch.writeInt32BE(batch.length - LEADER_EPOCH, BATCH_LENGTH)
  batch.writeInt16BE(compression, ATTRIBUTES)
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES)), CRC)
  return batch
}

// Kafka's varints are those of Protocol Buffers, signed ones in zigzag. Numbers up to 2^53 fit; the bit
// operations are for those below 2^31.

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

function sizeOfVarint(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  let size = 4
  for (let rest = value / 0x1000_0000; rest >= 1; rest /= 0x80) size++
  return size
}

function writeVarint(out: Buffer, at: number, value: number): number {
  let rest = value
  while (rest >= 0x8000_0000) {
    out[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  while (rest >= 0x80) {
    out[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  out[at++] = rest
  return at
}
