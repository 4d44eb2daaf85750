import { parseArgs } from 'node:util'
import { startKafka } from './cluster.ts'
import type { ClusterOptions, KafkaCluster } from './cluster.ts'
import { KAFKA_VERSION } from './jars.ts'

const HELP = `npm run kafka [-- options]    a Kafka to play with, until Ctrl-C

  --nodes 1|3    brokers to start (default 1)
  --port number  of the first broker, the others take the next ones (default 9092)
  --help
`

const options = readOptions()
if (options === 'help') {
  process.stdout.write(HELP)
} else {
  process.exitCode = await run(options)
}

async function run({ nodes, port }: Required<Pick<ClusterOptions, 'nodes' | 'port'>>): Promise<number> {
  // Before all brokers are up there is nothing to stop: Kafka ends with this process.
  const quit = () => process.exit(130)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.once(signal, quit)

  console.log(`starting Kafka ${KAFKA_VERSION} ...`)
  let cluster: KafkaCluster
  try {
    cluster = await startKafka({ nodes, port })
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return 1
  }
  const asked = new Promise<void>((resolve) => {
    for (const signal of signals) process.off(signal, quit).once(signal, () => resolve())
  })
  introduce(cluster)

  const ended = cluster.nodes.map(async (node) => {
    await node.exited()
    return node
  })
  const keepAlive = setInterval(() => undefined, 60_000)
  const dead = await Promise.race([asked, ...ended])
  clearInterval(keepAlive)
  if (dead !== undefined) {
    console.error(`Kafka node ${dead.id} has ended, its log ends with:\n${await dead.log()}`)
  }
  await cluster.stop()
  console.log('stopped')
  return dead === undefined ? 0 : 1
}

function introduce({ brokers, folder }: KafkaCluster): void {
  const list = brokers.map((broker) => `'${broker}'`).join(', ')
  console.log(`
brokers      ${brokers.join(',')}
data         ${folder} (removed at the end)

in code      createLogger({ name: 'shop', dir: 'logs', kafka: { brokers: [${list}] } })
tests, demo  KAFKA_BROKERS=${brokers.join(',')} npm test

Ctrl-C stops it.`)
}

function readOptions(): 'help' | { nodes: 1 | 3; port: number } {
  try {
    const { values } = parseArgs({
      options: { nodes: { type: 'string' }, port: { type: 'string' }, help: { type: 'boolean' } },
    })
    if (values.help === true) return 'help'
    const nodes = values.nodes ?? '1'
    if (nodes !== '1' && nodes !== '3') throw new TypeError(`--nodes: expected 1 or 3, got '${nodes}'`)
    const port = Number(values.port ?? 9092)
    if (!Number.isInteger(port) || port < 1 || port > 65_533) {
      throw new TypeError(`--port: expected a number from 1 to 65533, got '${values.port ?? ''}'`)
    }
    return { nodes: nodes === '1' ? 1 : 3, port }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`${error.message}\n\n${HELP}`)
    process.exit(2)
  }
}
