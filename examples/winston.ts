import { once } from 'node:events'
import { join } from 'node:path'
import { LogflumeTransport } from 'logflume/winston'
import winston from 'winston'

// A winston service gets the journal, and Kafka with the option `kafka`, by one more transport.
//   npx tsx examples/winston.ts [directory]
const dir = process.argv[2] ?? 'logs'

const transport = new LogflumeTransport({ name: 'shop', dir })
const log = winston.createLogger({
  level: 'silly',
  format: winston.format.combine(winston.format.timestamp(), winston.format.splat()),
  transports: [transport],
})

log.info('%s costs %d', 'milk', 2, { orderId: 17 })
log.silly('each level keeps its name')
log.child({ module: 'db' }).error('query failed', new Error('connection refused'))

log.end()
await once(log, 'finish')
const { written, journal } = transport.stats()
console.log(`${written} lines in ${join(dir, journal.file)}`)
