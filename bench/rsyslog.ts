import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { processCpu } from './process-cpu.ts'

export const NO_RSYSLOG =
  'rsyslog: not run, it is missing; on Debian: apt-get install -y rsyslog rsyslog-kafka'

/** Debian has it where only root looks. */
const PATH = [process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter)

/** As in `8.2302.0`; undefined where rsyslog or its module for Kafka is missing. */
export async function rsyslogVersion(): Promise<string | undefined> {
  const dir = await mkdtemp(join(tmpdir(), 'logflume-rsyslog-'))
  try {
    const config = join(dir, 'rsyslog.conf')
    await writeFile(config, 'module(load="omkafka")\n*.* /dev/null\n')
    await ask('-N1', '-f', config)
    const { stdout } = await ask('-v')
    return /rsyslogd\s+(\S+)/.exec(stdout)?.[1]
  } catch {
    return undefined
  } finally {
    await rm(dir, { recursive: true })
  }
}

function ask(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)('rsyslogd', args, { env: { ...process.env, PATH } })
}

export interface RsyslogInput {
  /** An empty directory of its own. */
  readonly dir: string
  readonly brokers: readonly string[]
  readonly topic: string
  readonly gzip: boolean
  /** The file that it follows, from its beginning; it may come later. */
  readonly file: string
}

/** An rsyslogd that follows a file into a topic, a line a message, acknowledged by all replicas. */
export class Rsyslog {
  readonly #pid: number
  readonly #end: () => Promise<void>

  private constructor(pid: number, end: () => Promise<void>) {
    this.#pid = pid
    this.#end = end
  }

  static async start(input: RsyslogInput): Promise<Rsyslog> {
    const config = join(input.dir, 'rsyslog.conf')
    await writeFile(config, configuration(input))
    // In the foreground, its pid file aside from that of the machine's own.
    const args = ['-n', '-f', config, '-i', join(input.dir, 'rsyslog.pid')]
    const child = spawn('rsyslogd', args, { stdio: 'ignore', env: { ...process.env, PATH } })
    const endToo = (): boolean => child.kill('SIGKILL')
    process.once('exit', endToo)
    const ended = once(child, 'exit')
    await once(child, 'spawn')
    return new Rsyslog(child.pid!, async () => {
      child.kill('SIGKILL')
      await ended
      process.off('exit', endToo)
    })
  }

  /** CPU that it has used up to now, in microseconds. */
  cpu(): Promise<number> {
    return processCpu(this.#pid)
  }

  stop(): Promise<void> {
    return this.#end()
  }
}

/** The best of some that were tried: what it reads it hands on in batches, and resends what was refused. */
function configuration({ dir, brokers, topic, gzip, file }: RsyslogInput): string {
  const settings = ['acks=all', 'linger.ms=5', 'queue.buffering.max.messages=200000']
  if (gzip) settings.push('compression.codec=gzip')
  const list = (values: readonly string[]): string => `[${values.map((value) => `"${value}"`).join(',')}]`
  return `global(workDirectory="${dir}" maxMessageSize="64k")
module(load="imfile" mode="inotify")
module(load="omkafka")
template(name="line" type="string" string="%msg%")
input(type="imfile" file="${file}" tag="bench" ruleset="kafka" freshStartTail="off" PersistStateInterval="1000")
ruleset(name="kafka" queue.type="LinkedList" queue.size="100000" queue.dequeueBatchSize="1024") {
  action(type="omkafka" broker=${list(brokers)} topic="${topic}" template="line"
    confParam=${list(settings)} topicConfParam=["request.required.acks=-1"]
    resubmitOnFailure="on" keepFailedMessages="on")
}
`
}
