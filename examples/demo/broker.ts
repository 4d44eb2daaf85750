import { registeredBrokers } from '../../test/kafka/client.ts'
import { startKafka, type KafkaCluster } from '../../test/kafka/cluster.ts'
import { KAFKA_VERSION } from '../../test/kafka/jars.ts'
import { findJava, ToolchainError } from '../../test/kafka/toolchain.ts'

/** What is between the shop and the consumer. */
export interface Broker {
  /** Undefined: nothing, the consumer reads the shop's journal. */
  readonly brokers: readonly string[] | undefined
  /** In words, with the reason. */
  readonly description: string
  /** Resolves with the reason when a Kafka of our own has ended. */
  readonly died: Promise<string>
  /** Ends a Kafka of our own. */
  readonly end: () => Promise<void>
}

/** A Kafka of the user's, or one of our own, or none. */
export async function findBroker(wanted: boolean, say: (text: string) => void): Promise<Broker> {
  if (!wanted) return noBroker('--no-kafka says so')
  const given = process.env.KAFKA_BROKERS ?? ''
  if (given !== '') return givenBroker(given)
  try {
    await findJava()
    say(`Kafka ${KAFKA_VERSION} is starting ...`)
    return ownBroker(await startKafka())
  } catch (error) {
    if (error instanceof ToolchainError) return noBroker(error.message)
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${reason}\nWithout Kafka: npm start -- --no-kafka`, { cause: error })
  }
}

const never = new Promise<never>(() => undefined)

function noBroker(why: string): Broker {
  return {
    brokers: undefined,
    description: `No Kafka, the consumer reads the shop's journal on disk: ${why}`,
    died: never,
    end: () => Promise.resolve(),
  }
}

async function givenBroker(given: string): Promise<Broker> {
  const brokers = given.split(',').map((broker) => broker.trim())
  const nodes = await Promise.all(brokers.map((broker) => registeredBrokers(broker)))
  if (nodes.flat().length === 0) throw new Error(`KAFKA_BROKERS is ${given}, and no Kafka answers there`)
  return {
    brokers,
    description: `Kafka on ${given}, as KAFKA_BROKERS says`,
    died: never,
    end: () => Promise.resolve(),
  }
}

function ownBroker(cluster: KafkaCluster): Broker {
  const { brokers, nodes } = cluster
  const died = nodes.map(async (node) => {
    await node.exited()
    const log = await node.log().catch(() => '')
    return `Kafka has ended, its log with:\n${log}`
  })
  return {
    brokers,
    description: `Kafka ${KAFKA_VERSION} on ${brokers.join(',')}, started for this demo`,
    died: Promise.race(died),
    end: () => cluster.stop(),
  }
}
