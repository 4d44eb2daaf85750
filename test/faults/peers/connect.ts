import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectCommand, type Properties } from '../../kafka/connect.ts'
import { KAFKA_VERSION } from '../../kafka/jars.ts'
import { freePort } from '../../kafka/ports.ts'
import { GrowingFiles } from './growing-files.ts'
import type { PeerOptions } from './peers.ts'
import { Program } from './program.ts'
import { Shipper } from './shipper.ts'

/** Milliseconds that a worker may take to run its connectors before faults go on without that. */
const READY_WITHIN = 300_000

/**
 * Kafka Connect's FileStreamSource, a connector for each file: standalone, with its offsets in a file that is
 * written every second instead of every minute; or distributed, one worker, with exactly-once support.
 */
export async function startConnect(
  mode: 'standalone' | 'distributed',
  { dir, apps, rate, brokers, topic, replication }: PeerOptions,
): Promise<Shipper> {
  const files = new GrowingFiles({ dir, files: apps, rate })
  const port = await freePort()
  const rest = new ConnectRest(port)
  const connectors = files.paths.map((file, index): Properties => ({
    name: `app-${index}`,
    'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
    'tasks.max': '1',
    'batch.size': '2000',
    file,
    topic,
  }))
  const ofMode: Record<typeof mode, Properties> = {
    standalone: { 'offset.flush.interval.ms': '1000' },
    distributed: {
      'group.id': topic,
      'exactly.once.source.support': 'enabled',
      'config.storage.topic': `${topic}-configs`,
      'offset.storage.topic': `${topic}-offsets`,
      'status.storage.topic': `${topic}-status`,
      'config.storage.replication.factor': String(replication),
      'offset.storage.replication.factor': String(replication),
      'status.storage.replication.factor': String(replication),
      'offset.storage.partitions': '4',
      'status.storage.partitions': '1',
    },
  }
  const command = await connectCommand({ mode, dir, brokers, port, worker: ofMode[mode], connectors })
  const program = new Program(command, join(dir, 'connect.txt'))
  let restartedTasks = 0
  return new Shipper({
    title: `Kafka Connect ${KAFKA_VERSION} ${mode}`,
    files,
    program,
    async ready() {
      const deadline = performance.now() + READY_WITHIN
      while (performance.now() < deadline) {
        for (const connector of mode === 'distributed' ? connectors : []) await rest.create(connector)
        const states = await Promise.all(connectors.map(({ name }) => rest.state(name!)))
        if (states.every((state) => state === 'RUNNING')) return
        await sleep(200)
      }
    },
    // A task that failed stays so until somebody restarts it.
    async care() {
      for (const { name } of connectors) {
        if ((await rest.state(name!)) !== 'FAILED') continue
        restartedTasks++
        await rest.restart(name!)
      }
    },
    figures: () => ({ 'tasks that had failed, restarted by hand': restartedTasks }),
  })
}

/** Of a worker's REST interface, what is needed here; nothing where it does not answer. */
class ConnectRest {
  readonly #base: string
  readonly #created = new Set<string>()

  constructor(port: number) {
    this.#base = `http://127.0.0.1:${port}/connectors`
  }

  /** Once: the worker keeps it in Kafka. */
  async create(connector: Properties): Promise<void> {
    const { name = '' } = connector
    if (this.#created.has(name)) return
    const answer = await this.#ask('PUT', `${name}/config`, connector)
    if (answer?.ok === true) this.#created.add(name)
  }

  /** Of the connector's one task. */
  async state(name: string): Promise<string | undefined> {
    const answer = await this.#ask('GET', `${name}/status`)
    if (answer?.ok !== true) return undefined
    const { tasks } = (await answer.json()) as { tasks: readonly { state: string }[] }
    return tasks[0]?.state
  }

  async restart(name: string): Promise<void> {
    await this.#ask('POST', `${name}/restart?includeTasks=true&onlyFailed=true`)
  }

  async #ask(method: string, path: string, body?: object): Promise<Response | undefined> {
    const signal = AbortSignal.timeout(5_000)
    const headers = { 'content-type': 'application/json' }
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    return fetch(`${this.#base}/${path}`, { method, headers, signal, ...init }).catch(() => undefined)
  }
}
