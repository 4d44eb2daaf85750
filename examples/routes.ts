import { createLogger } from 'logflume'

// Lines to several topics, each once and in order. A Kafka to play with: npm run kafka
//   KAFKA_BROKERS=127.0.0.1:9092 npx tsx examples/routes.ts [directory]
const dir = process.argv[2] ?? 'logs'
const brokers = (process.env.KAFKA_BROKERS ?? '127.0.0.1:9092').split(',')

const log = createLogger({
  name: 'shop',
  dir,
  kafka: {
    brokers,
    topic: 'logs-{service}-{YYYYMMDD}',
    routes: [
      { level: { min: 'error' }, topic: 'errors' },
      { logger: 'shop::http', match: /"path":"\/health"/, drop: true },
      { logger: 'shop::http', topic: 'http' },
    ],
  },
})
const http = log.get('http')
const audit = log.get('audit', { topic: 'audit' })

log.info('started') // logs-shop-20261121, or what day it is
http.info('request', { path: '/health' }) // nowhere but on disk
http.info('request', { path: '/orders' }) // http
http.error('request failed', { path: '/orders' }) // errors: the first route that matches decides
audit.error('login refused', { user: 'u17' }) // audit: a logger's own topic goes before all routes

const { written, forwarded, dropped, pending } = await log.close()
console.log(`${written} lines: ${forwarded} in Kafka, ${dropped} dropped, ${pending} pending`)
if (pending > 0) process.exit(1) // They are on disk, and sent at the next start.
