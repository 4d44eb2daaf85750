import { setTimeout as delay } from 'node:timers/promises'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { toError } from '../errors.ts'
import type { Block, JournalReader } from '../journal/reader.ts'
import type { KafkaPort, ProducerIdentity } from '../kafka/port.ts'
import type { BatchHeader, EncodedBatch } from '../kafka/record-batch.ts'
import type { Position } from '../record.ts'
import { backoff } from '../retry.ts'
import type { Checkpoint, CheckpointFile, CutBatch } from './checkpoint.ts'
import { choosePartition } from './partition.ts'
import { Signal } from './signal.ts'
import { verdict } from './verdict.ts'
import { Window, type BatchEntry, type Entry, type WindowBounds } from './window.ts'

/** What Kafka calls a record without a time, which it takes from any clock. */
const NO_TIMESTAMP = -1
/** A broker remembers the last five batches of a producer in a partition: so many may be asked about again. */
const MAX_IN_FLIGHT = 5
/** Failures in a row after which the client is replaced: it may be the one that hangs. */
const REPLACE_CLIENT_AFTER = 3
/** Sequences wrap around behind the largest signed 32-bit number. */
const SEQUENCES = 2 ** 31

/** 'idle': connections are closed until there is a line to send. 'off': forwarding was not asked for. */
export type KafkaState = 'off' | 'starting' | 'connected' | 'idle' | 'retrying' | 'stopped'

export interface ForwarderSettings {
  readonly topic: string
  /** Bytes of journal that make one batch. */
  readonly batchBytes: number
  /** Milliseconds to wait for more lines after the first one behind a pause. */
  readonly linger: number
  /** Milliseconds without lines after which the connections are closed. */
  readonly idleTimeout: number
  readonly queue: WindowBounds
}

/** Where forwarding tells how far it is, and is told that there is more. */
export interface Ledger {
  /** Ordinal of the first line that is not settled yet. */
  acknowledged: number
  add(what: 'forwarded' | 'deleted' | 'refused' | 'retries' | 'duplicatesPossible', count: number): void
  /** To be read before looking into the journal, and given to `changed` when nothing was found there. */
  readonly wakes: number
  changed(seen: number): Promise<void>
  wake(): void
}

export interface ForwarderParts {
  readonly settings: ForwarderSettings
  readonly reader: JournalReader
  readonly checkpoint: Checkpoint
  readonly checkpointFile: CheckpointFile
  readonly connect: () => KafkaPort
  readonly encode: (lines: Buffer, header: BatchHeader) => EncodedBatch | Promise<EncodedBatch>
  readonly ledger: Ledger
  readonly diagnose: DiagnosticHandler
  readonly onState: (state: KafkaState, error: string | undefined) => void
}

/** Why a batch was not acknowledged: with the broker's error code, or, where no answer came, without. */
interface Refusal extends Error {
  readonly kafkaCode?: number | undefined
}

/**
 * Moves one journal into one partition: oldest first, each line once.
 *
 * Two loops share the window. Reading fills it, and is the only one to touch the reader. Sending keeps up
 * to five of its batches on their way. Each batch is written down in the checkpoint before it leaves; what
 * was written down and not acknowledged is sent again, the same, after any death, and the broker knows it
 * by its numbers.
 */
export class Forwarder {
  readonly #parts: ForwarderParts
  readonly #window: Window
  readonly #stop = new AbortController()
  readonly #reading = new Signal()
  readonly #sending = new Signal()

  #port: KafkaPort | undefined
  /** Partition and producer id are agreed upon with the cluster as it is now. */
  #established = false
  #partition: number | undefined
  #producer: ProducerIdentity | undefined
  /** Everything before it is in Kafka or lost. */
  #position: Position
  /** Sequence of the next record to be cut. */
  #sequence: number
  /** Batches of an earlier process that Kafka may have: cut again as they were, before anything else. */
  #replay: CutBatch[]
  /** Where reading has to go on instead of where it is; what it holds in its hands meanwhile is void. */
  #rewind: Position | undefined
  #batchBytes: number
  /** Lines before this ordinal go without a time, since the broker refused theirs. */
  #unstampedBefore = 0

