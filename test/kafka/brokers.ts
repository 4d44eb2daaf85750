import { shared } from '../shared-server.ts'
import { startKafka } from './cluster.ts'

const ownKafka = shared(startKafka)

/**
 * The brokers to test with: those of KAFKA_BROKERS ('host:port,host:port'), which is a Kafka of the user's
 * or the one that test/run.ts started for all test files; else one node for this process, started at the
 * first call and stopped after its last test. Others use it at the same time: take a `uniqueTopic()`.
 */
export async function useKafka(): Promise<string[]> {
  const given = process.env.KAFKA_BROKERS
  if (given !== undefined && given !== '') return given.split(',')
  return (await ownKafka()).brokers
}
