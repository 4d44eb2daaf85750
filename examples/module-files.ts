import { join } from 'node:path'
import { createLogger } from 'logflume'
import { createConsumer, dailyFiles, prefix } from 'logflume/consumer'

// As Flume's sinks by type and day did it: lines like service##$$##module##$$##text become files like db.20261121.
//   npx tsx examples/module-files.ts [directory]
const dir = process.argv[2] ?? 'logs'

const log = createLogger({ name: 'shop', dir })
log.info('shop##$$##db##$$##query took 7 ms')
log.info('shop##$$##http##$$##GET /orders 200')
log.info('shop##$$##db##$$##cost: 5 ##$$## rows: 3')
log.info('a line without a prefix')
await log.close()

const consumer = createConsumer({
  from: { dir, name: 'shop', follow: false }, // or { brokers, topics, group }
  transforms: [prefix()],
  sinks: [dailyFiles({ dir: join(dir, 'modules'), path: '{module}.{YYYYMMDD}' })],
})
await consumer.run()
console.log(`${consumer.stats().delivered} lines, files are in ${join(dir, 'modules')}`)