  #refused: { readonly entry: BatchEntry; readonly error: Refusal }[] = []
  /**
   * The broker has taken a batch with our numbers since the last trouble. Before that only one is sent: a
   * broker that does not know a producer takes any number for its first, so a second batch that arrives where
   * the first was turned away would lock the first one out for good.
   */
  #proven = false
  #failures = 0
  #trouble: string | undefined
  #saved = true
  #idle: NodeJS.Timeout | undefined
  #waiters: { readonly ordinal: number; readonly resolve: () => void }[] = []

  constructor(parts: ForwarderParts) {
    this.#parts = parts
    this.#window = new Window(parts.settings.queue)
    const { partition, producer, position, sequence, inFlight } = parts.checkpoint
    this.#partition = partition
    this.#producer = producer && { id: BigInt(producer.id), epoch: producer.epoch }
    this.#position = position
    this.#sequence = inFlight[0]?.sequence ?? sequence
    this.#replay = [...inFlight]
    this.#batchBytes = parts.settings.batchBytes
  }

  /** Forwards until `stop`. Rejects only where the journal cannot be read. */
  async run(): Promise<void> {
    this.#parts.onState('starting', undefined)
    const loops = [this.#readLoop(), this.#sendLoop()]
    try {
      await Promise.all(loops)
    } finally {
      this.stop()
      await Promise.allSettled(loops)
      clearTimeout(this.#idle)
      await this.#port?.close()
      await this.#parts.reader.close()
      this.#parts.checkpointFile.close()
      this.#parts.onState('stopped', this.#trouble)
    }
  }

  /** Ends both loops; batches under way are left to the checkpoint. */
  stop(): void {
    this.#stop.abort()
    this.#reading.raise()
    this.#sending.raise()
    this.#parts.ledger.wake()
    void this.#port?.close() // So that no answer is waited for.
  }

  /** Resolves when every line before `ordinal` is in Kafka or lost. */
  async reached(ordinal: number): Promise<void> {
    if (this.#position.ordinal >= ordinal) return
    await new Promise<void>((resolve) => this.#waiters.push({ ordinal, resolve }))
  }

  // Reading: journal -> window

  async #readLoop(): Promise<void> {
    const { reader, ledger, settings } = this.#parts
    while (!this.#stop.signal.aborted) {
      if (this.#rewind !== undefined) {
        await reader.seek(this.#rewind)
        this.#rewind = undefined
      }
      if (this.#producer === undefined || this.#window.isFull) {
        if (this.#producer === undefined) this.#sending.raise()
        await this.#reading.wait()
        continue
      }
      const seen = ledger.wakes
      const entries = await this.#cut()
      if (entries.length > 0) {
        this.#push(entries)
      } else if (!this.#isRewound()) {
        await ledger.changed(seen)
        if (settings.linger > 0) await delay(settings.linger)
      }
    }
  }

  #isRewound(): boolean {
    return this.#rewind !== undefined
  }

  #push(entries: readonly Entry[]): void {
    // Cutting took a while, in which the numbers may have changed.
    if (this.#isRewound()) return
    for (const entry of entries) {
      this.#window.push(entry)
      if (entry.kind === 'batch') this.#sequence = (entry.sequence + entry.records) % SEQUENCES
    }
    this.#sending.raise()
  }

  /** The next piece of the journal, as one batch and what is missing before it; nothing at its end. */
  async #cut(): Promise<Entry[]> {
    const replay = this.#replay[0]
    if (replay !== undefined) return await this.#cutAgain(replay)
    const expected = this.#window.last?.to ?? this.#position
    const block = await this.#parts.reader.read(this.#batchBytes)
    if (block === undefined) return []
    const batch = await this.#encode(
      block,
      block.from.ordinal < this.#unstampedBefore ? NO_TIMESTAMP : Date.now(),
    )
    return batch === undefined ? [] : [...missing(expected, block.from), batch]
  }

  /** A batch of an earlier process, from the same bytes with the same numbers. */
  async #cutAgain({ from, to, records, sequence, timestamp }: CutBatch): Promise<Entry[]> {
    const { reader } = this.#parts
    const expected = this.#window.last?.to ?? this.#position
    await reader.seek(from)
    const block = await reader.read(to.offset - from.offset)
    if (block?.from.segment !== from.segment || block.to.offset !== to.offset || block.lines !== records) {
      // The journal lost what was sent from it (a power cut, a deleted file): the numbers mean nothing now.
      this.#renumber('the journal no longer holds what was sent from it')
      return []
    }
    this.#sequence = sequence
    const batch = await this.#encode(block, timestamp)
    this.#replay.shift()
    if (batch === undefined) return []
    batch.attempted = true
    return [...missing(expected, block.from), batch]
  }

  async #encode(block: Block, timestamp: number): Promise<BatchEntry | undefined> {
    const producer = this.#producer
    if (producer === undefined) return undefined
    const sequence = this.#sequence
    const header = {
      producerId: producer.id,
      producerEpoch: producer.epoch,
      baseSequence: sequence,
      timestamp,
    }
    const { from, to } = block
    const { bytes, records } = await this.#parts.encode(block.bytes, header)
    return { kind: 'batch', from, to, records, sequence, timestamp, bytes, state: 'ready', attempted: false }
  }

