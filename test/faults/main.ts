import { mkdtemp, rm } from 'node:fs/promises'
import { randomInt } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Logflume } from './logflume.ts'
import { ToolchainError } from '../kafka/toolchain.ts'
import { peers, startPeer, type Peer } from './peers/peers.ts'
import { keep, showTable } from './report.ts'
import { runFaults } from './run.ts'
import { buildPackage } from '../../bench/build.ts'

const HELP = `npm run test:faults [-- options]    lets everything fail, and compares what was logged with Kafka

  --seed number         determines what fails and in which order (default: a random one, printed)
  --kills number        kill -9 of the processes that log or ship (default 100)
  --apps number         services that log, or files that are shipped (default 4)
  --rate number         lines per second of each (default 1000)
  --brokers 1|3         real Kafka brokers, each behind a proxy (default 3)
  --replication number  copies of each partition (default 3, or 1 with one broker)
  --min-insync number   the topic's min.insync.replicas (default 1)
  --pace number         mean milliseconds between two faults of processes (default 800)
  --minutes number      faults end after that, whatever is left of them (default 20)
  --peer name           ${peers.join(', ')} instead of logflume
  --built               the package is built already
  --keep                keeps the directories of a good run as well; those of a bad one are kept
  --help

Beside the kills: brokers are killed and restarted, or paused; connections are cut, delayed, stalled,
half closed, or lose their answers; apps are paused and told to rotate. In the end all is healed, and
each line has to be in Kafka once and in order. Exit code 1 where one is lost, twice or out of order.
Results go to .cache/faults. Needs Java and Maven, as the tests do; peers say what they need.
`

interface Options {
  readonly seed: number
  readonly kills: number
  readonly apps: number
  readonly rate: number
  readonly brokers: 1 | 3
  readonly replication: number
  readonly minInSync: number
  readonly pace: number
  readonly minutes: number
  readonly peer: Peer | undefined
  readonly built: boolean
  readonly keep: boolean
}

const options = readOptions(process.argv.slice(2))
if (options === 'help') process.stdout.write(HELP)
else process.exit(await main(options)) // kafkajs may leave a timer behind of a connection that it lost

async function main({ peer, built, keep: keepAlways, ...options }: Options): Promise<number> {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(code)) // Kafka and the apps end with this process.
  }
  const { seed, apps, rate, replication } = options
  const replay = `npm run test:faults -- ${process.argv.slice(2).join(' ')}`
  console.log(`seed ${seed}`)
  const dir = await mkdtemp(join(tmpdir(), 'logflume-faults-'))
  let failed = true
  try {
    if (peer === undefined && !built) await buildPackage()
    const outcome = await runFaults({
      ...options,
      say: (line) => console.log(line),
      subject: (destination) =>
        peer === undefined
          ? new Logflume({ ...destination, dir, apps, rate })
          : startPeer(peer, { ...destination, dir, apps, rate, replication }),
    })
    const page = await keep(outcome, join('.cache', 'faults'))
    console.log(`\n${showTable([outcome])}\n`)
    for (const [what, count] of Object.entries(outcome.figures)) console.log(`${what}: ${count}`)
    for (const failure of outcome.failures) console.log(failure)
    console.log(`kept in ${page}`)
    failed = outcome.failures.length > 0
  } catch (error) {
    if (error instanceof ToolchainError) console.error(`not run: ${error.message}`)
    else console.error(error instanceof Error ? error.stack : error)
  } finally {
    if (failed) {
      const again = process.argv.includes('--seed') ? replay : `${replay} --seed ${seed}`
      console.log(`kept ${dir}\nthe same faults again: ${again}`)
    } else if (!keepAlways) await rm(dir, { recursive: true, force: true })
  }
  return failed ? 1 : 0
}

function readOptions(args: string[]): Options | 'help' {
  try {
    const { values } = parseArgs({
      args,
      options: {
        seed: { type: 'string' },
        kills: { type: 'string' },
        apps: { type: 'string' },
        rate: { type: 'string' },
        brokers: { type: 'string' },
        replication: { type: 'string' },
        'min-insync': { type: 'string' },
        pace: { type: 'string' },
        minutes: { type: 'string' },
        peer: { type: 'string' },
        built: { type: 'boolean' },
        keep: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
    if (values.help === true) return 'help'
    const whole = (
      name: Exclude<keyof typeof values, 'help' | 'built' | 'keep'>,
      fallback: number,
      most: number,
    ): number => {
      const value = Number(values[name] ?? fallback)
      if (Number.isInteger(value) && value >= 1 && value <= most) return value
      throw new TypeError(`--${name}: expected a number from 1 to ${most}, got '${values[name] ?? ''}'`)
    }
    const brokers = values.brokers ?? '3'
    if (brokers !== '1' && brokers !== '3')
      throw new TypeError(`--brokers: expected 1 or 3, got '${brokers}'`)
    const nodes = brokers === '1' ? 1 : 3
    const peer = peers.find((one) => one === values.peer)
    if (values.peer !== undefined && peer === undefined) {
      throw new TypeError(`--peer: expected one of ${peers.join(', ')}, got '${values.peer}'`)
    }
    const replication = whole('replication', nodes, nodes)
    return {
      seed: whole('seed', randomInt(1, 1_000_000), 2 ** 31),
      kills: whole('kills', 100, 100_000),
      apps: whole('apps', 4, 64),
      rate: whole('rate', 1000, 100_000),
      brokers: nodes,
      replication,
      minInSync: whole('min-insync', 1, replication),
      pace: whole('pace', 800, 3_600_000),
      minutes: whole('minutes', 20, 10_000),
      peer,
      built: values.built === true,
      keep: values.keep === true,
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`${error.message}\n\n${HELP}`)
    process.exit(2)
  }
}
