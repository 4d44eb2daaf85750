import type { KafkaCluster } from '../test/kafka/cluster.ts'

/** What a benchmark works with. */
export interface Surroundings {
  /** With a node that may be killed. */
  readonly kafka: KafkaCluster
  /** An empty directory on the disk to be measured; what is left in it is removed in the end. */
  readonly dir: string
  readonly rounds: number
  /** Brokers that have each line when it counts as acknowledged. @default 1 */
  readonly replicas?: number
}

export interface Report {
  /** Ready to be printed, at most 80 columns wide. */
  readonly text: string
  /** What did not add up: lines missing, lines too many. Empty in a run that counts. */
  readonly failures: readonly string[]
}
