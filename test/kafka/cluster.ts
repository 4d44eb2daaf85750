import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareGroups } from './client.ts'
import { kafkaJars } from './jars.ts'
import { KafkaNode } from './node.ts'
import { freePort, isFree } from './ports.ts'
import type { Listener, NodePorts } from './properties.ts'
import { findJava } from './toolchain.ts'

type NodeConfig = Readonly<Record<string, string>>

export interface ClusterOptions {
  /** @default 1 */
  readonly nodes?: 1 | 3
  /** Settings of server.properties, for all nodes or for each its own. */
  readonly config?: NodeConfig | ((node: NodePorts & { readonly id: number }) => NodeConfig)
  /** Ways in beside the plain one, on ports of their own. @default none */
  readonly listeners?: readonly Listener[]
  /** SCRAM logins, as in 'SCRAM-SHA-256=[name=alice,password=secret]'. @default none */
  readonly scram?: readonly string[]
  /** Of the first node; the others have the ports after it. @default free ones */
  readonly port?: number
  /** Milliseconds until it has to answer. @default 180_000 */
  readonly timeout?: number
}

/** A Kafka of our own: real brokers on 127.0.0.1 with their data in a temporary folder. */
export class KafkaCluster {
  readonly folder: string
  readonly nodes: readonly KafkaNode[]

  constructor(folder: string, nodes: readonly KafkaNode[]) {
    this.folder = folder
    this.nodes = nodes
  }

  /** 'host:port' of every node. */
  get brokers(): string[] {
    return this.nodes.map(({ broker }) => broker)
  }

  /** 'host:port' of every node, by the name of a listener beside the plain one. */
  addresses(listener: string): string[] {
    return this.nodes.map((node) => node.address(listener))
  }

  /** By Kafka's node id, counted from 1, as in the leader of a partition. */
  node(id: number): KafkaNode {
    const node = this.nodes[id - 1]
    if (node === undefined) throw new RangeError(`No Kafka node ${id}: they are 1 to ${this.nodes.length}`)
    return node
  }

  /** Resolves when every node answers and knows all others. */
  async ready({ timeout = 60_000 }: { readonly timeout?: number } = {}): Promise<void> {
    const others = this.nodes.map(({ id }) => id)
    await Promise.all(this.nodes.map((node) => node.ready({ others, timeout })))
  }

  /** Ends all nodes, also paused ones, and removes their data. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()))
    await rm(this.folder, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/**
 * Starts one Kafka node, or a cluster of three, and resolves when it answers and is complete. It ends with
 * this process, however that ends. Rejects with a `ToolchainError` where Java or Maven is missing, else
 * with the end of the node's log.
 */
export async function startKafka({
  nodes = 1,
  config = {},
  listeners = [],
  scram = [],
  port,
  timeout = 180_000,
}: ClusterOptions = {}): Promise<KafkaCluster> {
  const java = await findJava()
  const jars = await kafkaJars()
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(nodes, listeners.length, port)
    const folder = await mkdtemp(join(tmpdir(), 'logflume-kafka-'))
    const kafkaNodes = ports.map((own, index) => {
      const id = index + 1
      const ownConfig = typeof config === 'function' ? config({ id, ...own }) : config
      return new KafkaNode({ id, ports, listeners, folder, config: ownConfig, java, jars })
    })
    const cluster = new KafkaCluster(folder, kafkaNodes)
    try {
      await formatAndStart(cluster, scram, timeout)
      return cluster
    } catch (error) {
      await cluster.stop()
      const portTaken = error instanceof Error && error.message.includes('Address already in use')
      if (!portTaken || attempt === 3) throw error
    }
  }
}

async function formatAndStart(
  cluster: KafkaCluster,
  scram: readonly string[],
  timeout: number,
): Promise<void> {
  const id = clusterId()
  await Promise.all(cluster.nodes.map((node) => node.format(id, scram)))
  await Promise.all(cluster.nodes.map((node) => node.start()))
  await cluster.ready({ timeout })
  await prepareGroups(cluster.brokers)
}

async function choosePorts(
  nodes: number,
  listeners: number,
  first: number | undefined,
): Promise<NodePorts[]> {
  const chosen = new Set<number>()
  for (let node = 0; first !== undefined && node < nodes; node++) {
    if (!(await isFree(first + node))) throw new Error(`Port ${first + node} is taken`)
    chosen.add(first + node)
  }
  while (chosen.size < (2 + listeners) * nodes) chosen.add(await freePort())
  const ports = [...chosen]
  return ports.slice(0, nodes).map((broker, index) => ({
    broker,
    controller: ports[nodes + index]!,
    others: Array.from({ length: listeners }, (_, other) => ports[(2 + other) * nodes + index]!),
  }))
}

/** Sixteen bytes in base64, as Kafka wants it; the first letter is never a dash, which would look like a flag. */
function clusterId(): string {
  const bytes = randomBytes(16)
  bytes[0] = bytes[0]! & 0x7f
  return bytes.toString('base64url')
}
