import type { KafkaCluster } from '../test/kafka/cluster.ts'

/** Resolves when the node that a benchmark may have paused or killed answers again. */
export async function recover(kafka: KafkaCluster): Promise<void> {
  const node = kafka.node(1)
  node.resume()
  if (node.pid === undefined) await node.start()
  await node.ready()
}
