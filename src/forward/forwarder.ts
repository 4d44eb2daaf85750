import { setTimeout as delay } from 'node:timers/promises'
import type { DiagnosticHandler } from '../diagnostics.ts'
import type { JournalReader } from '../journal/reader.ts'
import type { KafkaPort, ProducerIdentity } from '../kafka/port.ts'
import type { Position } from '../record.ts'
import type { Checkpoint, CheckpointFile, TopicState } from './checkpoint.ts'
import { attempted, firstSequences, number, sequenceAfter, unsent, type Cut } from './cut.ts'
import { Cutter, type Encode } from './cutter.ts'
import { Lanes, type PartEntry } from './lane.ts'
import type { Router } from './router.ts'
import { Sender, type KafkaState, type RefusedPart } from './sender.ts'
import type { Backoff } from './setback.ts'
import { Signal } from './signal.ts'
import { Topics } from './topics.ts'
import { describeCut, isTouched, Window, type Entry, type WindowBounds } from './window.ts'

export interface ForwarderSettings {
  /** Bytes of journal that make one cut. */
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
  add(
    what: 'forwarded' | 'dropped' | 'deleted' | 'refused' | 'retries' | 'duplicatesPossible',
    count: number,
  ): void
  /** To be read before looking into the journal, and given to `changed` when nothing was found there. */
  readonly wakes: number
  changed(seen: number): Promise<void>
  wake(): void
}

export interface ForwarderParts {
  readonly settings: ForwarderSettings
  readonly reader: JournalReader
  readonly router: Router
  readonly checkpoint: Checkpoint
  readonly checkpointFile: CheckpointFile
  readonly connect: () => KafkaPort
  readonly encode: Encode
  readonly ledger: Ledger
  readonly diagnose: DiagnosticHandler
  readonly onState: (state: KafkaState, error: string | undefined) => void
  /** Milliseconds before something is tried again, after so many failures. @default `retry.ts` */
  readonly backoff?: Backoff
}

/**
 * Moves one journal into the topics that its lines go to: oldest first, each line once.
 *
 * Two loops share the window. Reading fills it, and only its `Cutter` touches the reader. The `Sender` keeps
 * parts of it on their way. What leaves is written down in the checkpoint before; what was written down and not
 * acknowledged is sent again, the same, after any death, and the broker knows it by its numbers.
 */
export class Forwarder {
  readonly #parts: ForwarderParts
  readonly #window: Window
  readonly #lanes: Lanes
  readonly #topics: Topics
  readonly #cutter: Cutter
  readonly #sender: Sender
  readonly #stop = new AbortController()
  readonly #reading = new Signal()

  #producer: ProducerIdentity | undefined
  /** Everything before it is in Kafka, dropped, or lost. */
  #position: Position
  #saved = true
  #waiters: { readonly ordinal: number; readonly resolve: () => void }[] = []

