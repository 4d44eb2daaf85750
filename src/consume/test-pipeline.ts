import type { LogflumeError } from '../errors.ts'
import { OptionReader, refuse } from '../options.ts'
import type { Fields } from '../record.ts'
import { DeadLetters } from './dead-letters.ts'
import { Lease } from './lease.ts'
import { readPipelineOptions, type ConsumerOptions } from './options.ts'
import { Outlet } from './outlet.ts'
import { Pipeline } from './pipeline.ts'
import { ConsumedRecord } from './record.ts'
import { routesOf } from './routes.ts'
import type { Sink } from './sink.ts'
import { Meter, type Outcome } from './stats.ts'
import { TestClock } from './test-clock.ts'
import type { DeadRecord } from './transform.ts'

export type TestPipelineOptions = Pick<ConsumerOptions, 'transforms' | 'deadLetter' | 'onError'> & {
  /** @default only the transforms are tested */
  readonly sinks?: readonly Sink[]
}

/** A line as it is in Kafka, fields to make one of, a record with more than a value, or a while without any. */
export type TestInput = string | Fields | ConsumedRecord | Wait

/** A while in which nothing comes. */
export class Wait {
  readonly milliseconds: number

  constructor(milliseconds: number) {
    this.milliseconds = milliseconds
  }
}

/** Among the records of `testPipeline`: lets so much time pass before the next one, at once. */
export function wait(milliseconds: number): Wait {
  if (!(milliseconds >= 0)) refuse('wait', 'milliseconds', milliseconds)
  return new Wait(milliseconds)
}

export interface TestResult {
  /** What the transforms left and every sink took, in order. */
  readonly delivered: readonly ConsumedRecord[]
  readonly dead: readonly Pick<DeadRecord, 'record' | 'reason' | 'error'>[]
  /** Records for which a transform returned nothing, or which `onError` dropped. */
  readonly dropped: number
}

/** Takes everything. */
const NOWHERE: Sink = { name: 'nowhere', write: () => undefined }
/** Failed attempts of sinks after which a test has seen enough. */
const ATTEMPTS = 20

/**
 * Takes records through transforms to sinks as a consumer does, without Kafka, as one partition that then
 * ends. Sinks are opened and closed, and tried again quickly; one that only fails rejects it with its error.
 */
export async function testPipeline(
  options: TestPipelineOptions,
  inputs: readonly TestInput[],
): Promise<TestResult> {
  const reader = new OptionReader('options', options)
  const { transforms, sinks, deadLetter, onError } = readPipelineOptions(reader, [NOWHERE])
  reader.end()
  const meter = new CollectingMeter()
  const clock = new TestClock()
  const lease = new Lease()
  let attempts = 0
  let failure: LogflumeError | undefined
  const backoff = { first: 1, most: 5 }
  const ignore = (): void => undefined
  const outletOptions = {
    backoff,
    writeTimeout: 60_000,
    meter,
    diagnose: ignore,
    onError: (error: LogflumeError, record?: ConsumedRecord) => {
      if (record === undefined && ++attempts >= ATTEMPTS) {
        failure = error
        lease.expire()
      }
      return onError(error, record)
    },
  }
  const make = (all: readonly Sink[]): Outlet[] =>
    all
      .flatMap(routesOf)
      .map((route, index) => new Outlet(route, `${route.sink.name}#${index}`, outletOptions))
  const delivering = make(sinks)
  const burying = make(deadLetter === undefined ? [] : [deadLetter])
  const outlets = [...delivering, ...burying]
  const pipeline = new Pipeline({
    transforms,
    outlets: delivering,
    deadLetters: new DeadLetters(burying, ignore),
    meter,
    clock,
    onError,
    backoff,
    maxBufferedBytes: Infinity,
    trouble: ignore,
  })
  try {
    for (const outlet of outlets) failure ??= await outlet.open(lease)
    const lane = pipeline.lane('test', 0, lease, {
      resume: () => Promise.resolve({ place: undefined, note: '' }),
      commit: () => Promise.resolve(),
    })
    for (const step of toSteps(inputs)) {
      if (step instanceof Wait) await clock.pass(step.milliseconds, () => lane.idle())
      else await lane.take(step)
    }
    await lane.finish(true)
  } finally {
    lease.expire()
    for (const outlet of outlets) await outlet.close()
  }
  if (failure !== undefined) throw failure
  return meter.result
}

/** Records that come together, and whiles between them. */
function toSteps(inputs: readonly TestInput[]): readonly (Wait | readonly ConsumedRecord[])[] {
  const steps: (Wait | ConsumedRecord[])[] = []
  const origin = { topic: 'test', partition: 0, arrivedAt: Date.now() }
  let offset = 0
  for (const input of inputs) {
    if (input instanceof Wait) {
      steps.push(input)
      continue
    }
    const text = typeof input === 'string' ? input : JSON.stringify(input)
    const record =
      input instanceof ConsumedRecord
        ? input
        : new ConsumedRecord({ value: Buffer.from(text), offset }, origin)
    offset++
    const last = steps.at(-1)
    if (Array.isArray(last)) last.push(record)
    else steps.push([record])
  }
  return steps
}

class CollectingMeter extends Meter {
  readonly #delivered: ConsumedRecord[] = []
  readonly #dead: DeadRecord[] = []
  #droppedRecords = 0

  override settle(outcome: Outcome, now: number): void {
    super.settle(outcome, now)
    this.#delivered.push(...outcome.delivered)
    this.#dead.push(...outcome.dead)
    this.#droppedRecords += outcome.dropped
  }

  get result(): TestResult {
    return { delivered: this.#delivered, dead: this.#dead, dropped: this.#droppedRecords }
  }
}
