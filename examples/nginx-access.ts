import { createLogger } from 'logflume'
import { createConsumer, date, defineSink, drop, grok, mutate, tag } from 'logflume/consumer'

// Access lines of nginx: taken apart, health checks left out, refusals tagged, at the time that they tell.
//   npx tsx examples/nginx-access.ts [directory]
const dir = process.argv[2] ?? 'logs'

const log = createLogger({ name: 'nginx', dir })
const client = '10.0.0.7 - - [21/Nov/2026:13:10:00 +0100]'
log.info(`${client} "GET /orders/17 HTTP/1.1" 200 512 "-" "curl/8.5"`)
log.info(`${client} "GET /health HTTP/1.1" 200 2 "-" "kube-probe/1.31"`)
log.info(`${client} "POST /orders HTTP/1.1" 503 0 "https://shop.example/" "Mozilla/5.0"`)
log.info('worker process 29 exited on signal 9')
await log.close()

const print = defineSink({
  name: 'print',
  write(records) {
    for (const record of records) {
      const { '@timestamp': time, response, request, tags } = record.toJSON()
      console.log(JSON.stringify({ time, response, request, tags }))
    }
  },
})

const consumer = createConsumer({
  from: { dir, name: 'nginx', follow: false }, // or { brokers, topics, group }
  transforms: [
    grok({ match: '%{COMBINEDAPACHELOG}' }), // what is no access line goes on, tagged _grokparsefailure
    drop({ if: (record) => record.get('request') === '/health' }),
    date({ formats: 'dd/MMM/yyyy:HH:mm:ss Z', removeSource: true }),
    mutate({ convert: { response: 'integer', bytes: 'integer' } }),
    tag({ add: ['unavailable'], if: (record) => record.get('response') === 503 }),
  ],
  sinks: [print],
})
await consumer.run()
const { consumed, delivered, dropped } = consumer.stats()
console.log(`${consumed} lines: ${delivered} printed, ${dropped} dropped`)
