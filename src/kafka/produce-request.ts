import type { Acks } from './port.ts'

export const PRODUCE = 0
/** Kafka 2.1, and within what Kafka 4 still speaks. https://kafka.apache.org/protocol#The_Messages_Produce */
export const PRODUCE_VERSION = 7
const ACKS: Readonly<Record<Acks, number>> = { all: -1, leader: 1, none: 0 }

export interface ProduceFields {
  readonly topic: string
  readonly partition: number
  readonly acks: Acks
  /** Milliseconds for which the broker waits for its replicas. */
  readonly timeout: number
  /** Bytes of the record batch. */
  readonly batchBytes: number
}

export interface ProduceRequest extends ProduceFields {
  readonly correlationId: number
  readonly clientId: string
}

/** What is written below besides the two names. */
const HEADER_BYTES = 14
const FIELDS_BYTES = 26

/**
 * A whole Produce request for one batch up to the batch itself, which follows on the wire as it is:
 * the batch is written out from where it was made, and not copied into a request first.
 */
export function produceHead({ correlationId, clientId, ...fields }: ProduceRequest): Buffer {
  const clientBytes = Buffer.byteLength(clientId)
  const head = Buffer.allocUnsafe(HEADER_BYTES + clientBytes + sizeOfFields(fields))
  let at = head.writeInt32BE(head.length - 4 + fields.batchBytes, 0)
  at = head.writeInt16BE(PRODUCE, at)
  at = head.writeInt16BE(PRODUCE_VERSION, at)
  at = head.writeInt32BE(correlationId, at)
  at = head.writeInt16BE(clientBytes, at)
  at += head.write(clientId, at)
  writeFields(head, at, fields)
  return head
}

/** The same without the request header, for a client library that writes it. */
export function produceFields(fields: ProduceFields): Buffer {
  const out = Buffer.allocUnsafe(sizeOfFields(fields))
  writeFields(out, 0, fields)
  return out
}

function sizeOfFields({ topic }: ProduceFields): number {
  return FIELDS_BYTES + Buffer.byteLength(topic)
}

function writeFields(out: Buffer, start: number, fields: ProduceFields): void {
  const { topic, partition, acks, timeout, batchBytes } = fields
  let at = out.writeInt16BE(-1, start) // no transactional id
  at = out.writeInt16BE(ACKS[acks], at)
  at = out.writeInt32BE(timeout, at)
  at = out.writeInt32BE(1, at) // topics
  at = out.writeInt16BE(Buffer.byteLength(topic), at)
  at += out.write(topic, at)
  at = out.writeInt32BE(1, at) // partitions
  at = out.writeInt32BE(partition, at)
  out.writeInt32BE(batchBytes, at)
}
