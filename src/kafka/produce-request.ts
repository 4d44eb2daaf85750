import type { Acks } from './port.ts'

export const PRODUCE = 0
/** Kafka 2.1, and within what Kafka 4 still speaks. https://kafka.apache.org/protocol#The_Messages_Produce */
export const PRODUCE_VERSION = 7
const ACKS: Readonly<Record<Acks, number>> = { all: -1, leader: 1, none: 0 }
/** What is written below besides the two names. */
const FIXED_BYTES = 40

export interface ProduceRequest {
  readonly correlationId: number
  readonly clientId: string
  readonly topic: string
  readonly partition: number
  readonly acks: Acks
  /** Milliseconds for which the broker waits for its replicas. */
  readonly timeout: number
  /** Bytes of the record batch. */
  readonly batchBytes: number
}

/**
 * A whole Produce request for one batch up to the batch itself, which follows on the wire as it is:
 * the batch is written out from where it was made, and not copied into a request first.
 */
export function produceHead(request: ProduceRequest): Buffer {
  const { correlationId, clientId, topic, partition, acks, timeout, batchBytes } = request
  const clientBytes = Buffer.byteLength(clientId)
  const topicBytes = Buffer.byteLength(topic)
  const head = Buffer.allocUnsafe(FIXED_BYTES + clientBytes + topicBytes)
  let at = head.writeInt32BE(head.length - 4 + batchBytes, 0)
  at = head.writeInt16BE(PRODUCE, at)
  at = head.writeInt16BE(PRODUCE_VERSION, at)
  at = head.writeInt32BE(correlationId, at)
  at = head.writeInt16BE(clientBytes, at)
  at += head.write(clientId, at)
  at = head.writeInt16BE(-1, at) // no transactional id
  at = head.writeInt16BE(ACKS[acks], at)
  at = head.writeInt32BE(timeout, at)
  at = head.writeInt32BE(1, at) // topics
  at = head.writeInt16BE(topicBytes, at)
  at += head.write(topic, at)
  at = head.writeInt32BE(1, at) // partitions
  at = head.writeInt32BE(partition, at)
  head.writeInt32BE(batchBytes, at)
  return head
}
