import { CompressionTypes, type Message } from 'kafkajs'
import { kafkaClient } from '../kafka/client.ts'

/** Sends messages to the partitions that they name, in order. */
export async function produce(
  brokers: readonly string[],
  topic: string,
  messages: Message[],
  compression = CompressionTypes.None,
): Promise<void> {
  const producer = kafkaClient(brokers).producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  })
  try {
    await producer.connect()
    await producer.send({ topic, messages, compression })
  } finally {
    await producer.disconnect()
  }
}

/** Numbered lines spread over partitions. */
export function messages(count: number, partitions = 1, from = 0): Message[] {
  return Array.from({ length: count }, (_, index) => ({
    partition: index % partitions,
    value: `{"n":${from + index}}`,
  }))
}

/** What a group has committed, by partition; '-1' where nothing. */
export async function committed(
  brokers: readonly string[],
  groupId: string,
  topic: string,
): Promise<string[]> {
  const admin = kafkaClient(brokers).admin()
  try {
    await admin.connect()
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] })
    return (offsets?.partitions ?? []).sort((a, b) => a.partition - b.partition).map(({ offset }) => offset)
  } finally {
    await admin.disconnect()
  }
}
