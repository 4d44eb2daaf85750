import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaRefusal } from '../../src/kafka/kafka-refusal.ts'

/**
 * What a caller does: again, as long as the refusal says that this may help. A leader that has just been
 * elected, as of a new topic, may not know it yet.
 */
export async function persist<T>(work: () => Promise<T>, patience = 20_000): Promise<T> {
  const until = Date.now() + patience
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof KafkaRefusal) || !error.retryable || Date.now() > until) throw error
      await sleep(50)
    }
  }
}
