import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

/** What one run of kcat took. */
export interface KcatRun {
  /** CPU in microseconds. */
  readonly process: number
}

/** As in `1.7.1, librdkafka 2.0.2`; undefined where kcat is missing. */
export async function kcatVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('kcat', ['-V'])
    const [, kcat = '?', librdkafka = '?'] = /Version (\S+) .*librdkafka (\S+)/s.exec(stdout) ?? []
    return `${kcat}, librdkafka ${librdkafka}`
  } catch {
    return undefined
  }
}

/** Sends a file to a topic, a line a message, and waits until all replicas have all of it. */
export function runKcat(
  brokers: readonly string[],
  topic: string,
  file: string,
  options: readonly string[],
): Promise<KcatRun> {
  const settings = ['-X', 'acks=all', '-X', 'linger.ms=5', ...options]
  return timeKcat(['-b', brokers.join(','), '-P', '-t', topic, '-l', file, ...settings])
}

/** Reads a topic to its end into one file, a message a line. */
export function readByKcat(brokers: readonly string[], topic: string, file: string): Promise<KcatRun> {
  return timeKcat(['-b', brokers.join(','), '-C', '-t', topic, '-o', 'beginning', '-e', '-q'], file)
}

async function timeKcat(args: readonly string[], into = '/dev/null'): Promise<KcatRun> {
  // Only a shell tells what a child of it has used, and in its own format: user and system, `0m1.230000s`.
  const script = 'into=$1; shift; "$@" >"$into"; code=$?; times; exit $code'
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  const child = spawn('sh', ['-c', script, 'sh', into, 'kcat', ...args], { stdio: [...stdio] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`kcat ended with code ${code}:\n${stderr.trim()}`)
  return { process: childTime(stdout) }
}

/** Microseconds of CPU in the second row of what `times` prints. */
export function childTime(printed: string): number {
  const row = printed.trim().split('\n').at(-1) ?? ''
  const parts = [...row.matchAll(/(\d+)m([\d.]+)s/g)]
  return parts.reduce((sum, [, minutes, seconds]) => sum + 1e6 * (60 * Number(minutes) + Number(seconds)), 0)
}
