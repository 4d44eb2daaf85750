import { createLogger } from 'logflume'
import { createConsumer, defineSink } from 'logflume/consumer'

// The same logger with Kafka on, and a consumer that reads the lines back. A Kafka to play with: npm run kafka
//   KAFKA_BROKERS=127.0.0.1:9092 npx tsx examples/kafka.ts [directory]
const dir = process.argv[2] ?? 'logs'
const brokers = (process.env.KAFKA_BROKERS ?? '127.0.0.1:9092').split(',')
const topic = 'logflume-example'

const log = createLogger({ name: 'shop', dir, kafka: { brokers, topic } })
for (let orderId = 1; orderId <= 5; orderId++) log.info('order placed', { orderId })

const { forwarded, pending } = await log.close()
console.log(`${forwarded} lines in Kafka, ${pending} pending`)
if (pending > 0) process.exit(1) // They are on disk, and sent at the next start.

const done = new AbortController()
let received = 0
const print = defineSink({
  name: 'print',
  write(records) {
    for (const record of records) console.log(record.place.partition, record.place.offset, record.line)
    received += records.length
    if (received >= forwarded) done.abort()
  },
})

const consumer = createConsumer({ from: { brokers, topics: [topic], group: 'example' }, sinks: [print] })
await consumer.run({ signal: done.signal })
