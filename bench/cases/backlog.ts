import { createLogger, type LoggerStats } from 'logflume'
import { boundFields, fields, message } from './calls.ts'
import { Meter } from './cost.ts'
import { logAtPace } from './pace.ts'
import { input, say } from './report.ts'
import { TimeHistogram } from './time-histogram.ts'

export interface BacklogInput {
  readonly dir: string
  /** Lines that an earlier process left, numbered from 0. */
  readonly backlog: number
  /** Lines a second that it logs itself, numbered on. */
  readonly rate: number
  /** Seconds that it logs when all is forwarded, and at the start until measuring begins. */
  readonly seconds: number
  readonly warmup: number
  readonly padding: number
  readonly kafka: { readonly brokers: readonly string[]; readonly topic: string }
}

export interface CallCost {
  readonly lines: number
  /** CPU of the main thread in microseconds a line. */
  readonly cpu: number
  /** A call in microseconds. */
  readonly p50: number
  readonly p99: number
}

/** How far it was after so many seconds. */
export interface CatchingUp {
  readonly seconds: number
  readonly forwarded: number
  readonly pending: number
  /** Bytes. */
  readonly rss: number
}

export interface BacklogResult {
  /** Milliseconds until `createLogger` returned, and until Kafka had the first line. */
  readonly created: number
  readonly firstForwarded: number
  readonly progress: readonly CatchingUp[]
  /** Undefined where there was nothing to catch up with. */
  readonly draining: CallCost | undefined
  readonly drained: CallCost
  /** The most that the process had in memory, in bytes. */
  readonly peak: number
  readonly lines: number
  readonly counts: Pick<LoggerStats, 'written' | 'forwarded' | 'pending' | 'lost'>
}

/** Lines that wait for Kafka when it has caught up: those of the last moment. */
const CAUGHT_UP = 2000

// A service that finds what an earlier one left, and logs at a steady pace while that goes to Kafka.
const { dir, backlog, rate, seconds, warmup, padding, kafka } = input() as BacklogInput
const started = performance.now()
const root = createLogger({ name: 'shop', dir, kafka, retain: { bytes: Number.MAX_SAFE_INTEGER } })
const created = performance.now() - started
const shop = root.child(boundFields({ padding }))
let n = backlog
const log = (): void => shop.info(message, { ...fields(n), n: n++ })

let firstForwarded = Number.NaN
const watching = setInterval(lookForFirst, 2)
const progress = [look()]
const looking = setInterval(() => {
  progress.push(look())
  const { seconds: passed, forwarded, pending } = progress.at(-1)!
  say({ event: `${Math.round(passed)} s: ${forwarded} lines forwarded, ${pending} pending` })
}, 1000)

await logAtPace(log, { from: 0, to: warmup * rate, rate })
const isBehind = (): boolean => root.stats().pending > CAUGHT_UP
const draining = isBehind() ? await costWhile(isBehind) : undefined
clearInterval(looking)
progress.push(look())
const end = performance.now() + 1000 * seconds
const drained = await costWhile(() => performance.now() < end)
await root.flush({ timeout: 60_000 })
lookForFirst() // On a busy machine it may all have been over before the next look.
const { written, forwarded, pending, lost } = root.stats()
const result: BacklogResult = {
  created,
  firstForwarded,
  progress,
  draining,
  drained,
  peak: process.resourceUsage().maxRSS * 1024,
  lines: n,
  counts: { written, forwarded, pending, lost },
}
say({ result })
await root.close()

/** Logs at its pace as long as `condition` holds, in pieces of a tenth of a second. */
async function costWhile(condition: () => boolean): Promise<CallCost> {
  const times = new TimeHistogram()
  const first = n
  const piece = Math.ceil(rate / 10)
  const timed = (): void => {
    const before = process.hrtime.bigint()
    log()
    times.add(Number(process.hrtime.bigint() - before) / 1000)
  }
  const meter = new Meter()
  do await logAtPace(timed, { from: 0, to: piece, rate })
  while (condition())
  const lines = n - first
  const { thread } = meter.stop()
  return { lines, cpu: thread / lines, p50: times.percentile(0.5), p99: times.percentile(0.99) }
}

function lookForFirst(): void {
  if (!Number.isNaN(firstForwarded) || root.stats().forwarded === 0) return
  firstForwarded = performance.now() - started
  clearInterval(watching)
}

function look(): CatchingUp {
  const { forwarded, pending } = root.stats()
  const passed = (performance.now() - started) / 1000
  return { seconds: passed, forwarded, pending, rss: process.memoryUsage.rss() }
}
