import { Client } from '@opensearch-project/opensearch'
import { Kafka, logLevel } from 'kafkajs'
import { input, say } from './report.ts'
import type { SearchInput, SearchResult } from './search-logflume.ts'

// What an application would write by itself: kafkajs, and the bulk helper of the client; ids that make a replay
// change nothing, and a commit when a batch is there.
const { brokers, topic, records, node, index } = input() as SearchInput
const client = new Client({ node, compression: 'gzip' })
const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
const consumer = kafka.consumer({ groupId: index })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
let written = 0
await new Promise<void>((resolve, reject) => {
  consumer
    .run({
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 4,
      async eachBatch(payload) {
        const { batch } = payload
        const ids = new Map<object, string>()
        for (const { value, offset } of batch.messages)
          ids.set(JSON.parse(String(value)) as object, `${topic}-${batch.partition}-${offset}`)
        const { failed } = await client.helpers.bulk<object>({
          datasource: [...ids.keys()],
          onDocument: (document) => ({ create: { _index: index, _id: ids.get(document) } }),
        })
        if (failed > 0) throw new Error(`${failed} documents failed`)
        payload.resolveOffset(batch.lastOffset())
        await payload.commitOffsetsIfNecessary()
        await payload.heartbeat()
        written += batch.messages.length
        if (written >= records) resolve()
      },
    })
    .catch(reject)
})
const { user, system } = process.cpuUsage()
say({ result: { process: user + system } satisfies SearchResult })
await consumer.disconnect()
await client.close()
