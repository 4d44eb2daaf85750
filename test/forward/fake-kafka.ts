import { setImmediate as turn } from 'node:timers/promises'
import type { Encode } from '../../src/forward/cutter.ts'
import type { KafkaPort, PartitionState, ProduceAnswer, ProducerIdentity } from '../../src/kafka/port.ts'
import type { BatchHeader } from '../../src/kafka/record-batch.ts'

/** A batch as the fake reads it: its header, and its lines as they are. */
export const encodePlainly: Encode = (lines, header) => {
  const head = JSON.stringify(header, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  const records = lines.toString('latin1').split('\n').length - 1
  return { bytes: Buffer.concat([Buffer.from(`${head}\n`), lines]), records }
}

type Header = Omit<BatchHeader, 'producerId'> & { readonly producerId: string }

interface Sent {
  readonly header: Header
  readonly lines: readonly string[]
  readonly bytes: number
}

/** What happens to one batch. 'lost': the connection ends, before or after the broker took it. */
export type Fate = 'taken' | 'lost before' | 'lost after' | number

interface ProducerState {
  readonly epoch: number
  /** First and last sequence of the last five batches, the newest last. */
  readonly batches: readonly (readonly [first: number, last: number])[]
}

/** One partition, with what a real broker does about producers: https://cwiki.apache.org/confluence/x/0IixAw */
export class FakePartition {
  readonly log: string[] = []
  readonly producers = new Map<string, ProducerState>()
  leader: number | undefined = 1
  maxBytes = Infinity

  /** The error code; 0 also for what was there before. */
  append({ header, lines, bytes }: Sent): number {
    if (bytes > this.maxBytes) return 10
    const { producerId, producerEpoch: epoch, baseSequence: first } = header
    const last = (first + lines.length - 1) % 2 ** 31
    if (producerId !== '-1') {
      const known = this.producers.get(producerId)
      if (known?.batches.some(([from, to]) => from === first && to === last) === true) return 0
      const expected = known === undefined ? first : ((known.batches.at(-1)?.[1] ?? -1) + 1) % 2 ** 31
      if (first !== expected) return 45
      this.producers.set(producerId, {
        epoch,
        batches: [...(known?.batches ?? []), [first, last] as const].slice(-5),
      })
    }
    this.log.push(...lines)
    return 0
  }
}

class Refused extends Error {
  readonly kafkaCode: number | undefined

  constructor(message: string, kafkaCode?: number) {
    super(message)
    this.kafkaCode = kafkaCode
  }
}

export interface FakeKafkaOptions {
  /** By topic. @default 1 */
  readonly partitions?: Readonly<Record<string, number>>
  /** @default 'taken' */
  readonly fate?: (topic: string, partition: number) => Fate
}

/** Brokers in memory, behind as many ports as are opened. */
export class FakeKafka {
  readonly #options: FakeKafkaOptions
  readonly topics = new Map<string, FakePartition[]>()
  /** Topics that are not there, by the code that says so. */
  readonly missing = new Map<string, number>()
  producerRefusal: number | undefined
  #producers = 4711n
  /** Most batches of one partition that were under way at once. */
  mostInFlight = 0
  batches = 0

  constructor(options: FakeKafkaOptions = {}) {
    this.#options = options
  }

  partition(topic: string, partition: number): FakePartition {
    const found = this.partitions(topic)[partition]
    if (found === undefined) throw new Refused(`${topic}-${partition}: UNKNOWN_TOPIC_OR_PARTITION (3)`, 3)
    return found
  }

  partitions(topic: string): FakePartition[] {
    let found = this.topics.get(topic)
    if (found === undefined) {
      found = Array.from({ length: this.#options.partitions?.[topic] ?? 1 }, () => new FakePartition())
      this.topics.set(topic, found)
    }
    return found
  }

  /** All lines of a topic, partition by partition. */
  lines(topic: string): string[] {
    return (this.topics.get(topic) ?? []).flatMap(({ log }) => log)
  }

  connect(): FakePort {
    return new FakePort(this)
  }

  fate(topic: string, partition: number): Fate {
    return this.#options.fate?.(topic, partition) ?? 'taken'
  }

  newProducer(): ProducerIdentity {
    if (this.producerRefusal !== undefined) throw new Refused('no producer id', this.producerRefusal)
    return { id: this.#producers++, epoch: 0 }
  }
}

interface Waiting {
  readonly topic: string
  readonly partition: number
  readonly sent: Sent
  readonly resolve: (answer: ProduceAnswer) => void
  readonly reject: (error: Error) => void
}

export class FakePort implements KafkaPort {
  readonly #kafka: FakeKafka
  /** What is under way, by lane: one connection each. */
  readonly #lanes = new Map<string, Waiting[]>()
  #closed = false

  constructor(kafka: FakeKafka) {
    this.#kafka = kafka
  }

  async partitions(topic: string): Promise<readonly PartitionState[]> {
    await turn()
    if (this.#closed) throw new Refused('closed')
    const code = this.#kafka.missing.get(topic)
    if (code !== undefined) throw new Refused(`partitions of ${topic}: no (${code})`, code)
    return this.#kafka.partitions(topic).map(({ leader }, partition) => ({ partition, leader }))
  }

  async initProducerId(): Promise<ProducerIdentity> {
    await turn()
    if (this.#closed) throw new Refused('closed')
    return this.#kafka.newProducer()
  }

  produce(topic: string, partition: number, batch: Buffer): Promise<ProduceAnswer> {
    const end = batch.indexOf(10)
    const header = JSON.parse(batch.toString('utf8', 0, end)) as Header
    const lines = batch
      .toString('utf8', end + 1)
      .split('\n')
      .slice(0, -1)
    return new Promise((resolve, reject) => {
      const name = `${topic}/${partition}`
      const queue = this.#lanes.get(name) ?? []
      this.#lanes.set(name, queue)
      queue.push({ topic, partition, sent: { header, lines, bytes: batch.length - end }, resolve, reject })
      this.#kafka.mostInFlight = Math.max(this.#kafka.mostInFlight, queue.length)
      if (queue.length === 1) void this.#work(queue)
    })
  }

  /** Answers in order. */
  async #work(queue: Waiting[]): Promise<void> {
    for (;;) {
      await turn()
      const first = queue[0]
      if (first === undefined) return
      const { topic, partition, sent } = first
      if (this.#closed) return
      this.#kafka.batches++
      const fate = this.#kafka.missing.get(topic) ?? this.#kafka.fate(topic, partition)
      const there = this.#kafka.partitions(topic)[partition]
      if (fate === 'lost before' || fate === 'lost after') {
        // The connection ends: what is behind may have been taken, but not what is behind something that was not.
        if (fate === 'lost after') for (const { sent: one } of queue) there?.append(one)
        for (const { reject } of queue.splice(0)) reject(new Refused('the connection was lost'))
        continue
      }
      const code =
        typeof fate === 'number'
          ? fate
          : there === undefined
            ? 3
            : there.leader === undefined
              ? 5
              : there.append(sent)
      queue.shift()
      if (code === 0) first.resolve({ baseOffset: -1n })
      else first.reject(new Refused(`produce to ${topic}-${partition}: error ${code}`, code))
    }
  }

  /** As a process dies: nobody hears an answer any more, and of what is under way some arrives. */
  die(arrives: boolean): void {
    if (arrives)
      for (const { topic, partition, sent } of [...this.#lanes.values()].flat())
        this.#kafka.partitions(topic)[partition]?.append(sent)
    this.#closed = true
    this.#lanes.clear()
  }

  close(): Promise<void> {
    this.#closed = true
    for (const queue of this.#lanes.values())
      for (const { reject } of queue.splice(0)) reject(new Refused('the client was closed'))
    return Promise.resolve()
  }
}
