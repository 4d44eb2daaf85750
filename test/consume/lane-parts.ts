import type { Lease } from '../../src/consume/lease.ts'
import { systemClock, type Clock } from '../../src/consume/clock.ts'
import { DeadLetters } from '../../src/consume/dead-letters.ts'
import { Outlet } from '../../src/consume/outlet.ts'
import { Pipeline } from '../../src/consume/pipeline.ts'
import { routesOf } from '../../src/consume/routes.ts'
import type { Decide } from '../../src/consume/options.ts'
import type { Sink } from '../../src/consume/sink.ts'
import type { PartitionLane, PlacePort } from '../../src/consume/source.ts'
import { Meter } from '../../src/consume/stats.ts'
import type { Transform } from '../../src/consume/transform.ts'

/** Where a partition's place is kept, and every state that it was in. */
export class TestPlace implements PlacePort {
  place: bigint | undefined
  note = ''
  readonly commits: string[] = []
  failures = 0

  resume(): Promise<{ place: bigint | undefined; note: string }> {
    return Promise.resolve({ place: this.place, note: this.note })
  }

  commit(place: bigint, note: string): Promise<void> {
    if (this.failures-- > 0) return Promise.reject(new Error('no coordinator'))
    this.commits.push(`${place}${note === '' ? '' : ` ${note}`}`)
    this.place = place
    this.note = note
    return Promise.resolve()
  }
}

export interface TestPipelineOptions {
  readonly sinks: readonly Sink[]
  readonly transforms?: readonly Transform[]
  readonly deadLetter?: Sink
  readonly maxBufferedBytes?: number
  readonly writeTimeout?: number
  readonly clock?: Clock
  readonly onError?: Decide
}

export interface TestPipeline {
  readonly meter: Meter
  readonly pipeline: Pipeline
  readonly troubles: string[]
  /** The partition of `makeRecord`. */
  readonly lane: (lease: Lease, place?: PlacePort) => PartitionLane
}

/** A consumer without a source. */
export function makePipeline({
  sinks,
  transforms = [],
  deadLetter,
  maxBufferedBytes = 1024 * 1024,
  writeTimeout = 1000,
  clock = systemClock,
  onError = () => undefined,
}: TestPipelineOptions): TestPipeline {
  const meter = new Meter()
  const ignore = (): undefined => undefined
  const options = {
    backoff: { first: 1, most: 2 },
    writeTimeout,
    meter,
    diagnose: ignore,
    onError,
  }
  const outlets = (all: readonly Sink[]): Outlet[] =>
    all.flatMap(routesOf).map((route) => new Outlet(route, route.sink.name, options))
  const troubles: string[] = []
  const pipeline = new Pipeline({
    transforms,
    outlets: outlets(sinks),
    deadLetters: new DeadLetters(outlets(deadLetter === undefined ? [] : [deadLetter]), ignore),
    meter,
    clock,
    onError,
    backoff: options.backoff,
    maxBufferedBytes,
    trouble: (what, error) => troubles.push(`${what}: ${error.message}`),
  })
  return {
    meter,
    pipeline,
    troubles,
    lane: (lease, place = new TestPlace()) => pipeline.lane('logs', 2, lease, place),
  }
}
