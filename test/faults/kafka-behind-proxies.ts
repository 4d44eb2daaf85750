import { startKafka, type KafkaCluster } from '../kafka/cluster.ts'
import { freePort } from '../kafka/ports.ts'
import { TcpProxy } from './tcp-proxy.ts'

/** Milliseconds that brokers may take to begin, on a machine that others use as well. */
const UP_WITHIN = 240_000

/** Real brokers, each behind a proxy of its own, through which every client of the proxies' addresses goes. */
export interface ProxiedKafka extends AsyncDisposable {
  /** Its `brokers` are a way around the proxies, which the brokers themselves use, and who checks. */
  readonly cluster: KafkaCluster
  /** In order of node id. */
  readonly proxies: readonly TcpProxy[]
  /** 'host:port' of the proxies. */
  readonly brokers: readonly string[]
}

export async function startProxiedKafka(nodes: 1 | 3): Promise<ProxiedKafka> {
  const proxies: TcpProxy[] = []
  const targets: number[] = []
  for (let node = 0; node < nodes; node++) {
    targets.push(await freePort())
    proxies.push(await TcpProxy.start(targets[node]!, await freePort()))
  }
  const closeProxies = (): Promise<unknown> => Promise.all(proxies.map((proxy) => proxy.close()))
  try {
    const cluster = await startKafka({
      nodes,
      timeout: UP_WITHIN,
      config: ({ id, broker, controller }) => ({
        listeners: [
          `PLAINTEXT://127.0.0.1:${broker}`,
          `CONTROLLER://127.0.0.1:${controller}`,
          `PROXIED://127.0.0.1:${targets[id - 1]}`,
        ].join(),
        'advertised.listeners': `PLAINTEXT://127.0.0.1:${broker},PROXIED://127.0.0.1:${proxies[id - 1]!.port}`,
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT',
        'inter.broker.listener.name': 'PLAINTEXT',
        // More patient than in other tests: with all that runs here, a vote takes longer.
        'broker.session.timeout.ms': '5000',
        'controller.quorum.election.timeout.ms': '2000',
        'controller.quorum.fetch.timeout.ms': '4000',
      }),
    })
    return {
      cluster,
      proxies,
      brokers: proxies.map(({ port }) => `127.0.0.1:${port}`),
      async [Symbol.asyncDispose]() {
        await closeProxies()
        await cluster.stop()
      },
    }
  } catch (error) {
    await closeProxies()
    throw error
  }
}
