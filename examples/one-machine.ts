import { join } from 'node:path'
import { createLogger } from 'logflume'
import { createConsumer, dailyFiles } from 'logflume/consumer'

// Without a broker: the consumer reads the journal itself, and sorts the lines into files by logger and day.
// Often a process of its own; with `from: { brokers, topics, group }` the same runs on any machine.
//   npx tsx examples/one-machine.ts [directory]
const dir = process.argv[2] ?? 'logs'

const log = createLogger({ name: 'shop', dir, level: 'debug' })
log.info('server started')
log.get('db').info('connected', { password: 'secret' })
log.get('db').debug('pool size 4')
log.get('http').warn('slow request', { ms: 1234 })
await log.close()

const consumer = createConsumer({
  from: { dir, name: 'shop', follow: false }, // follow: true goes on for ever
  transforms: [
    (record) => {
      if (record.get('log.level') === 'debug') return undefined
      delete record.fields.password
      return record
    },
  ],
  sinks: [dailyFiles({ dir: join(dir, 'sorted') })],
})
await consumer.run()
console.log(`${consumer.stats().consumed} lines read, files are in ${join(dir, 'sorted')}`)
