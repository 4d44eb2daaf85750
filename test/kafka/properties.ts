/** Where one node of a cluster listens. */
export interface NodePorts {
  readonly broker: number
  readonly controller: number
}

export interface NodeSettings {
  /** From 1. */
  readonly id: number
  /** Of all nodes, in order of id. */
  readonly ports: readonly NodePorts[]
  readonly dataFolder: string
  /** Overrides whatever is set here. */
  readonly config: Readonly<Record<string, string>>
}

/** The server.properties of one node, which is broker and controller at once. */
export function serverProperties({ id, ports, dataFolder, config }: NodeSettings): string {
  const { broker, controller } = ports[id - 1]!
  const copies = String(ports.length)
  const voters = ports.map((node, index) => `${index + 1}@127.0.0.1:${node.controller}`)
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${broker}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': voters.join(','),
    'log.dirs': dataFolder,
    'auto.create.topics.enable': 'false',

    // Small and quick on a machine that also runs the tests.
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.num.partitions': '1',
    'log.cleaner.dedupe.buffer.size': '4194304',
    'group.initial.rebalance.delay.ms': '0',

    // Kafka's own topics on every node, and readable and writable as long as one of them lives.
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': '1',

    // A dead node is found out, and its partitions have a new leader, within 3 s; 5 s where it led the
    // controllers as well. Until then Kafka also refuses to have it back.
    'broker.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': '3000',
    'controller.quorum.election.timeout.ms': '500',
    'controller.quorum.fetch.timeout.ms': '1500',
    ...config,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
