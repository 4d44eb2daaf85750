import { createLogger, type LoggerStats } from 'logflume'
import { boundFields, fields, message } from './calls.ts'
import { sampleMemory, type MemorySample } from './memory.ts'
import { logAtPace } from './pace.ts'
import { input, say } from './report.ts'

export interface OutageInput {
  readonly dir: string
  readonly lines: number
  /** Lines a second. */
  readonly rate: number
  readonly sampleEvery: number
  readonly padding: number
  readonly kafka: { readonly brokers: readonly string[]; readonly topic: string }
}

export interface OutageResult {
  readonly samples: readonly MemorySample[]
  /** After the last line, while Kafka is away. */
  readonly counts: Pick<LoggerStats, 'written' | 'forwarded' | 'pending' | 'lost'>
  readonly state: LoggerStats['kafka']['state']
}

/** Lines that are forwarded before Kafka goes away, where it is there: all is loaded and connected then. */
const FIRST = 1000

// A service that goes on logging while Kafka is away.
const { dir, lines, rate, sampleEvery, padding, kafka } = input() as OutageInput
const root = createLogger({ name: 'shop', dir, kafka, onDiagnostic: () => undefined })
const shop = root.child(boundFields({ padding }))
const log = (n: number): void => shop.info(message, fields(n))

await logAtPace(log, { from: 0, to: FIRST, rate })
await root.flush({ timeout: 3000 })
say({ event: 'first' })
const samples = [sampleMemory(FIRST)]
for (let n = FIRST; n < lines;) {
  const to = Math.min(lines, n - (n % sampleEvery) + sampleEvery)
  await logAtPace(log, { from: n, to, rate })
  samples.push(sampleMemory(to))
  n = to
}
const { written, forwarded, pending, lost, kafka: status } = root.stats()
const counts = { written, forwarded, pending, lost }
say({ result: { samples, counts, state: status.state } satisfies OutageResult })
await root.close({ timeout: 0 })
