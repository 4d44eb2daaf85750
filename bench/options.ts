import { parseArgs } from 'node:util'
import { brokerBenches, loneBenches, type BrokerBench, type LoneBenchName } from './benches.ts'

export type BenchName = BrokerBench | LoneBenchName

export interface BenchOptions {
  readonly benches: readonly BenchName[]
  readonly quick: boolean
  /** Undefined: as many as each has by default. */
  readonly rounds: number | undefined
  /** Version of the Node that `call` runs on. */
  readonly node: string | undefined
  /** Gigabytes of `backlog`. */
  readonly gb: number | undefined
  /** How many brokers have each line, for `forward`: one report for each number. */
  readonly replicas: readonly number[]
}

const all = [...Object.keys(brokerBenches), ...Object.keys(loneBenches)] as readonly BenchName[]
/** What `npm run bench` runs: minutes, not hours. */
const byDefault: readonly BenchName[] = ['call', 'app', 'forward', 'exits']

/** @throws TypeError which says what is wrong. */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      node: { type: 'string' },
      gb: { type: 'string' },
      replicas: { type: 'string', multiple: true },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return 'help'
  const replicas = values.replicas?.map((value) => readNumber('replicas', value, 1, 3))
  return {
    benches: positionals.length === 0 ? byDefault : positionals.map(readBench),
    quick: values.quick === true,
    rounds: values.rounds === undefined ? undefined : readNumber('rounds', values.rounds, 1, 1000),
    node: values.node === undefined ? undefined : readVersion(values.node),
    gb: values.gb === undefined ? undefined : readNumber('gb', values.gb, 1, 10_000),
    replicas: replicas ?? [1],
  }
}

function readNumber(option: string, value: string, least: number, most: number): number {
  const number = Number(value)
  if (value === '' || !Number.isInteger(number) || number < least || number > most)
    throw new TypeError(`--${option}: expected a number from ${least} to ${most}, got '${value}'`)
  return number
}

function readVersion(value: string): string {
  if (!/^\d+(\.\d+){0,2}$/.test(value))
    throw new TypeError(`--node: expected a version, as 26 or 24.1, got '${value}'`)
  return value
}

function readBench(name: string): BenchName {
  const bench = all.find((one) => one === name)
  if (bench === undefined) throw new TypeError(`'${name}': expected ${all.join(', ')} or nothing`)
  return bench
}
