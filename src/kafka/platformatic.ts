import { toError } from '../errors.ts'
import { isInstalled } from '../peer.ts'
import { ClusterPort } from './cluster-port.ts'
import { KafkaRefusal } from './kafka-refusal.ts'
import { PlatformaticClient } from './platformatic-client.ts'
import type { Platformatic } from './platformatic-login.ts'
import type { KafkaOptions, KafkaPort, PartitionState, ProduceAnswer, ProducerIdentity } from './port.ts'

/**
 * A port over the connections of @platformatic/kafka, an optional peer that is loaded here and nowhere else.
 * Where it cannot be, everything is refused with the reason.
 */
export function connectPlatformatic(
  options: KafkaOptions,
  load: () => Promise<Platformatic> = () => import('@platformatic/kafka'),
): KafkaPort {
  return new LoadingPort(
    loadPlatformatic(load).then(
      (library) =>
        new ClusterPort(options, (address, lost) => new PlatformaticClient(library, address, lost, options)),
    ),
  )
}

async function loadPlatformatic(load: () => Promise<Platformatic>): Promise<Platformatic> {
  try {
    return await load()
  } catch (cause) {
    const why = isInstalled('@platformatic/kafka')
      ? `cannot be loaded: ${toError(cause).message}`
      : 'is not installed: npm install @platformatic/kafka'
    const message = `kafka.client is @platformatic/kafka, which ${why}`
    throw KafkaRefusal.unanswered(message, { cause, retryable: false })
  }
}

/** Loading takes most of a second and counts towards no timeout: calls wait for it, in their order. */
class LoadingPort implements KafkaPort {
  readonly #port: Promise<KafkaPort>

  constructor(port: Promise<KafkaPort>) {
    this.#port = port
    port.catch(() => undefined) // told to everyone who asks
  }

  async partitions(topic: string): Promise<readonly PartitionState[]> {
    return (await this.#port).partitions(topic)
  }

  async initProducerId(): Promise<ProducerIdentity> {
    return (await this.#port).initProducerId()
  }

  async produce(topic: string, partition: number, batch: Buffer): Promise<ProduceAnswer> {
    return (await this.#port).produce(topic, partition, batch)
  }

  async close(): Promise<void> {
    const port = await this.#port.catch(() => undefined)
    await port?.close()
  }
}
