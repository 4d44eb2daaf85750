import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startKafka } from './kafka/cluster.ts'
import type { KafkaCluster } from './kafka/cluster.ts'

// npm test [-- test/journal test/kafka/cluster ...]: build, one Kafka for all files that ask for one, and
// Node's own test runner over every *.test.ts file, or over those whose path starts with an argument.

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

// Before Node 24 this bounds a whole file, not one test: for a hang, not for a slow test.
const FILE_TIMEOUT = '--test-timeout=600000'

let step: ChildProcess | undefined
let interrupted: number | undefined

process.chdir(ROOT)
for (const [signal, code] of [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => interrupt(signal, code))
}
process.exitCode = await main(process.argv.slice(2))

async function main(prefixes: readonly string[]): Promise<number> {
  const files = testFiles(prefixes)
  if (files.length === 0) {
    console.error(`No *.test.ts file starts with ${prefixes.join(' or ')}`)
    return 1
  }
  const built = await run(join('node_modules', '.bin', 'tsup'), ['--silent'], { LOGFLUME_BUILD: 'fast' })
  if (built !== 0) return built
  let kafka: KafkaCluster | undefined
  try {
    kafka = await sharedKafka(files)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return 1
  }
  try {
    const runner = ['--import', 'tsx', '--test', '--test-concurrency=2', FILE_TIMEOUT]
    const brokers = kafka === undefined ? {} : { KAFKA_BROKERS: kafka.brokers.join(',') }
    return await run(process.execPath, [...runner, '--test-reporter=spec', ...files], brokers)
  } finally {
    await kafka?.stop()
  }
}

function testFiles(prefixes: readonly string[]): string[] {
  const wanted = prefixes.map((prefix) => relative(ROOT, normalize(prefix)))
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .map((file) => join('test', file))
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => wanted.length === 0 || wanted.some((prefix) => file.startsWith(prefix)))
    .sort()
}

/** None where no file asks for one, or where KAFKA_BROKERS names one already. */
async function sharedKafka(files: readonly string[]): Promise<KafkaCluster | undefined> {
  if ((process.env.KAFKA_BROKERS ?? '') !== '') return undefined
  const asks = files.some((file) => /['"][./]+(kafka\/)?brokers\.ts['"]/.test(readFileSync(file, 'utf8')))
  return asks ? startKafka() : undefined
}

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  step = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  const [code] = (await once(step, 'exit')) as [number | null]
  step = undefined
  return interrupted ?? code ?? 1
}

/** Ends the step that runs, after which Kafka is stopped; between steps Kafka ends with this process. */
function interrupt(signal: NodeJS.Signals, code: number): void {
  interrupted = code
  if (step === undefined) process.exit(code)
  step.kill(signal)
}
