import { createLogger } from 'logflume'
import { createConsumer, defineSink, type ConsumedRecord } from 'logflume/consumer'
import pg from 'pg'

// A sink with a client of your own: lines go to a table of PostgreSQL, each once.
//   DATABASE_URL=postgres://me@127.0.0.1/postgres npx tsx examples/postgres-sink.ts [directory]
const dir = process.argv[2] ?? 'logs'
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 })

/** One statement, so all of them or none; with the record's id, so that those that come again change nothing. */
async function insert(records: readonly ConsumedRecord[]): Promise<void> {
  const columns = [
    records.map(({ id }) => id),
    records.map(({ timestamp }) => new Date(timestamp)),
    records.map((record) => record.get('log.level')),
    records.map((record) => JSON.stringify(record.toJSON())),
  ]
  await pool.query(
    `INSERT INTO logs SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::jsonb[])
      ON CONFLICT DO NOTHING`,
    columns,
  )
}

/** Whether the database will not take the row later either. What else is thrown comes again after a while. */
function isRefused(error: unknown): error is Error {
  return /^2[23]/.test((error as { code?: string }).code ?? '')
}

const table = defineSink({
  name: 'postgres',
  concurrency: 2,
  async open() {
    await pool.query(
      'CREATE TABLE IF NOT EXISTS logs (id text PRIMARY KEY, at timestamptz, level text, fields jsonb)',
    )
  },
  async write(records) {
    try {
      await insert(records)
      return undefined
    } catch (thrown) {
      if (!isRefused(thrown)) throw thrown
    }
    // One of them is at fault: the others go in without it.
    const rejected = []
    for (const record of records) {
      try {
        await insert([record])
      } catch (error) {
        if (!isRefused(error)) throw error
        rejected.push({ record, error })
      }
    }
    return { rejected }
  },
  close: () => pool.end(),
})

const log = createLogger({ name: 'shop', dir })
log.info('server started')
log.get('db').error('query failed', { ms: 1234 })
log.warn('what no text in PostgreSQL may have: \0')
await log.close()

const from = { dir, name: 'shop', group: 'postgres', follow: false }
const onError = ({ message }: Error): void => console.log(message)
const onDiagnostic = (): void => undefined // the same is told to onError
const consumer = createConsumer({ from, sinks: [table], onError, onDiagnostic })
await consumer.run()
console.log(`${consumer.stats().delivered} lines are in PostgreSQL`)
