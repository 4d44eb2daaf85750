import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from 'logflume'
import { createConsumer, date, json, mutate, route } from 'logflume/consumer'
import { elasticsearch } from 'logflume/sinks/elasticsearch'

// Three topics in one consumer: each record gets the name of its index, its own time, and loses what nobody needs.
// A Kafka to play with: npm run kafka
//   KAFKA_BROKERS=127.0.0.1:9092 SEARCH_URL=http://… npx tsx examples/topics-to-indexes.ts [directory]
const dir = process.argv[2] ?? 'logs'
const brokers = (process.env.KAFKA_BROKERS ?? '127.0.0.1:9092').split(',')

const log = createLogger({ name: 'shop', dir, kafka: { brokers, topic: 'app-logs' } })
log.info('started', { password: 'secret' })
log.get('audit', { topic: 'audit-logs' }).warn('login refused', { 'event.time': '21.11.2026 13:10' })
log.get('gateway', { topic: 'gateway-logs' }).info('{"status":502,"time":1795266600}')
const { forwarded, pending } = await log.close()
if (pending > 0) process.exit(1) // They are on disk, and sent at the next start.

const search = elasticsearch({
  node: process.env.SEARCH_URL ?? 'http://127.0.0.1:9200',
  index: '{index}-{YYYY.MM.DD}',
})
const consumer = createConsumer({
  from: { brokers, topics: ['app-logs', 'audit-logs', 'gateway-logs'], group: 'indexes' },
  transforms: [
    route({
      target: 'index',
      rules: [
        { field: 'kafka.topic', is: 'audit-logs', to: 'audit' },
        { field: 'kafka.topic', is: 'gateway-logs', to: 'gateway' },
      ],
      otherwise: 'app',
    }),
    json({ if: (record) => record.get('index') === 'gateway' }),
    date({ source: 'time', formats: 'UNIX', removeSource: true }),
    date({ source: 'event.time', formats: 'dd.MM.yyyy HH:mm', zone: 'Europe/Berlin', removeSource: true }),
    mutate({ remove: ['password', 'process.pid', 'host.hostname'] }),
  ],
  sinks: [search],
})
const running = consumer.run()
// A real one runs until SIGTERM.
while (consumer.stats().delivered < forwarded) await sleep(100)
await consumer.close()
await running
console.log(`${consumer.stats().delivered} lines are in their indexes`)
