import { Random } from './random.ts'

/** One thing that goes wrong. Times in milliseconds. */
export interface Step<Kind extends string> {
  /** Since the step before it was over. */
  readonly after: number
  readonly kind: Kind
  /** Index of the process or broker it happens to. */
  readonly target: number
  /** How long it lasts, for what lasts. */
  readonly length: number
}

/** 'kill unanswered': while what it sends arrives, and no answer comes back. */
export type ProcessFault = 'kill' | 'kill unanswered' | 'pause' | 'rotate'
export type BrokerFault = 'kill' | 'pause'
export type NetworkFault = 'cut' | 'delay' | 'stall' | 'half-close' | 'lose answers'

export interface ScheduleOptions {
  readonly seed: number
  readonly processes: number
  readonly brokers: number
  /** Of processes. */
  readonly kills: number
  /** Mean milliseconds between two faults of processes. */
  readonly pace: number
}

/**
 * Three lists that run beside each other, one of them each: processes, brokers, network. The seed determines
 * what happens and in which order; on which line it falls, only the machine knows. The list of processes ends
 * with the last kill, the others never do.
 */
export interface Schedule {
  readonly processes: readonly Step<ProcessFault>[]
  readonly brokers: Iterable<Step<BrokerFault>>
  readonly network: Iterable<Step<NetworkFault>>
}

export function drawSchedule({ seed, processes, brokers, kills, pace }: ScheduleOptions): Schedule {
  return {
    processes: drawProcesses(new Random(seed, 'processes'), processes, kills, pace),
    brokers: drawBrokers(new Random(seed, 'brokers'), brokers),
    network: drawNetwork(new Random(seed, 'network'), brokers),
  }
}

function drawProcesses(random: Random, count: number, kills: number, pace: number): Step<ProcessFault>[] {
  const steps: Step<ProcessFault>[] = []
  for (let killed = 0; killed < kills;) {
    const kind = random.choose({ kill: 4, 'kill unanswered': 2, pause: 1, rotate: 2 })
    if (kind.startsWith('kill')) killed++
    const [after, target, length] = [
      random.interval(pace),
      random.between(0, count - 1),
      random.between(50, 1500),
    ]
    steps.push({ after, kind, target, length })
  }
  return steps
}

function* drawBrokers(random: Random, count: number): Generator<Step<BrokerFault>> {
  for (;;) {
    const kind = random.choose({ kill: 3, pause: 1 })
    // A silent broker is missed after 5 s: some are back before that, some are not.
    const length = kind === 'kill' ? random.between(0, 5000) : random.between(500, 8000)
    yield { after: 500 + random.interval(2500), kind, target: random.between(0, count - 1), length }
  }
}

function* drawNetwork(random: Random, count: number): Generator<Step<NetworkFault>> {
  for (;;) {
    const kind = random.choose({ cut: 4, delay: 2, stall: 2, 'half-close': 2, 'lose answers': 4 })
    // A request waits 3 s for its answer here: some stalls end it, some do not.
    const length = kind === 'stall' ? random.between(500, 5000) : random.between(100, 2000)
    yield { after: random.interval(1500), kind, target: random.between(0, count - 1), length }
  }
}
