import { connectKafkajs } from './kafkajs.ts'
import { connectPlatformatic } from './platformatic.ts'
import type { KafkaClient, KafkaOptions, KafkaPort } from './port.ts'

/** A port over the client library of that name. */
export const connectKafka: Readonly<Record<KafkaClient, (options: KafkaOptions) => KafkaPort>> = {
  kafkajs: (options) => connectKafkajs(options),
  '@platformatic/kafka': (options) => connectPlatformatic(options),
}
