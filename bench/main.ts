import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startKafka } from '../test/kafka/cluster.ts'
import { benchAdapters } from './adapters.ts'
import { benchApp } from './app.ts'
import type { Report, Surroundings } from './bench.ts'
import { buildPackage } from './build.ts'
import { benchCalls } from './call.ts'
import { benchExits } from './exits.ts'
import { benchForward } from './forward.ts'
import { describeMachine } from './machine.ts'
import { recover } from './recover.ts'
import { BENCH_CONFIG } from './topics.ts'

const HELP = `npm run bench [-- [call] [app] [forward] [exits] [adapters] [options]]
                           all by default

  call       a log call beside pino and winston: CPU of the main thread and all
  app        the app's main thread while Kafka is up, absent, paused, killed
  forward    a journal of 227 MB to Kafka beside kcat and kafkajs
  exits      lines on disk after each way a process can end, beside pino,
             winston, bunyan and log4js; needs neither Kafka nor Java

  adapters   pino and winston into the journal, beside their own files and the
             usual rotation; needs neither Kafka nor Java

  --quick    less of everything, in a minute; for looking, not for quoting
  --rounds n how often each case is run (default 5, quick 2)
  --help

Each case runs in a process of its own, the cases one after the other, again and
again: A B C A B C. Figures are medians over the rounds, with the least and the
most; ratios are made within a round. Exit code 1 when lines are missing, or too
many. Needs Java and Maven as the tests do, kcat (Debian package) where there is
one, and 2 GB in ${tmpdir()}.
`

const benches = ['call', 'app', 'forward', 'exits', 'adapters'] as const
type Bench = (typeof benches)[number]
type KafkaBench = Exclude<Bench, 'exits' | 'adapters'>

interface Options {
  readonly benches: readonly Bench[]
  readonly quick: boolean
  readonly rounds: number
}

const options = readOptions(process.argv.slice(2))
if (options === 'help') process.stdout.write(HELP)
else process.exitCode = await main(options)

async function main({ benches, quick, rounds }: Options): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'logflume-bench-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
  const failures: string[] = []
  const show = (report: Report): void => {
    console.log(`\n${report.text}`)
    failures.push(...report.failures)
  }
  try {
    await buildPackage()
    const others = benches.filter((bench): bench is KafkaBench => bench !== 'exits' && bench !== 'adapters')
    if (others.length > 0) {
      await using kafka = await startKafka({ config: BENCH_CONFIG })
      console.log(await describeMachine())
      for (const bench of others) {
        await recover(kafka)
        show(await run(bench, { kafka, dir, rounds }, quick))
      }
    }
    if (benches.includes('exits')) show(await benchExits({ dir, quick }))
    if (benches.includes('adapters'))
      show(await benchAdapters({ dir, rounds, lines: quick ? 60_000 : 200_000, warmup: 20_000 }))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return 1
  }
  if (failures.length > 0) console.error(`\nThese runs do not count:\n${failures.join('\n')}`)
  return failures.length > 0 ? 1 : 0
}

function run(bench: KafkaBench, surroundings: Surroundings, quick: boolean): Promise<Report> {
  switch (bench) {
    case 'call':
      return benchCalls({ ...surroundings, lines: quick ? 60_000 : 200_000, warmup: 20_000 })
    case 'app': {
      const lines = quick ? 80_000 : 200_000
      return benchApp({ ...surroundings, lines, warmup: 20_000, rate: 100_000, patience: 1000 })
    }
    case 'forward':
      return benchForward({ ...surroundings, lines: quick ? 200_000 : 1_036_500 })
  }
}

function readOptions(args: string[]): Options | 'help' {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { quick: { type: 'boolean' }, rounds: { type: 'string' }, help: { type: 'boolean' } },
    })
    if (values.help === true) return 'help'
    const quick = values.quick === true
    const rounds = Number(values.rounds ?? (quick ? 2 : 5))
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000) {
      throw new TypeError(`--rounds: expected a number from 1 to 1000, got '${values.rounds ?? ''}'`)
    }
    return { benches: positionals.length === 0 ? benches : positionals.map(readBench), quick, rounds }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`${error.message}\n\n${HELP}`)
    process.exit(2)
  }
}

function readBench(name: string): Bench {
  const bench = benches.find((one) => one === name)
  if (bench === undefined) throw new TypeError(`'${name}': expected ${benches.join(', ')} or nothing`)
  return bench
}
