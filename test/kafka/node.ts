import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ServerProcess, tail } from '../server-process.ts'
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

const LOG4J = `appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %p %c{1} %m%n
rootLogger.level=info
rootLogger.appenderRef.out.ref=out
`

/** One Kafka process, which keeps port and data over kill, stop and restart. */
export class KafkaNode {
  readonly id: number
  /** 'host:port' for clients. */
  readonly broker: string
  readonly #options: NodeOptions
  readonly #folder: string
  readonly #javaArgs: readonly string[]
  readonly #process: ServerProcess

  constructor(options: NodeOptions) {
    this.id = options.id
    this.broker = `127.0.0.1:${options.ports[options.id - 1]!.broker}`
    this.#options = options
    this.#folder = join(options.folder, `node-${options.id}`)
    const log4j = join(this.#folder, 'log4j2.properties')
    this.#javaArgs = [`-Dlog4j2.configurationFile=${log4j}`, '-cp', join(options.jars, '*')]
    const server = ['-Xmx256m', '-XX:+UseSerialGC', ...this.#javaArgs, 'kafka.Kafka', this.#configFile]
    this.#process = new ServerProcess({
      name: `Kafka node ${options.id}`,
      folder: options.folder,
      logFile: join(this.#folder, 'server.log'),
      command: [options.java, ...server],
    })
  }

  /** Of the JVM; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process.pid
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
  start(): Promise<void> {
    return this.#process.start()
  }

  /**
   * Resolves when the node answers a request, itself and `others` being registered. Rejects with the end of
   * its log when it ended instead, or after `timeout` milliseconds.
   */
  async ready({ others = [], timeout = 60_000 }: { others?: readonly number[]; timeout?: number } = {}) {
    const wanted = [this.id, ...others]
    await this.#process.ready(async () => {
      const registered = await registeredBrokers(this.broker)
      return wanted.every((id) => registered.includes(id))
    }, timeout)
  }

  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void> {
    return this.#process.kill()
  }

  /** SIGTERM, after which Kafka hands over and flushes; SIGKILL after 20 s. */
  stop(): Promise<void> {
    return this.#process.stop()
  }

  /** SIGSTOP: keeps its port and its connections, and is silent. */
  pause(): void {
    this.#process.pause()
  }

  /** Resolves when it has heard that. */
  paused(): Promise<void> {
    return this.#process.paused()
  }

  /** SIGCONT. */
  resume(): void {
    this.#process.resume()
  }

  /** Starts it again on the same port and data, and waits until it answers. Kills it first where it runs. */
  async restart(): Promise<void> {
    await this.kill()
    await this.start()
    await this.ready()
  }

  /** Resolves when the process is gone, at once where it does not run. */
  exited(): Promise<void> {
    return this.#process.exited()
  }

  /** The last 60 lines of what it logged. */
  log(): Promise<string> {
    return this.#process.log()
  }

  get #configFile(): string {
    return join(this.#folder, 'server.properties')
  }
}
