import { join } from 'node:path'
import { journalDestination } from 'logflume/pino'
import pino from 'pino'

// A pino service gets the journal, and Kafka with the option `kafka`, by changing one line.
//   npx tsx examples/pino.ts [directory]
const dir = process.argv[2] ?? 'logs'

// In process: a line is one append, and is kept whatever ends the process.
const destination = journalDestination({ name: 'cart', dir })
const cart = pino(destination)
cart.warn('cart is full')
cart.fatal('on disk when the call returns')

// Or by name, on a thread of pino's. What waits for that thread is gone when a signal ends the process.
const transport = pino.transport({ target: 'logflume/pino', options: { name: 'shop', dir } })
const log = pino(transport)
log.info({ orderId: 17 }, 'order placed')
log.child({ module: 'db' }).error(new Error('connection refused'))

console.log(`${destination.stats().forwarded} lines in ${join(dir, destination.stats().journal.file)}`)
console.log(`those of the transport are in ${join(dir, 'shop.log')} when the process has ended`)
