import { createLogger, type LoggerStats } from 'logflume'
import { boundFields, fields, logLines, message } from './calls.ts'
import { atRest, Meter, type Cost } from './cost.ts'
import { logAtPace } from './pace.ts'
import { input, say } from './report.ts'

export interface AppInput {
  readonly dir: string
  /** All that it logs. */
  readonly lines: number
  /** Of these, how many before measuring starts. */
  readonly warmup: number
  /** Lines a second. */
  readonly rate: number
  /** Milliseconds that it waits for Kafka in the end. */
  readonly patience: number
  readonly kafka?: { readonly brokers: readonly string[]; readonly topic: string } | undefined
}

export interface AppResult {
  readonly cost: Cost
  readonly counts: Pick<LoggerStats, 'written' | 'forwarded' | 'pending' | 'lost'>
}

// A service at work: it logs at a steady pace, as the requests come in.
const options = input() as AppInput
const { dir, lines, warmup, rate, patience, kafka } = options
const root = createLogger({ name: 'shop', dir, ...(kafka && { kafka }), onDiagnostic: () => undefined })
const shop = root.child(boundFields({ padding: 0 }))
const log = (n: number): void => shop.info(message, fields(n))

await logLines(log, 0, warmup)
await atRest()
const meter = new Meter()
const half = warmup + (lines - warmup) / 2
let toldHalf = false
await logAtPace(log, { from: warmup, to: lines, rate }, (n) => {
  if (toldHalf || n < half) return
  toldHalf = true
  say({ event: 'half' })
})
await root.flush({ timeout: patience })
const cost = meter.stop()
const { written, forwarded, pending, lost } = root.stats()
say({ result: { cost, counts: { written, forwarded, pending, lost } } satisfies AppResult })
await root.close({ timeout: 0 })
