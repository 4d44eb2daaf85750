import { after } from 'node:test'
import { startKafka } from './cluster.ts'
import type { KafkaCluster } from './cluster.ts'

let own: Promise<KafkaCluster> | undefined

// Here and not in useKafka(): called inside a test, `after` would stop Kafka at the end of that test.
after(async () => {
  const cluster = await own?.catch(() => undefined)
  await cluster?.stop()
})

/**
 * The brokers to test with: those of KAFKA_BROKERS ('host:port,host:port'), which is a Kafka of the user's
 * or the one that test/run.ts started for all test files; else one node for this process, started at the
 * first call and stopped after its last test. Others use it at the same time: take a `uniqueTopic()`.
 */
export async function useKafka(): Promise<string[]> {
  const given = process.env.KAFKA_BROKERS
  if (given !== undefined && given !== '') return given.split(',')
  own ??= startKafka()
  return (await own).brokers
}
