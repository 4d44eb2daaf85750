import type { Admin } from 'kafkajs'
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { kafkaClient } from '../test/kafka/client.ts'
import type { KafkaCluster } from '../test/kafka/cluster.ts'
import { createTopic, uniqueTopic, type NewTopic } from '../test/kafka/read-topic.ts'

/** For `startKafka`: what is deleted gives its disk back soon, so that a long run needs little. */
export const BENCH_CONFIG = {
  'log.segment.delete.delay.ms': '100',
  'log.retention.check.interval.ms': '1000',
}

/** For runs that bring gigabytes into a topic: its end counts them all, and its disk keeps the last of them. */
export const SHORT_MEMORY = {
  'retention.bytes': String(512 * 1024 ** 2),
  'segment.bytes': String(64 * 1024 ** 2),
}

/** A topic of one partition for one run, and what came into it. */
export class FreshTopic {
  readonly name: string
  readonly #cluster: KafkaCluster

  private constructor(name: string, cluster: KafkaCluster) {
    this.name = name
    this.#cluster = cluster
  }

  static async create(cluster: KafkaCluster, settings?: NewTopic): Promise<FreshTopic> {
    const name = uniqueTopic('bench')
    await createTopic(cluster.brokers, name, settings)
    return new FreshTopic(name, cluster)
  }

  /** What a logger is to be told. */
  get kafka(): { readonly brokers: readonly string[]; readonly topic: string } {
    return { brokers: this.#cluster.brokers, topic: this.name }
  }

  /** By the end offset, as the broker has it. */
  async records(): Promise<number> {
    return this.#ask((admin) => this.#end(admin))
  }

  /** Resolves when so many records are there; looks every so many milliseconds, for five minutes. */
  async reaches(records: number, lookEvery: number): Promise<void> {
    const patience = performance.now() + 300_000
    await this.#ask(async (admin) => {
      for (;;) {
        const end = await this.#end(admin)
        if (end >= records) return
        if (performance.now() > patience)
          throw new Error(`${end} of ${records} records came into ${this.name}`)
        await new Promise((resolve) => setTimeout(resolve, lookEvery))
      }
    })
  }

  async #end(admin: Admin): Promise<number> {
    const partitions = await admin.fetchTopicOffsets(this.name)
    return partitions.reduce((sum, { high }) => sum + Number(high), 0)
  }

  /** Bytes of one copy of it on disk. */
  async bytes(): Promise<number> {
    const copies = await Promise.all(this.#cluster.nodes.map(({ id }) => this.#bytesOn(id)))
    return Math.max(...copies)
  }

  async #bytesOn(node: number): Promise<number> {
    const dir = join(this.#cluster.folder, `node-${node}`, 'data', `${this.name}-0`)
    if (!existsSync(dir)) return 0
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
