import { once } from 'node:events'
import { createLogger } from 'logflume'
import { destination, pino } from 'pino'
import { boundFields, fields, message } from './calls.ts'
import { now } from './monotonic.ts'
import { logAtPace } from './pace.ts'
import { input, say } from './report.ts'

export interface EndToEndAppInput {
  readonly by: 'logflume' | 'file'
  /** A directory for logflume, the file that somebody else forwards for the other. */
  readonly into: string
  readonly lines: number
  /** Lines a second. */
  readonly rate: number
  readonly padding: number
  readonly kafka: { readonly brokers: readonly string[]; readonly topic: string }
}

// A service that writes into each line when it was logged.
const options = input() as EndToEndAppInput
const { into, by, kafka, lines, rate } = options
const way = by === 'logflume' ? throughLogflume() : intoFile()
await logAtPace(way.log, { from: 0, to: lines, rate })
await way.end()
say({ result: {} })

function throughLogflume() {
  const root = createLogger({ name: 'shop', dir: into, kafka })
  const shop = root.child(boundFields(options))
  return {
    log: (n: number): void => shop.info(message, { ...fields(n), n, at: now() }),
    async end() {
      await root.close({ timeout: 30_000 })
    },
  }
}

/** Each line is in the file when its call returns, so that its forwarder waits for nothing of ours. */
function intoFile() {
  const file = destination({ dest: into, sync: true })
  const shop = pino({ name: 'shop' }, file).child(boundFields(options))
  return {
    log: (n: number): void => shop.info({ ...fields(n), n, at: now() }, message),
    async end() {
      file.end()
      await once(file, 'close')
    },
  }
}
