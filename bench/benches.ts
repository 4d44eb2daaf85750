import { benchAdapters } from './adapters.ts'
import { benchApp } from './app.ts'
import { benchBacklog } from './backlog.ts'
import type { Report, Surroundings } from './bench.ts'
import { benchCalls } from './call.ts'
import { benchConsume } from './consume.ts'
import { benchConsumeMemory } from './consume-memory.ts'
import { benchContext } from './context.ts'
import { benchEndToEnd } from './end-to-end.ts'
import { benchExits } from './exits.ts'
import { benchForward } from './forward.ts'
import { benchGrok } from './grok.ts'
import { benchLatency } from './latency.ts'
import { benchMemory } from './memory.ts'
import { benchOutage } from './outage.ts'
import { findNode } from './other-node.ts'
import type { BenchOptions } from './options.ts'
import { benchPattern } from './pattern.ts'
import { benchSearch } from './search.ts'

/** What runs with one Kafka, and how often where nobody says. */
export interface Bench {
  readonly rounds: number
  readonly run: (surroundings: Surroundings, options: BenchOptions) => Promise<Report>
}

/** Those that need a broker. The quick forms show that something runs; they are not for quoting. */
export const brokerBenches = {
  call: {
    rounds: 5,
    run: async (surroundings, { quick, node }) =>
      benchCalls({
        ...surroundings,
        lines: quick ? 60_000 : 200_000,
        warmup: 20_000,
        node: node === undefined ? undefined : await findNode(node),
      }),
  },
  app: {
    rounds: 5,
    run: (surroundings, { quick }) =>
      benchApp({
        ...surroundings,
        lines: quick ? 80_000 : 200_000,
        warmup: 20_000,
        rate: 100_000,
        patience: 1000,
      }),
  },
  forward: {
    rounds: 5,
    run: (surroundings, { quick }) => benchForward({ ...surroundings, lines: quick ? 200_000 : 1_036_500 }),
  },
  latency: {
    rounds: 3,
    run: (surroundings, { quick }) =>
      benchLatency({
        ...surroundings,
        rate: 10_000,
        seconds: quick ? 4 : 25,
        warmup: quick ? 1 : 3,
        rotations: quick ? 5 : 20,
      }),
  },
  'end-to-end': {
    rounds: 3,
    run: (surroundings, { quick }) =>
      benchEndToEnd({ ...surroundings, rate: 5000, seconds: quick ? 4 : 30, warmup: quick ? 1 : 3 }),
  },
  memory: {
    rounds: 3,
    run: (surroundings, { quick }) => benchMemory({ ...surroundings, lines: quick ? 1_000_000 : 10_000_000 }),
  },
  outage: {
    rounds: 3,
    run: (surroundings, { quick }) =>
      benchOutage({ ...surroundings, lines: quick ? 500_000 : 5_000_000, rate: 100_000 }),
  },
  backlog: {
    rounds: 3,
    run: (surroundings, { quick, gb }) =>
      benchBacklog({
        ...surroundings,
        bytes: 1e9 * (gb ?? (quick ? 0.5 : 10)),
        rate: 5000,
        seconds: quick ? 3 : 20,
        warmup: quick ? 1 : 2,
      }),
  },
  consume: {
    rounds: 3,
    run: (surroundings, { quick }) => benchConsume({ ...surroundings, records: quick ? 100_000 : 1_000_000 }),
  },
  'consume-memory': {
    rounds: 1,
    run: (surroundings, { quick }) =>
      benchConsumeMemory({
        ...surroundings,
        records: quick ? 200_000 : 10_000_000,
        seconds: quick ? 3 : 60,
      }),
  },
  search: {
    rounds: 3,
    run: (surroundings, { quick }) => benchSearch({ ...surroundings, records: quick ? 10_000 : 100_000 }),
  },
} satisfies Record<string, Bench>

export type BrokerBench = keyof typeof brokerBenches

/** The same for those that need none. */
export interface LoneBench {
  readonly rounds: number
  readonly run: (surroundings: Omit<Surroundings, 'kafka'>, options: BenchOptions) => Promise<Report>
}

export const loneBenches = {
  exits: { rounds: 1, run: ({ dir }, { quick }) => benchExits({ dir, quick }) },
  adapters: {
    rounds: 5,
    run: (surroundings, { quick }) =>
      benchAdapters({ ...surroundings, lines: quick ? 60_000 : 200_000, warmup: 20_000 }),
  },
  pattern: {
    rounds: 5,
    run: (surroundings, { quick }) =>
      benchPattern({ ...surroundings, lines: quick ? 60_000 : 200_000, warmup: 20_000 }),
  },
  grok: {
    rounds: 5,
    run: ({ rounds }, { quick }) => benchGrok({ rounds, records: quick ? 100_000 : 500_000, warmup: 50_000 }),
  },
  context: {
    rounds: 5,
    run: (surroundings, { quick }) =>
      benchContext({ ...surroundings, lines: quick ? 60_000 : 200_000, warmup: 20_000 }),
  },
} satisfies Record<string, LoneBench>

export type LoneBenchName = keyof typeof loneBenches
