import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKafka } from '../test/kafka/cluster.ts'
import type { Report } from './bench.ts'
import { brokerBenches, loneBenches, type Bench, type BrokerBench, type LoneBench } from './benches.ts'
import { buildPackage } from './build.ts'
import { describeMachine } from './machine.ts'
import { readOptions, type BenchOptions } from './options.ts'
import { recover } from './recover.ts'
import { BENCH_CONFIG } from './topics.ts'

const HELP = `npm run bench [-- [name ...] [options]]    the first four by default

  call       a log call beside pino and winston: CPU of the main thread and all
  app        the app's main thread while Kafka is up, absent, paused, killed
  forward    a journal of 227 MB to Kafka beside kcat, rsyslog and kafkajs
  exits      lines on disk after each way a process can end, beside pino,
             winston, bunyan and log4js; needs neither Kafka nor Java
  adapters   pino and winston into the journal, beside their own files and the
             usual rotation; needs neither Kafka nor Java
  pattern    a record through a pattern into a file, beside log4js; needs
             neither Kafka nor Java
  grok       access lines of nginx taken apart, beside a regular expression
             written by hand; needs neither Kafka nor Java
  context    a call with its fields in MDC, NDC and a span, beside bound ones;
             needs neither Kafka nor Java

  latency    the longest single calls while files rotate and are compressed
  end-to-end from the call to a consumer in another process, beside rsyslog
  memory     heap and RSS over 10 million lines, beside pino
  outage     heap and RSS over 5 million lines while Kafka is away
  backlog    an app that starts with 10 GB which Kafka does not have
  consume    from a topic to a file for each module, beside Kafka Connect's
             FileStreamSink and kcat
  consume-memory  what a consumer holds over ten million records, and while
             a sink stands still for a minute
  search     from a topic to OpenSearch, beside the bulk helper of its client

  --quick      less of everything, in a minute; for looking, not for quoting
  --rounds n   how often each case is run (default 5, of the last eight 3,
               of consume-memory 1, quick 2)
  --node v     call: under another Node from the npm registry, as 26
  --replicas n forward: three brokers and n copies of each line (2 or 3), or
               one broker (1, the default); may be given more than once
  --gb n       backlog: gigabytes (default 10)
  --help

Each case runs in a process of its own, the cases one after the other, again and
again: A B C A B C. Figures are medians over the rounds, with the least and the
most; ratios are made within a round. Exit code 1 when lines are missing, or too
many. Needs Java and Maven as the tests do, kcat, rsyslog and rsyslog-kafka
(Debian packages) where there are any, and 2 GB in ${tmpdir()};
backlog twice its size.
`

const failures: string[] = []
process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions | 'help'
  try {
    options = readOptions(args)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`${error.message}\n\n${HELP}`)
    return 2
  }
  if (options === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  const dir = mkdtempSync(join(tmpdir(), 'logflume-bench-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
  try {
    console.log(`npm run bench${args.length === 0 ? '' : ` -- ${args.join(' ')}`}`)
    await buildPackage()
    console.log(await describeMachine())
    await run(options, dir)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return 1
  }
  if (failures.length > 0) console.error(`\nThese runs do not count:\n${failures.join('\n')}`)
  return failures.length > 0 ? 1 : 0
}

/** Those on one broker first, then those on three, then those that need none. */
async function run(options: BenchOptions, dir: string): Promise<void> {
  const { benches, replicas } = options
  const onBrokers = benches.filter((bench): bench is BrokerBench => bench in brokerBenches)
  const onOne = onBrokers.filter((bench) => bench !== 'forward' || replicas.includes(1))
  if (onOne.length > 0) await runOn(1, onOne, 1, options, dir)
  for (const copies of replicas.filter((number) => number > 1))
    if (benches.includes('forward')) await runOn(3, ['forward'], copies, options, dir)
  for (const name of benches.filter((bench) => bench in loneBenches)) {
    const bench: LoneBench = loneBenches[name as keyof typeof loneBenches]
    show(await bench.run({ dir, rounds: roundsOf(bench, options) }, options))
  }
}

function roundsOf(bench: { readonly rounds: number }, { rounds, quick }: BenchOptions): number {
  return rounds ?? (quick ? 2 : bench.rounds)
}

async function runOn(
  nodes: 1 | 3,
  names: readonly BrokerBench[],
  replicas: number,
  options: BenchOptions,
  dir: string,
): Promise<void> {
  await using kafka = await startKafka({ nodes, config: BENCH_CONFIG })
  for (const name of names) {
    const bench: Bench = brokerBenches[name]
    const rounds = roundsOf(bench, options)
    await recover(kafka)
    show(await bench.run({ kafka, replicas, dir, rounds }, options))
  }
}

function show({ text, failures: found }: Report): void {
  console.log(`\n${text}`)
  failures.push(...found)
}
