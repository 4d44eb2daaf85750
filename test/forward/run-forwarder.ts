import { copyFileSync, existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Diagnostic } from '../../src/diagnostics.ts'
import { CheckpointFile } from '../../src/forward/checkpoint.ts'
import {
  rulesOf,
  type Delivery,
  type ForwarderSettings,
  type Ledger,
} from '../../src/forward/forwarder-parts.ts'
import { Forwarder } from '../../src/forward/forwarder.ts'
import { KeyPlacer } from '../../src/forward/key-placer.ts'
import type { KeySettings } from '../../src/forward/key.ts'
import type { RefusedLine } from '../../src/forward/refused-lines.ts'
import { TopicRouter, type RouteSettings } from '../../src/forward/router.ts'
import type { RuleSettings } from '../../src/forward/rule.ts'
import type { KafkaState } from '../../src/forward/sender.ts'
import { Signal } from '../../src/forward/signal.ts'
import { startingPoint } from '../../src/forward/starting-point.ts'
import { JournalReader } from '../../src/journal/reader.ts'
import { segmentFile } from '../../src/journal/segment.ts'
import { partitionOf } from '../../src/kafka/murmur2.ts'
import { encodePlainly, type FakeKafka, type FakePort } from './fake-kafka.ts'

class Counts implements Ledger {
  acknowledged = 0
  wakes = 0
  readonly counts: Partial<Record<Parameters<Ledger['add']>[0], number>> = {}
  readonly #woken = new Signal()

  add(what: Parameters<Ledger['add']>[0], count: number): void {
    this.counts[what] = (this.counts[what] ?? 0) + count
  }

  wake(): void {
    this.wakes++
    this.#woken.raise()
  }

  async changed(seen: number): Promise<void> {
    if (this.wakes === seen) await this.#woken.wait()
  }
}

export interface RunOptions {
  readonly dir: string
  readonly kafka: FakeKafka
  readonly routing?: Partial<RouteSettings>
  readonly batchBytes?: number
  readonly key?: KeySettings
  readonly settings?: Partial<ForwarderSettings>
}

/** One life of a forwarder, with the journal and the checkpoint that are in `dir`. */
export class Life {
  readonly ledger = new Counts()
  readonly diagnostics: Diagnostic[] = []
  readonly refused: (RefusedLine & { readonly line: string })[] = []
  readonly deliveries: Delivery[] = []
  readonly states: [KafkaState, string | undefined][] = []
  readonly path: string
  readonly ended: Promise<void>
  readonly forwarder: Forwarder
  #ports: FakePort[]

  private constructor(path: string, make: (life: Life, ports: FakePort[]) => Forwarder) {
    this.path = path
    this.#ports = []
    this.forwarder = make(this, this.#ports)
    this.ended = this.forwarder.run()
  }

  static async begin(
    { dir, kafka, routing, batchBytes = 1000, key, settings }: RunOptions,
    path: string,
  ): Promise<Life> {
    const reader = await JournalReader.open({ dir, name: 'shop', slot: 0 })
    const router = new TopicRouter({ service: 'shop', topic: 'logs', routes: [], ...routing })
    const placer =
      key && new KeyPlacer({ settings: key, journal: 'the journal', partitionOf, onThrow: () => undefined })
    const checkpointFile = new CheckpointFile(path)
    const checkpoint = startingPoint(
      checkpointFile.load(),
      reader.position,
      undefined,
      'the journal',
      rulesOf({ router, placer }),
    )
    await reader.seek(checkpoint.position)
    return new Life(path, (life, ports) => {
      life.ledger.acknowledged = checkpoint.position.ordinal
      return new Forwarder({
        settings: {
          batchBytes,
          linger: 0,
          idleTimeout: 60_000,
          queue: { maxBytes: 1e6, maxRecords: 1e6 },
          partition: 'journal',
          leaderTimeout: 60_000,
          delivery: 'exactly-once',
          ...settings,
        },
        reader,
        router,
        placer,
        checkpoint,
        checkpointFile,
        connect: () => {
          const port = kafka.connect()
          ports.push(port)
          return port
        },
        encode: encodePlainly,
        // Whoever needs them all the same finds something else there.
        release: (bytes) => void bytes.fill(0),
        ledger: life.ledger,
        diagnose: (diagnostic) => life.diagnostics.push(diagnostic),
        onState: (state, error) => life.states.push([state, error]),
        keepRefused: (line, about) => life.refused.push({ line: line.toString(), ...about }),
        onDelivery: (delivery) => life.deliveries.push(delivery),
        backoff: () => 0,
      })
    })
  }

  /** As by SIGKILL: what the next life finds is what is on disk now. */
  async kill(next: string, arrives: boolean): Promise<void> {
    if (existsSync(this.path)) copyFileSync(this.path, next)
    for (const port of this.#ports) port.die(arrives)
    await this.stop()
  }

  async stop(): Promise<void> {
    this.forwarder.stop()
    await this.ended
  }
}

export async function writeSegment(dir: string, lines: readonly string[], ordinal = 0): Promise<void> {
  await writeFile(
    join(dir, segmentFile('shop', 0, ordinal, '20261121')),
    lines.map((line) => `${line}\n`).join(''),
  )
}

export function route(rule: Partial<RuleSettings>): RuleSettings {
  return {
    levels: undefined,
    ranks: undefined,
    logger: undefined,
    match: undefined,
    topic: undefined,
    ...rule,
  }
}
