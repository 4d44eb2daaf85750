import { join } from 'node:path'
import {
  consoleOutputter,
  createLogger,
  dateFileOutputter,
  jsonFormatter,
  patternFormatter,
  rollingFileOutputter,
} from 'logflume'

// As a Log4r user does it: several outputters, each with its own level and formatter.
//   npx tsx examples/outputters.ts [directory]
const dir = process.argv[2] ?? 'logs'

const log = createLogger({
  name: 'shop',
  dir, // the journal is there besides, and has everything
  level: 'debug',
  outputters: [
    consoleOutputter({ stream: 'stdout', level: 'warn', formatter: patternFormatter('%-5p %c{1}: %m%n') }),
    rollingFileOutputter({
      file: join(dir, 'app.log'),
      maxBytes: 10 * 1024 * 1024,
      every: 'day',
      keep: 7,
      formatter: patternFormatter('%d{ISO8601} [%p] %c - %m %f%n'),
    }),
  ],
})

// Only here: who bought what, one file a day, in names of our own, and nowhere else.
const orders = log.get('orders')
orders.additive = false
orders.addOutputter(
  dateFileOutputter({
    file: join(dir, 'orders.log'),
    onlyAt: ['info'],
    formatter: jsonFormatter({ names: { '@timestamp': 'time', message: 'event', 'process.pid': false } }),
  }),
)

log.info('server started', { port: 8080 })
log.get('db').warn('slow query', { ms: 1234 })
orders.info('placed', { orderId: 17 })

const { written, outputters } = await log.close()
console.log(`${written} lines in the journal`)
for (const [name, stats] of Object.entries(outputters)) {
  console.log(`${stats.written} in ${name}`)
}
