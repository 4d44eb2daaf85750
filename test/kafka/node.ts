import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { registeredBrokers } from './client.ts'
import { serverProperties } from './properties.ts'
import type { Listener, NodePorts } from './properties.ts'

export interface NodeOptions {
  /** From 1; Kafka's node.id. */
  readonly id: number
  /** Of all nodes, in order of id. */
  readonly ports: readonly NodePorts[]
  /** Of the cluster; each node has a folder of its own in it. */
  readonly folder: string
  readonly listeners: readonly Listener[]
  readonly config: Readonly<Record<string, string>>
  readonly java: string
  /** Folder with the jars of Kafka. */
  readonly jars: string
}

/**
 * Runs a command in place of the shell, so that the command has the shell's pid, and leaves a watcher
 * behind that reads file descriptor 3. A line there says that the command has ended; an end without a line
 * means that the process which started all this is gone, however it went: then the command is killed, and
 * the folder ($0) removed.
 */
const TIED_TO_PARENT =
  '(read -r _ <&3 || { kill -9 $$; sleep 1; rm -rf "$0"; }) >/dev/null 2>&1 & exec "$@" 3<&-'

const LOG4J = `appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %p %c{1} %m%n
rootLogger.level=info
rootLogger.appenderRef.out.ref=out
`

interface Running {
  readonly process: ChildProcess
  readonly pid: number
  /** Resolves when the JVM is gone. */
  readonly exit: Promise<unknown>
}

/** One Kafka process, which keeps port and data over kill, stop and restart. */
export class KafkaNode {
  readonly id: number
  /** 'host:port' for clients. */
  readonly broker: string
  readonly #options: NodeOptions
  readonly #folder: string
  readonly #javaArgs: readonly string[]
  #running: Running | undefined

  constructor(options: NodeOptions) {
    this.id = options.id
    this.broker = `127.0.0.1:${options.ports[options.id - 1]!.broker}`
    this.#options = options
    this.#folder = join(options.folder, `node-${options.id}`)
    const log4j = join(this.#folder, 'log4j2.properties')
    this.#javaArgs = [`-Dlog4j2.configurationFile=${log4j}`, '-cp', join(options.jars, '*')]
  }

  /** Of the JVM; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#running?.pid
  }

  /** 'host:port' of a listener beside the plain one. */
  address(listener: string): string {
    const { id, ports, listeners } = this.#options
    const index = listeners.findIndex(({ name }) => name === listener)
    return `127.0.0.1:${ports[id - 1]!.others[index]!}`
  }

  /**
   * Writes the configuration and an empty log folder. Once, before the first start. `scram` is of the
   * StorageTool: 'SCRAM-SHA-256=[name=alice,password=secret]'.
   */
  async format(clusterId: string, scram: readonly string[]): Promise<void> {
    const { id, ports, listeners, config } = this.#options
    await mkdir(this.#folder)
    const dataFolder = join(this.#folder, 'data')
    const properties = serverProperties({ id, ports, listeners, config, dataFolder })
    await writeFile(this.#configFile, properties)
    await writeFile(join(this.#folder, 'log4j2.properties'), LOG4J)
    const users = scram.flatMap((user) => ['--add-scram', user])
    await this.tool('kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', this.#configFile, ...users])
  }

  /** Runs one of Kafka's own command line tools, by its class; resolves with what it printed. */
  async tool(main: string, args: readonly string[]): Promise<string> {
    const child = promisify(execFile)(this.#options.java, [
      '-XX:TieredStopAtLevel=1',
      ...this.#javaArgs,
      main,
      ...args,
    ])
    const { stdout } = await child.catch((error: unknown) => {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
      throw new Error(`${main} ${args.join(' ')} failed:\n${tail(stdout + stderr)}`)
    })
    return stdout
  }

  /** Starts the JVM; `ready()` tells when it answers. */
  async start(): Promise<void> {
    if (this.#running !== undefined) throw new Error(`Kafka node ${this.id} runs already`)
    const server = ['-Xmx256m', '-XX:+UseSerialGC', ...this.#javaArgs, 'kafka.Kafka', this.#configFile]
    const command = ['-c', TIED_TO_PARENT, this.#options.folder, this.#options.java, ...server]
    const log = await open(this.#logFile, 'a')
    // In a session of its own, so that Ctrl-C in a terminal reaches it through us only.
    const child = spawn('sh', command, { detached: true, stdio: ['ignore', log.fd, log.fd, 'pipe'] })
    const exit = once(child, 'exit')
    await once(child, 'spawn').finally(() => log.close())
    this.#running = { process: child, pid: child.pid!, exit }

    const lifeline = child.stdio[3] as Writable & { unref(): void }
    lifeline.on('error', () => undefined) // the watcher is gone, there is nobody left to tell
    child.once('exit', () => {
      this.#running = undefined
      lifeline.end('ended\n')
    })
    // A process that forgets to stop its Kafka can end, and Kafka ends with it.
    child.unref()
    lifeline.unref()
  }

  /**
   * Resolves when the node answers a request, itself and `others` being registered. Rejects with the end of
   * its log when it ended instead, or after `timeout` milliseconds.
   */
  async ready({ others = [], timeout = 60_000 }: { others?: readonly number[]; timeout?: number } = {}) {
    const wanted = [this.id, ...others]
    const deadline = Date.now() + timeout
    for (;;) {
      const registered = await registeredBrokers(this.broker)
      if (wanted.every((id) => registered.includes(id))) return
      const late = Date.now() > deadline
      if (late || this.#running === undefined) {
        const what = late ? `does not answer after ${timeout} ms` : 'has ended instead of starting'
        throw new Error(`Kafka node ${this.id} ${what}, its log ends with:\n${await this.log()}`)
      }
      await sleep(50)
    }
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, after which Kafka hands over and flushes; SIGKILL after 20 s. */
  async stop(): Promise<void> {
    this.resume()
    const impatience = setTimeout(() => this.#signal('SIGKILL'), 20_000)
    await this.#end('SIGTERM').finally(() => clearTimeout(impatience))
  }

  /** SIGSTOP: keeps its port and its connections, and is silent. */
  pause(): void {
    this.#signal('SIGSTOP')
  }

  /** SIGCONT. */
  resume(): void {
    this.#signal('SIGCONT')
  }

  /** Starts it again on the same port and data, and waits until it answers. Kills it first where it runs. */
  async restart(): Promise<void> {
    await this.kill()
    await this.start()
    await this.ready()
  }

  /** Resolves when the process is gone, at once where it does not run. */
  async exited(): Promise<void> {
    await this.#running?.exit
  }

  /** The last 60 lines of what it logged. */
  async log(): Promise<string> {
    return tail(await readFile(this.#logFile, 'utf8'))
  }

  #signal(signal: NodeJS.Signals): void {
    this.#running?.process.kill(signal)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#running?.process.ref()
    this.#signal(signal)
    await this.exited()
  }

  get #configFile(): string {
    return join(this.#folder, 'server.properties')
  }

  get #logFile(): string {
    return join(this.#folder, 'server.log')
  }
}

function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-60).join('\n')
}
