import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLogger } from 'logflume'
import { createConsumer, defineSink } from 'logflume/consumer'

// A sink in ten lines: errors go to a table of comma-separated values.
//   npx tsx examples/custom-sink.ts [directory]
const dir = process.argv[2] ?? 'logs'
const file = join(dir, 'errors.csv')

const errorTable = defineSink({
  name: 'error-table',
  async write(records) {
    const rows = records
      .filter((record) => record.get('log.level') === 'error')
      .map((record) => [record.get('@timestamp'), record.get('log.logger'), record.get('message')])
    // When this has resolved the records count as done; when it throws, the same ones come again.
    await appendFile(
      file,
      rows.map((row) => `${row.map((cell) => JSON.stringify(cell)).join(',')}\n`).join(''),
    )
  },
})

const log = createLogger({ name: 'shop', dir })
log.info('server started')
log.get('db').error('query failed')
await log.close()

const from = { dir, name: 'shop', group: 'error-table', follow: false }
const consumer = createConsumer({ from, sinks: [errorTable] })
await consumer.run()
console.log(`errors are in ${file}`)
