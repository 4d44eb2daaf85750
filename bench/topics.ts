import type { Admin } from 'kafkajs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { kafkaClient } from '../test/kafka/client.ts'
import type { KafkaCluster } from '../test/kafka/cluster.ts'
import { createTopic, uniqueTopic } from '../test/kafka/read-topic.ts'

/** For `startKafka`: what is deleted gives its disk back soon, so that a long run needs little. */
export const BENCH_CONFIG = {
  'log.segment.delete.delay.ms': '100',
  'log.retention.check.interval.ms': '1000',
}

/** A topic of one partition for one run, and what came into it. */
export class FreshTopic {
  readonly name: string
  readonly #cluster: KafkaCluster

  private constructor(name: string, cluster: KafkaCluster) {
    this.name = name
    this.#cluster = cluster
  }

  static async create(cluster: KafkaCluster): Promise<FreshTopic> {
    const name = uniqueTopic('bench')
    await createTopic(cluster.brokers, name)
    return new FreshTopic(name, cluster)
  }

  /** What a logger is to be told. */
  get kafka(): { readonly brokers: readonly string[]; readonly topic: string } {
    return { brokers: this.#cluster.brokers, topic: this.name }
  }

  /** By the end offset, as the broker has it. */
  async records(): Promise<number> {
    return this.#ask(async (admin) => {
      const partitions = await admin.fetchTopicOffsets(this.name)
      return partitions.reduce((sum, { high }) => sum + Number(high), 0)
    })
  }

  /** Bytes that the first node has of it on disk. */
  async bytes(): Promise<number> {
    const dir = join(this.#cluster.folder, 'node-1', 'data', `${this.name}-0`)
    const logs = (await readdir(dir)).filter((file) => file.endsWith('.log'))
    const sizes = await Promise.all(logs.map(async (file) => (await stat(join(dir, file))).size))
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  async delete(): Promise<void> {
    await this.#ask((admin) => admin.deleteTopics({ topics: [this.name] }))
  }

  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = kafkaClient(this.#cluster.brokers).admin()
    try {
      await admin.connect()
      return await question(admin)
    } finally {
      await admin.disconnect()
    }
  }
}
