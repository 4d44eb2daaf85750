import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

// kafkajs reads what we write: another program's understanding of the format.
const load = createRequire(import.meta.url)
const Decoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => unknown
const decodeRecordBatch = load('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: unknown,
) => Promise<DecodedBatch>
const crc32C = load('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number

export interface DecodedBatch {
  readonly firstOffset: string
  readonly firstTimestamp: string
  readonly maxTimestamp: string
  readonly partitionLeaderEpoch: number
  readonly inTransaction: boolean
  readonly isControlBatch: boolean
  readonly lastOffsetDelta: number
  readonly producerId: string
  readonly producerEpoch: number
  readonly firstSequence: number
  readonly records: readonly {
    readonly offset: string
    readonly timestamp: string
    readonly key: Buffer | null
    readonly value: Buffer | null
    readonly headers: object
  }[]
}

/** All of a batch, after a check of its length, its magic and its checksum. */
export async function decodeBatch(bytes: Buffer): Promise<DecodedBatch> {
  assert.equal(bytes.readInt32BE(8), bytes.length - 12, 'the batch says its own length')
  assert.equal(bytes[16], 2, 'magic')
  assert.equal(bytes.readUInt32BE(17), crc32C(bytes.subarray(21)), 'checksum')
  const decoded = await decodeRecordBatch(new Decoder(bytes))
  assert.equal(bytes.readInt32BE(57), decoded.records.length, 'record count')
  return decoded
}
