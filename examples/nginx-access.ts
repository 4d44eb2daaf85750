import { createLogger } from 'logflume'
import { aggregate, createConsumer, date, drop, grok, mutate, tag, when } from 'logflume/consumer'
import { elasticsearch } from 'logflume/sinks/elasticsearch'
import { zabbix } from 'logflume/sinks/zabbix'

// Access lines of nginx: taken apart, health checks left out, refusals tagged, at the time that they tell, to
// a search engine; how many of each status there are in a minute, to Zabbix.
//   SEARCH_URL=http://… ZABBIX_PORT=10051 npx tsx examples/nginx-access.ts [directory]
const dir = process.argv[2] ?? 'logs'
const { SEARCH_URL = 'http://127.0.0.1:9200', ZABBIX_PORT = '10051' } = process.env

const log = createLogger({ name: 'nginx', dir })
const client = '10.0.0.7 - - [21/Nov/2026:13:10:00 +0100]'
log.info(`${client} "GET /orders/17 HTTP/1.1" 200 512 "-" "curl/8.5"`)
log.info(`${client} "GET /health HTTP/1.1" 200 2 "-" "kube-probe/1.31"`)
log.info(`${client} "POST /orders HTTP/1.1" 503 0 "https://shop.example/" "Mozilla/5.0"`)
log.info(`${client} "GET /orders/18 HTTP/1.1" 200 498 "-" "curl/8.5"`)
log.info('worker process 29 exited on signal 9')
await log.close()

const search = elasticsearch({ node: SEARCH_URL, index: 'nginx-{YYYY.MM.DD}' })
const monitor = zabbix({ host: '127.0.0.1', port: Number(ZABBIX_PORT), item: { host: 'web-1' } })
const consumer = createConsumer({
  from: { dir, name: 'nginx', follow: false }, // or { brokers, topics, group }
  transforms: [
    grok({ match: '%{COMBINEDAPACHELOG}' }), // what is no access line goes on, tagged _grokparsefailure
    drop({ if: (record) => record.get('request') === '/health' }),
    date({ formats: 'dd/MMM/yyyy:HH:mm:ss Z', removeSource: true }),
    mutate({ convert: { response: 'integer', bytes: 'integer' } }),
    tag({ add: ['unavailable'], if: (record) => record.get('response') === 503 }),
    aggregate({
      metrics: { requests: 'count' },
      by: 'response', // 'requests[200]' is what Zabbix knows it by
      originals: 'pass',
      if: (record) => record.get('response') !== undefined,
    }),
  ],
  sinks: [
    when((record) => record.get('metric.key') === undefined, search),
    when((record) => record.get('metric.key') !== undefined, monitor),
  ],
})
await consumer.run()
const { consumed, dropped } = consumer.stats()
console.log(`${consumed} lines, ${dropped} dropped; Zabbix took ${monitor.stats().processed} numbers`)