  constructor(parts: ForwarderParts) {
    this.#parts = parts
    const { settings, checkpoint, router, reader, encode } = parts
    const { producer, position, inFlight, topics } = checkpoint
    this.#window = new Window(settings.queue)
    this.#lanes = new Lanes(parts.backoff)
    this.#topics = new Topics(checkpoint.journal, topics, parts.backoff)
    this.#producer = producer && { id: BigInt(producer.id), epoch: producer.epoch }
    this.#position = position
    for (const [topic, { next }] of Object.entries(topics))
      for (const [partition, sequence] of Object.entries(next))
        this.#lanes.get(topic, Number(partition)).next = sequence
    this.#cutter = new Cutter(
      {
        reader,
        router,
        topics: this.#topics,
        lanes: this.#lanes,
        encode,
        producer: () => this.#producer,
        batchBytes: settings.batchBytes,
        onMismatch: (why) => this.#forget(why),
      },
      position,
      inFlight,
    )
    this.#sender = this.#makeSender()
    // A missing topic is made at once, not with the first line.
    if (producer === undefined && router.main !== undefined) this.#topics.get(router.main).isWanted = true
    if (inFlight.length > 0 && checkpoint.rules !== router.rules)
      this.#forget('lines are sorted by other rules now')
  }

  #makeSender(): Sender {
    const { settings, connect, onState, diagnose, ledger } = this.#parts
    return new Sender({
      lanes: this.#lanes,
      topics: this.#topics,
      connect,
      idleTimeout: settings.idleTimeout,
      isIdle: () => this.#window.isEmpty,
      producer: () => this.#producer,
      onProducer: (producer) => {
        this.#producer = producer
        this.#save()
        this.#reading.raise()
      },
      onTold: () => this.#reading.raise(),
      mostInFlight: () => Infinity,
      save: () => this.#save(),
      onSettledDown: () => {
        if (!this.#saved) this.#save()
      },
      onAcknowledged: () => this.#settle(),
      onRefused: (refused) => this.#mend(refused),
      onTrouble: (what, error, failures) => {
        ledger.add('retries', 1)
        // Leaders move, and a new topic has none for a moment: only a second refusal is worth telling aloud.
        diagnose({
          level: failures === 1 ? 'info' : 'warn',
          message: `forwarding to ${what}: ${error.message}`,
          error,
        })
      },
      onState,
      backoff: this.#parts.backoff,
    })
  }

  /** Forwards until `stop`. Rejects only where the journal cannot be read. */
  async run(): Promise<void> {
    const loops = [this.#readLoop(), this.#sender.run()]
    try {
      await Promise.all(loops)
    } finally {
      this.stop()
      await Promise.allSettled(loops)
      const { error } = this.#sender
      await this.#sender.stop()
      if (!this.#saved) this.#save()
      await this.#parts.reader.close()
      this.#parts.checkpointFile.close()
      this.#parts.onState('stopped', error)
    }
  }

  /** Ends both loops; what is under way is left to the checkpoint. */
  stop(): void {
    this.#stop.abort()
    this.#reading.raise()
    void this.#sender.stop()
    this.#parts.ledger.wake()
  }

  /** Resolves when every line before `ordinal` is in Kafka or lost. */
  async reached(ordinal: number): Promise<void> {
    if (this.#position.ordinal >= ordinal) return
    await new Promise<void>((resolve) => this.#waiters.push({ ordinal, resolve }))
  }

  async #readLoop(): Promise<void> {
    const { ledger, settings } = this.#parts
    while (!this.#stop.signal.aborted) {
      if (this.#producer === undefined || this.#window.isFull) {
        this.#sender.wake()
        await this.#reading.wait()
        continue
      }
      const seen = ledger.wakes
      const step = await this.#cutter.next()
      if (step === 'unknown topic') {
        this.#sender.wake()
        await this.#reading.wait()
      } else if (step === 'end') {
        await ledger.changed(seen)
        if (settings.linger > 0) await delay(settings.linger)
      } else if (step !== 'void') {
        this.#push(step)
      }
    }
  }

  #push(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#window.push(entry)
      if (entry.kind === 'loss') continue
      for (const part of entry.parts) {
        if (part.state !== 'ready') continue
        const { lane, sequence, records } = part
        lane.queue.push(part)
        if (sequence === lane.next) lane.next = sequenceAfter(sequence, records)
      }
    }
    this.#settle()
    this.#sender.wake()
  }

  /** What is settled leaves the window, and counts. */
  #settle(): void {
    for (const settled of this.#window.settle()) {
      this.#position = settled.to
      this.#saved = false
      this.#count(settled)
    }
    this.#waiters = this.#waiters.filter(({ ordinal, resolve }) => {
      if (ordinal > this.#position.ordinal) return true
      resolve()
      return false
    })
    this.#reading.raise()
  }

  #count(settled: Entry): void {
    const { ledger } = this.#parts
    const { from, to } = settled
    // What a worker before this one has counted, and died before it wrote that down, is not counted again.
    const counted = Math.max(from.ordinal, ledger.acknowledged)
    const lines = to.ordinal - counted
    if (lines <= 0) return
    if (settled.kind === 'loss') {
      ledger.add('deleted', lines)
    } else {
      const refused = Math.min(lines, sum(settled.parts.filter(({ state }) => state === 'refused')))
      const dropped = Math.min(lines - refused, to.ordinal - from.ordinal - sum(settled.parts))
      if (refused > 0) ledger.add('refused', refused)
      if (dropped > 0) ledger.add('dropped', dropped)
      ledger.add('forwarded', lines - refused - dropped)
    }
    ledger.acknowledged = to.ordinal
  }

  #save(): void {
    const { checkpoint, checkpointFile, router } = this.#parts
    const { cuts } = this.#window
    const untouched = cuts.slice(1 + cuts.findLastIndex(isTouched))
    const next = new Map<string, number>()
    for (const { parts } of untouched)
      for (const { lane, sequence } of parts) if (!next.has(lane.name)) next.set(lane.name, sequence)
    const inFlight = cuts.slice(0, cuts.length - untouched.length).map(describeCut)
    const topics: Record<string, { home?: number; next: Record<string, number> }> = {}
    for (const { name, home } of this.#topics)
      topics[name] = { ...(home !== undefined && { home }), next: {} }
    for (const lane of this.#lanes) {
      const topic = (topics[lane.topic] ??= { next: {} })
      topic.next[lane.partition] = next.get(lane.name) ?? lane.next
    }
    checkpointFile.save({
      version: 2,
      journal: checkpoint.journal,
      rules: router.rules,
      producer: this.#producer && { id: String(this.#producer.id), epoch: this.#producer.epoch },
      topics: topics satisfies Record<string, TopicState>,
      position: this.#position,
      inFlight: [...inFlight, ...this.#cutter.again],
    })
    this.#saved = true
  }

  // Trouble

  /** Nothing is under way any more: what cannot go as it is, is cut again as it can. */
  #mend(refused: readonly RefusedPart[]): void {
    const start = firstSequences(this.#cuts())
    let renumber: string | undefined
    for (const { part, error, verdict } of refused) {
      // What may be there under these numbers cannot go under fewer or more of them.
      if (verdict === 'renumber' || (verdict === 'split' && part.unsure)) renumber ??= error.message
      if (verdict === 'renumber') continue
      // A clock that jumped ahead must not hold up the log, nor lose the lines: what they say stays.
      if (verdict === 'unstamp') part.untimed = true
      else if (part.records > 1) part.lane.maxBytes = Math.max(1, Math.floor(part.size / 2))
      else this.#giveUp(part, error)
    }
    if (renumber !== undefined) {
      this.#renumber(renumber, this.#cuts(), 0)
      return
    }
    this.#restart(this.#cuts(), start)
  }

  #giveUp(part: PartEntry, error: Error): void {
    part.state = 'refused'
    // It was this line that was too large, not the others.
    part.lane.maxBytes = Infinity
    this.#parts.diagnose({
      level: 'error',
      message: `Kafka refused a line, it is lost: ${error.message}`,
      error,
    })
  }

  /** All that was cut and is not settled. */
  #cuts(): readonly Cut[] {
    return [...this.#window.cuts.map(describeCut), ...this.#cutter.again]
  }

  #restart(cuts: readonly Cut[], start: ReadonlyMap<string, number>): void {
    const numbered = number(cuts, start)
    this.#window.clear()
    for (const lane of this.#lanes) {
      lane.clear()
      lane.next = numbered.next.get(lane.name) ?? lane.next
    }
    this.#cutter.restart(this.#position, numbered.cuts)
    this.#sender.wake()
    this.#reading.raise()
    this.#parts.ledger.wake()
  }

  /** What is still to be cut as it was cannot be: it is cut as it comes, and Kafka may have it already. */
  #forget(why: string): void {
    const doubtful = attempted(this.#cutter.again, ['unsure', 'acknowledged'])
    this.#renumber(why, this.#window.cuts.map(describeCut), doubtful)
  }

  /** The broker and we disagree on numbers: a new producer, that knows what is acknowledged and nothing else. */
  #renumber(why: string, cuts: readonly Cut[], forgotten: number): void {
    const { ledger, diagnose } = this.#parts
    const doubtful = forgotten + attempted(cuts, ['unsure'])
    ledger.add('duplicatesPossible', doubtful)
    diagnose({
      level: 'warn',
      message: `forwarding takes a new producer id, ${doubtful} lines may be there twice: ${why}`,
    })
    this.#producer = undefined
    for (const lane of this.#lanes) lane.next = 0
    this.#restart(unsent(cuts), new Map())
  }
}

function sum(parts: readonly PartEntry[]): number {
  return parts.reduce((total, { records }) => total + records, 0)
}
