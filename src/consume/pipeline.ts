import { Marks } from '../marks.ts'
import type { BackoffOptions } from '../retry.ts'
import { Budget } from './budget.ts'
import type { Clock } from './clock.ts'
import type { DeadLetters } from './dead-letters.ts'
import { Lane, type LaneMemory } from './lane.ts'
import type { Lease } from './lease.ts'
import type { Decide } from './options.ts'
import type { Outlet } from './outlet.ts'
import type { PlacePort } from './source.ts'
import type { Meter } from './stats.ts'
import { TransformChain } from './transform-chain.ts'
import type { Transform } from './transform.ts'

export interface PipelineParts {
  readonly transforms: readonly Transform[]
  readonly outlets: readonly Outlet[]
  readonly deadLetters: DeadLetters
  readonly meter: Meter
  readonly clock: Clock
  readonly onError: Decide
  readonly backoff: BackoffOptions
  /** Bytes that may be gathered. */
  readonly maxBufferedBytes: number
  /** Something went wrong that will be tried again. */
  readonly trouble: (what: string, error: Error) => void
}

/** The lanes of all partitions, and what they share. */
export class Pipeline {
  readonly #parts: PipelineParts
  readonly #budget: Budget
  readonly #lanes = new Set<Lane>()
  /** By 'topic/partition'. */
  readonly #memories = new Map<string, LaneMemory>()

  constructor(parts: PipelineParts) {
    this.#parts = parts
    this.#budget = new Budget(parts.maxBufferedBytes)
  }

  /** What sinks that gather have not had yet, or not all of them. */
  get buffered(): { readonly records: number; readonly bytes: number } {
    return this.#budget.used
  }

  forget(topic: string, partition: number): void {
    const memory = this.#memories.get(`${topic}/${partition}`)
    memory?.marks.clear()
    memory?.done.clear()
  }

  lane(topic: string, partition: number, lease: Lease, port: PlacePort): Lane {
    const { transforms } = this.#parts
    const key = `${topic}/${partition}`
    const memory = this.#memories.get(key) ?? {
      marks: new Marks(),
      done: new Map<Outlet, bigint>(),
      settled: Promise.resolve(),
    }
    this.#memories.set(key, memory)
    const lane = new Lane({
      ...this.#parts,
      lease,
      port,
      chain: new TransformChain(transforms, this.#parts),
      memory,
      budget: this.#budget,
      relieve: () => {
        for (const one of this.#lanes) one.relieve()
      },
    })
    this.#lanes.add(lane)
    lease.signal.addEventListener('abort', () => this.#lanes.delete(lane))
    return lane
  }
}
