/** Where one node of a cluster listens. */
export interface NodePorts {
  readonly broker: number
  readonly controller: number
  /** Of the listeners beside the plain one, in their order. */
  readonly others: readonly number[]
}

/** Another way in, for the same brokers: with TLS, with a login, or both. */
export interface Listener {
  /** Capitals and digits, as in MTLS. */
  readonly name: string
  readonly protocol: 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  /** What follows `listener.name.<name>.` in server.properties. */
  readonly config: Readonly<Record<string, string>>
}

export interface NodeSettings {
  /** From 1. */
  readonly id: number
  /** Of all nodes, in order of id. */
  readonly ports: readonly NodePorts[]
  /** Beside the plain one, over which brokers talk to each other. */
  readonly listeners: readonly Listener[]
  readonly dataFolder: string
  /** Overrides whatever is set here. */
  readonly config: Readonly<Record<string, string>>
}

/** The server.properties of one node, which is broker and controller at once. */
export function serverProperties({ id, ports, listeners, dataFolder, config }: NodeSettings): string {
  const { broker, controller, others } = ports[id - 1]!
  const ways = [
    `PLAINTEXT://127.0.0.1:${broker}`,
    ...listeners.map(({ name }, index) => `${name}://127.0.0.1:${others[index]!}`),
  ]
  const protocols = listeners.map(({ name, protocol }) => `${name}:${protocol}`)
  const copies = String(ports.length)
  const voters = ports.map((node, index) => `${index + 1}@127.0.0.1:${node.controller}`)
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    listeners: [...ways, `CONTROLLER://127.0.0.1:${controller}`].join(','),
    'advertised.listeners': ways.join(','),
    'listener.security.protocol.map': ['PLAINTEXT:PLAINTEXT', 'CONTROLLER:PLAINTEXT', ...protocols].join(','),
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
  for (const { name, config: settings } of listeners) {
    for (const [key, value] of Object.entries(settings)) {
      properties[`listener.name.${name.toLowerCase()}.${key}`] = value
    }
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replace(/[^ -~]/g, escaped)}\n`)
    .join('')
}

/** Java reads the file as Latin-1. */
function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
}
