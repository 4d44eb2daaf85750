import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { debianFiles } from '../../debian.ts'
import { ToolchainError } from '../../kafka/toolchain.ts'
import { GrowingFiles } from './growing-files.ts'
import type { PeerOptions } from './peers.ts'
import { Program } from './program.ts'
import { Shipper } from './shipper.ts'

const PACKAGES = ['rsyslog', 'rsyslog-kafka']
const run = promisify(execFile)

/** rsyslog's imfile and omkafka. */
export async function startRsyslog({ dir, apps, rate, brokers, topic }: PeerOptions): Promise<Shipper> {
  const { command, modules, env, version } = await findRsyslog()
  const files = new GrowingFiles({ dir, files: apps, rate })
  const state = join(dir, 'state')
  await mkdir(state)
  const config = join(dir, 'rsyslog.conf')
  await writeFile(config, configuration({ brokers, topic, paths: files.paths, state }))
  const args = ['-n', '-f', config, '-i', join(dir, 'rsyslogd.pid'), '-M', modules]
  const program = new Program([command, ...args], join(dir, 'rsyslog.txt'), env)
  return new Shipper({ title: `rsyslog ${version}`, files, program, ready: () => Promise.resolve() })
}

interface Shipment {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly paths: readonly string[]
  readonly state: string
}

/** All replicas have to have a message, what fails is kept and sent again, the place in a file is kept often. */
function configuration({ brokers, topic, paths, state }: Shipment): string {
  const inputs = paths.map(
    (path) =>
      `input(type="imfile" File="${path}" Tag="app" freshStartTail="off" PersistStateInterval="1000" ruleset="ship")`,
  )
  return `global(workDirectory="${state}" maxMessageSize="64k")
module(load="imfile" mode="inotify")
module(load="omkafka")
template(name="line" type="string" string="%msg%")
${inputs.join('\n')}
ruleset(name="ship" queue.type="LinkedList" queue.size="100000" queue.dequeueBatchSize="1024") {
  action(type="omkafka" broker=[${brokers.map((broker) => `"${broker}"`).join(',')}] topic="${topic}" template="line"
    confParam=["acks=all","linger.ms=5","queue.buffering.max.messages=200000"]
    topicConfParam=["request.required.acks=-1"]
    resubmitOnFailure="on" keepFailedMessages="on" failedMsgFile="${join(state, 'failed')}")
}
`
}

interface Rsyslog {
  readonly command: string
  readonly modules: string
  /** By which it finds its libraries. */
  readonly env: Readonly<Record<string, string>>
  readonly version: string
}

/** The one that is installed, else the packages' files in the cache, so that no service of the system begins. */
async function findRsyslog(): Promise<Rsyslog> {
  const installed = await rsyslogIn('/', {})
  if (installed !== undefined) return installed
  const { root, env } = await debianFiles(...PACKAGES)
  const fetched = await rsyslogIn(root, env)
  if (fetched !== undefined) return fetched
  throw new ToolchainError(`rsyslog does not run; on Debian: apt-get install ${PACKAGES.join(' ')}`)
}

async function rsyslogIn(folder: string, env: Rsyslog['env']): Promise<Rsyslog | undefined> {
  const command = join(folder, 'usr', 'sbin', 'rsyslogd')
  const lib = join(folder, 'usr', 'lib')
  const places = await readdir(lib).catch(() => [])
  const modules = places
    .map((place) => join(lib, place, 'rsyslog'))
    .find((dir) => existsSync(join(dir, 'omkafka.so')))
  if (modules === undefined) return undefined
  try {
    const { stdout } = await run(command, ['-v'], { env: { ...process.env, ...env } })
    return { command, modules, env, version: /rsyslogd\s+(\d[\d.]*\d)/.exec(stdout)?.[1] ?? '' }
  } catch {
    return undefined // not there, or without a library that it needs
  }
}