  // Sending: window -> Kafka

  async #sendLoop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#refused.length > 0) {
          if (this.#countSent() === 0) {
            await this.#resolveRefusal()
            continue
          }
        } else {
          if (!this.#established && (this.#producer === undefined || !this.#window.isEmpty))
            await this.#establish()
          if (this.#established) this.#sendReady()
          if (this.#established && this.#window.isEmpty) this.#settleDown()
        }
      } catch (thrown) {
        await this.#retryLater(toError(thrown))
        continue
      }
      await this.#sending.wait()
    }
    if (!this.#saved) this.#save()
  }

  #countSent(): number {
    return this.#window.batches.filter(({ state }) => state === 'sent').length
  }

  /** Agrees with the cluster on partition and producer id. */
  async #establish(): Promise<void> {
    const { connect, checkpoint, settings } = this.#parts
    this.#port ??= connect()
    const partitions = await this.#port.partitions(settings.topic)
    if (this.#partition === undefined || this.#partition >= partitions.length) {
      this.#partition = choosePartition(checkpoint.journal, partitions.length)
    }
    this.#producer ??= await this.#port.initProducerId()
    this.#save()
    this.#established = true
    this.#reading.raise()
    this.#parts.onState('connected', undefined)
  }

  #sendReady(): void {
    const port = this.#port
    const partition = this.#partition
    if (port === undefined || partition === undefined) return
    const room = (this.#proven ? MAX_IN_FLIGHT : 1) - this.#countSent()
    const next = this.#window.batches.filter(({ state }) => state === 'ready').slice(0, room)
    if (next.length === 0) return
    clearTimeout(this.#idle)
    for (const entry of next) entry.attempted = true
    this.#save()
    for (const entry of next) {
      entry.state = 'sent'
      port.produce(this.#parts.settings.topic, partition, entry.bytes).then(
        () => this.#acknowledged(entry),
        (thrown: unknown) => {
          entry.state = 'ready'
          this.#refused.push({ entry, error: toError(thrown) })
          this.#sending.raise()
        },
      )
    }
  }

  #acknowledged(entry: BatchEntry): void {
    entry.state = 'acknowledged'
    const { ledger, onState } = this.#parts
    if (this.#failures > 0) onState('connected', undefined)
    this.#failures = 0
    this.#trouble = undefined
    this.#proven = true
    for (const settled of this.#window.settle()) {
      this.#position = settled.to
      this.#saved = false
      // What a worker before this one has counted, and died before it wrote that down, is not counted again.
      const counted = Math.max(settled.from.ordinal, ledger.acknowledged)
      if (settled.to.ordinal <= counted) continue
      ledger.add(settled.kind === 'batch' ? 'forwarded' : settled.reason, settled.to.ordinal - counted)
      ledger.acknowledged = settled.to.ordinal
    }
    this.#waiters = this.#waiters.filter(({ ordinal, resolve }) => {
      if (ordinal > this.#position.ordinal) return true
      resolve()
      return false
    })
    this.#sending.raise()
    this.#reading.raise()
  }

  /** Everything is forwarded: write that down, and let go of the connections if it stays so. */
  #settleDown(): void {
    if (!this.#saved) this.#save()
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      if (!this.#window.isEmpty || this.#port === undefined) return
      const port = this.#port
      this.#port = undefined
      this.#established = false
      this.#parts.onState('idle', undefined)
      void port.close()
    }, this.#parts.settings.idleTimeout)
  }

  #save(): void {
    const batches = this.#window.batches
    const { journal } = this.#parts.checkpoint
    const inFlight = batches.filter(({ attempted }) => attempted)
    this.#parts.checkpointFile.save({
      version: 1,
      journal,
      topic: this.#parts.settings.topic,
      partition: this.#partition,
      producer: this.#producer && { id: String(this.#producer.id), epoch: this.#producer.epoch },
      sequence: batches.find(({ attempted }) => !attempted)?.sequence ?? this.#sequence,
      position: this.#position,
      inFlight: [...inFlight.map(cutOf), ...this.#replay],
    })
    this.#saved = true
  }

  // Trouble

  /** Nothing is under way any more; the oldest refusal decides, since those behind it follow from it. */
  async #resolveRefusal(): Promise<void> {
    const order = this.#window.batches
    const [first] = this.#refused
      .filter(({ entry }) => order.includes(entry))
      .sort((a, b) => order.indexOf(a.entry) - order.indexOf(b.entry))
    this.#refused = []
    if (first === undefined) return
    const { entry, error } = first
    switch (verdict(error.kafkaCode)) {
      case 'again':
        await this.#retryLater(error)
        break
      case 'split':
        this.#split(entry, error)
        break
      case 'unstamp':
        // A clock that jumped ahead must not hold up the log, nor lose the lines: what they say stays.
        if (entry.timestamp === NO_TIMESTAMP) await this.#retryLater(error)
        this.#unstampedBefore = entry.to.ordinal
        this.#cutAnew(entry)
        break
      case 'renumber':
        this.#renumber(error.message)
        await this.#retryLater(error)
        break
    }
  }

  async #retryLater(error: Error): Promise<void> {
    const { onState, ledger, diagnose, settings } = this.#parts
    this.#failures++
    this.#established = false
    this.#proven = false
    ledger.add('retries', 1)
    this.#trouble = error.message
    onState('retrying', error.message)
    // Leaders move, and a new topic has none for a moment: only a second refusal is worth telling aloud.
    diagnose({
      level: this.#failures === 1 ? 'info' : 'warn',
      message: `forwarding to ${settings.topic}: ${error.message}`,
      error,
    })
    if (this.#failures % REPLACE_CLIENT_AFTER === 0) {
      const port = this.#port
      this.#port = undefined
      void port?.close()
    }
    await delay(backoff(this.#failures), undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }

  #split(entry: BatchEntry, error: Error): void {
    const { from, to, records } = entry
    this.#cutAnew(entry)
    if (records === 1) {
      this.#parts.diagnose({
        level: 'error',
        message: `Kafka refused a line, it is lost: ${error.message}`,
        error,
      })
      this.#window.push({ kind: 'loss', from, to, records, reason: 'refused' })
      this.#rewind = to
      // It was this line that was too large, not the batches.
      this.#batchBytes = this.#parts.settings.batchBytes
    } else {
      this.#batchBytes = Math.max(1, Math.floor((to.offset - from.offset) / 2))
    }
  }

  /** From a refused batch on, cut and number again: nothing behind it was taken, or can be, without it. */
  #cutAnew(entry: BatchEntry): void {
    this.#window.dropFrom(entry)
    this.#replay = []
    this.#sequence = entry.sequence
    this.#rewind = entry.from
    this.#reading.raise()
    this.#parts.ledger.wake()
  }

  /** The broker and we disagree on numbers: a new producer id, from the checkpoint. */
  #renumber(why: string): void {
    const { ledger, diagnose, settings } = this.#parts
    const unsure = this.#window.batches.filter(({ attempted }) => attempted)
    const doubtful = [...unsure, ...this.#replay].reduce((sum, { records }) => sum + records, 0)
    ledger.add('duplicatesPossible', doubtful)
    diagnose({
      level: 'warn',
      message: `forwarding to ${settings.topic} takes a new producer id, ${doubtful} lines may be there twice: ${why}`,
    })
    const [oldest] = this.#window.batches
    if (oldest !== undefined) this.#window.dropFrom(oldest)
    this.#replay = []
    this.#producer = undefined
    this.#established = false
    this.#proven = false
    this.#sequence = 0
    this.#rewind = this.#window.last?.to ?? this.#position
    this.#sending.raise()
    this.#reading.raise()
    ledger.wake()
  }
}

/** Lines between where the journal should go on and where it does, gone before they could be forwarded. */
function missing(expected: Position, from: Position): Entry[] {
  const records = from.ordinal - expected.ordinal
  if (records <= 0) return []
  return [{ kind: 'loss', from: expected, to: from, records, reason: 'deleted' }]
}

function cutOf({ from, to, records, sequence, timestamp }: BatchEntry): CutBatch {
  return { from, to, records, sequence, timestamp }
}
