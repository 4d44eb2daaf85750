import { atRest, Meter, threadCpu, type Cost } from './cost.ts'
import { sampleMemory, type MemorySample } from './memory.ts'
import { logAtPace } from './pace.ts'
import { percentiles, type Percentiles } from './percentiles.ts'
import { input, say } from './report.ts'

/** The same in every logger: two bound fields, a message, three fields in the call. */
export interface Subject {
  /** One line of level info. `n` counts the calls. */
  readonly log: (n: number) => void
  /** One call of a level that is off. */
  readonly disabled: () => void
  /** A logger with one more bound field. */
  readonly child: (n: number) => unknown
  /** Resolves when all lines are where they were to go. */
  readonly end: () => Promise<void>
}

export interface CallInput {
  readonly what: keyof typeof measurements
  readonly dir: string
  /** Logged before measuring starts. */
  readonly warmup: number
  readonly lines: number
  /** Bytes for which the bound field `req` makes a line longer. */
  readonly padding: number
  /** How lines leave the process, in the words of the case. */
  readonly way?: string | undefined
  readonly kafka?: { readonly brokers: readonly string[]; readonly topic: string } | undefined
  /** Bytes of a segment, where the logger rotates by them. */
  readonly segmentBytes?: number | undefined
  /** Closed segments are compressed, where the logger does that. */
  readonly gzip?: boolean | undefined
  /** Lines a second, for `latency`. */
  readonly rate?: number
  /** Lines between two samples, for `memory`. */
  readonly sampleEvery?: number
}

/** Nanoseconds of main-thread CPU per call. */
export interface SmallCost {
  readonly disabled: number
  readonly child: number
}

export const message = 'paid'

/** Numbers of a steady width, so that all lines are of one length. */
export function fields(n: number): { id: number; ms: number; ok: boolean } {
  return { id: 100_000 + (n % 900_000), ms: 100 + (n % 900), ok: true }
}

/** More digits than a process id has. */
const PID_DIGITS = 8

/** A line that tells a shorter process id has a longer `req`, so that all runs have lines of one length. */
export function boundFields({ padding }: Pick<CallInput, 'padding'>): { user: number; req: string } {
  return { user: 7, req: 'x'.repeat(padding + PID_DIGITS - String(process.pid).length) }
}

/** Calls that a service makes before it lets others have their turn. */
const CALLS_PER_TURN = 100

export async function logLines(log: (n: number) => void, from: number, to: number): Promise<void> {
  for (let n = from; n < to;) {
    for (const end = Math.min(n + CALLS_PER_TURN, to); n < end; n++) log(n)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const measurements = { lines: lineCost, small: smallCost, latency: callTimes, memory: memoryOver }

/** Measures what the benchmark asked for, and reports it. */
export async function measure(open: (options: CallInput) => Subject | Promise<Subject>): Promise<void> {
  const options = input() as CallInput
  // Loggers rightly let a process end that has nothing else to do; this one has, until all is measured.
  const alive = setInterval(() => undefined, 60_000)
  const subject = await open(options)
  say({ result: await measurements[options.what](subject, options) })
  clearInterval(alive)
}

/** The cost of all lines, from the first call until the last line is where it was to go. */
async function lineCost({ log, end }: Subject, { warmup, lines }: CallInput): Promise<Cost> {
  await logLines(log, 0, warmup)
  await atRest()
  const meter = new Meter()
  await logLines(log, warmup, warmup + lines)
  await end()
  return meter.stop()
}

async function smallCost({ disabled, child, end }: Subject): Promise<SmallCost> {
  const cost = { disabled: nanoseconds(disabled), child: nanoseconds(child) }
  await end()
  return cost
}

/** Doubles the calls until they take long enough to be measured. */
function nanoseconds(call: (n: number) => unknown): number {
  for (let calls = 10_000; ; calls *= 2) {
    const before = threadCpu()
    for (let n = 0; n < calls; n++) call(n)
    const microseconds = threadCpu() - before
    if (microseconds > 100_000 || Number.isNaN(microseconds)) return (1000 * microseconds) / calls
  }
}

/** How long single calls take, in microseconds, at a steady pace. */
async function callTimes(
  { log, end }: Subject,
  { warmup, lines, rate = 10_000 }: CallInput,
): Promise<Percentiles> {
  await logAtPace(log, { from: 0, to: warmup, rate })
  const times = new Float64Array(lines)
  const timed = (n: number): void => {
    const before = process.hrtime.bigint()
    log(n)
    times[n - warmup] = Number(process.hrtime.bigint() - before) / 1000
  }
  await logAtPace(timed, { from: warmup, to: warmup + lines, rate })
  await end()
  return percentiles(times)
}

/** What the process holds after each so many lines, logged as fast as it goes. */
async function memoryOver(
  { log, end }: Subject,
  { lines, sampleEvery = lines }: CallInput,
): Promise<MemorySample[]> {
  const samples = [sampleMemory(0)]
  for (let n = 0; n < lines; n += sampleEvery) {
    const to = Math.min(lines, n + sampleEvery)
    await logLines(log, n, to)
    samples.push(sampleMemory(to))
  }
  await end()
  return samples
}
