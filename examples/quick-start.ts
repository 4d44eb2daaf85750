import { join } from 'node:path'
import { createLogger } from 'logflume'

// Logs to rotated files on disk, and says where they are.
//   npx tsx examples/quick-start.ts [directory]
const dir = process.argv[2] ?? 'logs'

const log = createLogger({ name: 'shop', dir })

log.info('server started', { port: 8080 })
log.warn({ ms: 1234 }, 'slow request')
log.debug(() => 'never made: the level is info')

const db = log.get('db')
db.error(new Error('connection refused'), 'query failed')

const request = log.child({ 'request.id': 'r-17' })
request.info('order placed', { orderId: 17 })

const { written, pending, lost, journal } = await log.close()
console.log(`${written} lines in ${join(dir, journal.file)}`)
console.log(
  `pending ${pending}, lost ${JSON.stringify(lost)}; ${join(dir, 'shop.log')} links to the newest file`,
)
