import { setTimeout as delay } from 'node:timers/promises'
import { toError } from '../errors.ts'
import type { ProducerIdentity } from '../kafka/port.ts'
import type { Position } from '../record.ts'
import { attempted, firstSequences, moved, number, sequenceAfter, unsent, type Cut } from './cut.ts'
import { Cutter } from './cutter.ts'
import { rulesOf, type ForwarderParts } from './forwarder-parts.ts'
import { Lanes, type Lane, type PartEntry } from './lane.ts'
import type { RefusedLine } from './refused-lines.ts'
import { Sender, type RefusedPart } from './sender.ts'
import { Signal } from './signal.ts'
import { snapshot } from './snapshot.ts'
import { Topics, type Topic } from './topics.ts'
import { describeCut, Window, type Entry } from './window.ts'

/** Topics of each day, and others that come and go, leave their numbers behind: so many are kept. */
const MAX_LANES = 1000

/** Cuts that may wait for others to come back: more would only be smaller, as lines come one by one. */
const CUTS_AHEAD = 2
/** Milliseconds after which one more is made all the same: it may go where nothing is in its way. */
const AHEAD_PATIENCE = 50

/** Who sends without numbers. */
const WITHOUT_ID: ProducerIdentity = { id: -1n, epoch: -1 }

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
    this.#topics = new Topics(checkpoint.journal, topics, settings.partition, parts.backoff)
    this.#producer =
      producer === undefined || producer.id === WITHOUT_ID.id.toString()
        ? undefined
        : { id: BigInt(producer.id), epoch: producer.epoch }
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
        placer: parts.placer,
        producer: () => this.#producer,
        batchBytes: settings.batchBytes,
        onMismatch: (why) => this.#forget(why),
        onRefused: (line, about) => this.#keep(line, about),
      },
      position,
      inFlight,
    )
    this.#sender = this.#makeSender()
    const { main } = router
    // A missing topic is made at once, not with the first line.
    if (this.#producer === undefined && main !== undefined) this.#topics.get(main).isWanted = true
    const isNumbered = this.#producer !== undefined
    if (inFlight.length > 0 && checkpoint.rules !== rulesOf(parts))
      this.#forget('lines are sorted by other rules now')
    else if (inFlight.length > 0 && !isNumbered) this.#renumber('it had none before', inFlight, 0)
    if (settings.delivery === 'at-least-once') this.#producer = WITHOUT_ID
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
      onNotAllowed: (error) => this.#doWithoutId(error),
      onTold: (topic) => this.#told(topic),
      // Without numbers a batch that was refused could come behind the next one.
      mostInFlight: () => (this.#producer === WITHOUT_ID ? 1 : Infinity),
      save: () => this.#save(),
      release: this.#parts.release,
      onSettledDown: () => {
        if (this.#lanes.size > MAX_LANES) this.#forgetLanes()
        if (!this.#saved) this.#save()
      },
      onAcknowledged: () => this.#settle(),
      onRefused: (refused) => this.#mend(refused),
      onLeave: (lanes) => this.#leave(lanes),
      onRepeated: (lines) => ledger.add('duplicatesPossible', lines),
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
    let isPatient = true
    while (!this.#stop.signal.aborted) {
      if (this.#producer === undefined || this.#window.isFull) {
        this.#sender.wake()
        await this.#reading.wait()
        continue
      }
      if (isPatient && this.#window.unsent >= CUTS_AHEAD) {
        await this.#reading.wait(AHEAD_PATIENCE)
        isPatient = false
        continue
      }
      isPatient = true
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
    const { checkpoint, checkpointFile } = this.#parts
    checkpointFile.save({
      version: 2,
      journal: checkpoint.journal,
      rules: rulesOf(this.#parts),
      producer: this.#producer && { id: String(this.#producer.id), epoch: this.#producer.epoch },
      position: this.#position,
      ...snapshot(this.#window.cuts, this.#cutter.again, this.#lanes, this.#topics),
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
    part.reason = error.message
    // It was this line that was too large, not the others.
    part.lane.maxBytes = Infinity
    this.#parts.diagnose({
      level: 'error',
      message: `Kafka refused a line, it is lost: ${error.message}`,
      error,
    })
  }

  #keep(line: Buffer, about: RefusedLine): void {
    try {
      this.#parts.keepRefused(line, about)
    } catch (thrown) {
      const error = toError(thrown)
      this.#parts.diagnose({
        level: 'error',
        message: `cannot put a refused line aside: ${error.message}`,
        error,
      })
    }
  }

  #doWithoutId(error: Error): void {
    const { diagnose, onDelivery } = this.#parts
    diagnose({
      level: 'warn',
      message: `no permission for idempotent writes, so lines are forwarded at least once: ${error.message}`,
      error,
    })
    this.#producer = WITHOUT_ID
    onDelivery('at-least-once')
    this.#reading.raise()
  }

  /** Leaves partitions that are gone, or have been without a leader for too long. */
  #told(topic: Topic): void {
    const { placer, settings, ledger, diagnose } = this.#parts
    const left = new Set<number>()
    const refuge = (partition: number): number | undefined => {
      // A key has one partition only.
      if (placer !== undefined && partition < topic.count) return undefined
      return this.#topics.refuge(topic, partition, settings.leaderTimeout)
    }
    for (const lane of this.#lanes) {
      const to = lane.topic === topic.name && lane.queue.length > 0 ? refuge(lane.partition) : undefined
      if (to === undefined) continue
      left.add(lane.partition)
      this.#sender.leave(lane, to)
    }
    const home = topic.home === undefined ? undefined : refuge(topic.home)
    if (home !== undefined && settings.partition === 'journal') {
      left.add(topic.home ?? 0)
      topic.home = home
    }
    for (const partition of left) {
      ledger.add('moved', 1)
      diagnose({ level: 'warn', message: `${topic.name}-${partition} has no leader: its lines go elsewhere` })
    }
    this.#reading.raise()
  }

  #leave(lanes: ReadonlyMap<Lane, number>): void {
    let cuts = this.#cuts()
    const names = [...lanes.keys()].map(({ topic, partition }) => `${topic}-${partition}`).join(', ')
    if (this.#parts.placer !== undefined) {
      // Where the lines of a partition that is gone belong now, only their keys tell.
      this.#renumber(`${names} is no more`, [], attempted(cuts, ['unsure', 'acknowledged']))
      return
    }
    for (const [{ topic, partition }, to] of lanes) cuts = moved(cuts, topic, partition, to)
    this.#renumber(`${names} was left`, cuts, 0)
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

  /** With nothing under way, a new producer is nobody's loss, and needs no number of the old one's. */
  #forgetLanes(): void {
    if (this.#cutter.again.length > 0) return
    this.#lanes.clear()
    this.#topics.clear()
    this.#renumber('it has numbers in too many partitions', [], 0)
  }

  /** The broker and we disagree on numbers: a new producer, that knows what is acknowledged and nothing else. */
  #renumber(why: string, cuts: readonly Cut[], forgotten: number): void {
    const { ledger, diagnose } = this.#parts
    const doubtful = forgotten + attempted(cuts, ['unsure'])
    ledger.add('duplicatesPossible', doubtful)
    diagnose({
      level: doubtful === 0 ? 'info' : 'warn',
      message: `forwarding takes a new producer id, ${doubtful} lines may be there twice: ${why}`,
    })
    if (this.#producer !== WITHOUT_ID) this.#producer = undefined
    for (const lane of this.#lanes) lane.next = 0
    this.#restart(unsent(cuts), new Map())
  }
}

function sum(parts: readonly PartEntry[]): number {
  return parts.reduce((total, { records }) => total + records, 0)
}
