import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from 'logflume'
import { createConsumer } from 'logflume/consumer'
import { elasticsearch } from 'logflume/sinks/elasticsearch'
import { s3 } from 'logflume/sinks/s3'

// One topic into an archive and into a search engine at once, each line once in both.
//   BUCKET=logs S3_ENDPOINT=http://… SEARCH_URL=http://… npx tsx examples/archive-and-search.ts [directory]
const dir = process.argv[2] ?? 'logs'
const brokers = (process.env.KAFKA_BROKERS ?? '127.0.0.1:9092').split(',')
const topic = process.env.TOPIC ?? 'logflume-archive'
const {
  BUCKET = 'logs',
  S3_ENDPOINT = 'http://127.0.0.1:7070',
  SEARCH_URL = 'http://127.0.0.1:9200',
} = process.env

const log = createLogger({ name: 'shop', dir, kafka: { brokers, topic } })
log.info('server started')
log.get('db').error('query failed', { ms: 1234 })
log.info('order placed', { orderId: 17 })
await log.close()

const archive = s3({ bucket: BUCKET, endpoint: S3_ENDPOINT, batch: { bytes: 8 * 1024 * 1024, time: 1000 } })
const search = elasticsearch({
  node: SEARCH_URL,
  dataStream: 'logs-{service.name}-default',
  template: { name: 'logs-default', body: { index_patterns: ['logs-*-default'], data_stream: {} } },
})
const stop = new AbortController()
const consumer = createConsumer({
  from: { brokers, topics: [topic], group: 'archive-and-search' },
  sinks: [archive, search],
})
const running = consumer.run({ signal: stop.signal })
// A real one runs until SIGTERM.
while (consumer.stats().delivered < 3) await sleep(100)
stop.abort()
await running
console.log(`${consumer.stats().delivered} lines are in the bucket and in the data stream`)
