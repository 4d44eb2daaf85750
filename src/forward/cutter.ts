import type { Block, JournalReader } from '../journal/reader.ts'
import type { ProducerIdentity } from '../kafka/port.ts'
import type { BatchHeader, EncodedBatch } from '../kafka/record-batch.ts'
import type { Position } from '../record.ts'
import { isDone, sequenceAfter, type Cut, type Part } from './cut.ts'
import type { Lane, Lanes, PartEntry } from './lane.ts'
import type { KeyPlacer, PlacedPile } from './key-placer.ts'
import type { RefusedLine } from './refused-lines.ts'
import type { Pile, Router } from './router.ts'
import { sliceByBytes, sliceByRecords, type Slice } from './slices.ts'
import type { Topics } from './topics.ts'
import type { CutEntry, Entry } from './window.ts'

/** What Kafka calls a record without a time, which it takes from any clock. */
const NO_TIMESTAMP = -1
/** Bytes that a record has beside its line, about: lengths, times and the like. */
const BESIDE_LINE = 14
/** Bytes of a batch, records and all, that a broker takes unless it is told otherwise: 1,048,588, and some air. */
const BATCH_LIMIT = 1_000_000
/** Which one it is, is written down. */
const NO_PARTITION = -1

/** What else is known of the lines of a batch. */
export interface AboutLines {
  readonly records: number
  /** The line's number in the journal, by its place in the batch. */
  readonly ordinal: (record: number) => number
}

/** Has read `lines` when it returns; what it returns may take longer. */
export type Encode = (
  lines: Buffer,
  header: BatchHeader,
  about: AboutLines,
) => EncodedBatch | Promise<EncodedBatch>

export interface CutterParts {
  readonly reader: Pick<JournalReader, 'position' | 'read' | 'seek'>
  readonly router: Router
  readonly topics: Topics
  readonly lanes: Lanes
  /** Where keys decide on partitions. */
  readonly placer: KeyPlacer | undefined
  readonly encode: Encode
  readonly producer: () => ProducerIdentity | undefined
  /** Bytes of journal that make one cut. */
  readonly batchBytes: number
  /** What was cut before cannot be cut the same again. */
  readonly onMismatch: (why: string) => void
  /** A line that Kafka will never take. */
  readonly onRefused: (line: Buffer, about: RefusedLine) => void
}

/**
 * - entries: the next ones, for the window.
 * - 'end': there are no more lines now.
 * - 'unknown topic': the cluster has to be asked about one first.
 * - 'void': things have changed meanwhile.
 */
export type Step = readonly Entry[] | 'end' | 'unknown topic' | 'void'

/** Makes cuts out of the journal: first again those that were made before, then new ones. */
export class Cutter {
  readonly #parts: CutterParts
  /** Cuts that were made before, to be made again as they were. */
  #again: readonly Cut[]
  /** Where the next new cut begins, or is behind where lines are gone. */
  #expected: Position
  #seek: Position | undefined
  /** Read, and waiting for what the cluster says of a topic. */
  #held: Block | undefined
  #generation = 0

  constructor(parts: CutterParts, position: Position, again: readonly Cut[]) {
    this.#parts = parts
    this.#again = again
    this.#expected = position
  }

  /** Cuts that are still to be made again. */
  get again(): readonly Cut[] {
    return this.#again
  }

  /** From now on: these once more, and then what is behind them; what is in the works is void. */
  restart(from: Position, again: readonly Cut[]): void {
    this.#generation++
    this.#again = again
    this.#expected = this.#seek = from
    this.#held = undefined
  }

  async next(): Promise<Step> {
    const generation = this.#generation
    const cut = this.#again[0]
    const made = cut === undefined ? await this.#cut() : await this.#cutAgain(cut)
    if (generation !== this.#generation) return 'void'
    if (typeof made === 'string') return made
    this.#held = undefined
    if (cut !== undefined) this.#again = this.#again.slice(1)
    const expected = this.#expected
    this.#expected = made.to
    const isGap = made.from.ordinal > expected.ordinal
    return isGap ? [{ kind: 'loss', from: expected, to: made.from }, made] : [made]
  }

  async #cut(): Promise<Exclude<Step, readonly Entry[]> | CutEntry> {
    const { reader, router, topics, lanes, batchBytes, placer } = this.#parts
    const generation = this.#generation
    if (this.#seek !== undefined) await this.#goTo(this.#seek)
    const block = this.#held ?? (await reader.read(batchBytes))
    // What was read from where things stood before must not be taken for what comes next.
    if (generation !== this.#generation) return 'void'
    this.#held = block
    if (block === undefined) return 'end'
    const { from, to } = block
    const timestamp = Date.now()
    const piles = router.sort(block.bytes, block.lines, timestamp)
    const wanted = piles.flatMap(({ topic }) => (topic === undefined ? [] : [topics.get(topic)]))
    const unknown = wanted.filter(({ partitions }) => partitions === undefined)
    for (const topic of unknown) topic.isWanted = true
    if (unknown.length > 0) return 'unknown topic'
    const parts: PartEntry[] = []
    const partitions = placer && Object.fromEntries(wanted.map(({ name, count }) => [name, count]))
    for (const placed of this.#placed(piles, partitions, (topic) => topics.place(topic))) {
      const lane = lanes.get(placed.topic, placed.partition)
      let { next } = lane
      for (const slice of sliceByBytes(placed, Math.min(lane.maxBytes, mostBytes(placed, batchBytes)))) {
        parts.push(await this.#encode(lane, { sequence: next }, slice, placed, block, timestamp))
        next = sequenceAfter(next, slice.records)
      }
    }
    return { kind: 'cut', from, to, timestamp, ...(partitions && { partitions }), parts }
  }

  /** One after the other, since what a pile holds is valid only until the next one. */
  *#placed(
    piles: readonly Pile[],
    partitions: Cut['partitions'],
    place: (topic: string) => number,
  ): Generator<PlacedPile & { readonly topic: string }> {
    const { placer } = this.#parts
    for (const pile of piles) {
      const { topic } = pile
      if (topic === undefined) continue
      if (placer === undefined) yield { ...pile, topic, partition: place(topic) }
      else for (const placed of placer.place(pile, partitions?.[topic] ?? 1)) yield { ...placed, topic }
    }
  }

  async #goTo(position: Position): Promise<void> {
    const { reader } = this.#parts
    const { segment, offset } = reader.position
    this.#seek = undefined
    if (segment !== position.segment || offset !== position.offset) await reader.seek(position)
  }

  async #cutAgain(cut: Cut): Promise<CutEntry | 'void'> {
    const { reader, router, onMismatch } = this.#parts
    const { from, to, timestamp, parts } = cut
    const generation = this.#generation
    await this.#goTo(from)
    const block = await reader.read(to.offset - from.offset)
    if (generation !== this.#generation) return 'void'
    const isSame =
      block?.from.segment === from.segment &&
      block.from.offset === from.offset &&
      block.to.offset === to.offset &&
      block.to.ordinal === to.ordinal
    if (block === undefined || !isSame) {
      onMismatch('the journal no longer holds what was sent from it')
      return 'void'
    }
    const piles = router.sort(block.bytes, block.lines, timestamp)
    const made = new Map<Part, PartEntry[]>()
    for (const placed of this.#placed(piles, cut.partitions, () => NO_PARTITION)) {
      // Without keys a topic has one partition in a cut, or two where what was left of it has moved.
      const own = parts.filter(
        ({ topic, partition }) =>
          topic === placed.topic && (placed.partition === NO_PARTITION || partition === placed.partition),
      )
      const counts = own.map(({ records }) => records)
      if (counts.reduce((sum, count) => sum + count, 0) !== placed.records) break
      for (const [index, slice] of sliceByRecords(placed.lines, counts).entries()) {
        const part = own[index]
        if (part !== undefined) made.set(part, await this.#repeat(part, slice, placed, block, timestamp))
      }
    }
    if (made.size !== parts.length || !covers(piles, parts)) {
      if (generation === this.#generation) onMismatch('the lines go elsewhere now')
      return 'void'
    }
    return {
      kind: 'cut',
      from,
      to,
      timestamp,
      ...(cut.partitions && { partitions: cut.partitions }),
      parts: parts.flatMap((part) => made.get(part) ?? []),
    }
  }

  /** A part as it was, unless it never left and is larger than its lane takes. */
  async #repeat(part: Part, whole: Slice, pile: Pile, block: Block, timestamp: number): Promise<PartEntry[]> {
    const lane = this.#parts.lanes.get(part.topic, part.partition)
    if (isDone(part)) {
      const { topic, partition, reason } = part
      if (reason !== undefined) {
        const ordinal = ordinals(pile, whole, block.from.ordinal)(0)
        this.#parts.onRefused(whole.lines, { topic, partition, ordinal, reason })
      }
      return [doneEntry(lane, part)]
    }
    const slices = part.state === 'unsure' ? [whole] : sliceByBytes(whole, lane.maxBytes)
    const entries: PartEntry[] = []
    let { sequence } = part
    for (const slice of slices) {
      entries.push(await this.#encode(lane, { ...part, sequence }, slice, pile, block, timestamp))
      sequence = sequenceAfter(sequence, slice.records)
    }
    return entries
  }

  async #encode(
    lane: Lane,
    { sequence, state, untimed = false }: Pick<Part, 'sequence' | 'state' | 'untimed'>,
    slice: Slice,
    pile: Pile,
    block: Block,
    timestamp: number,
  ): Promise<PartEntry> {
    const producer = this.#parts.producer()
    const { lines, records } = slice
    const header = {
      producerId: producer?.id ?? -1n,
      producerEpoch: producer?.epoch ?? -1,
      baseSequence: sequence,
      timestamp: untimed ? NO_TIMESTAMP : timestamp,
    }
    const about = { records, ordinal: ordinals(pile, slice, block.from.ordinal) }
    const { bytes } = await this.#parts.encode(lines, header, about)
    return {
      lane,
      records,
      sequence,
      bytes,
      size: lines.length,
      state: 'ready',
      unsure: state === 'unsure',
      untimed,
      reason: undefined,
    }
  }
}

/** Bytes of lines that make no larger batch than brokers take: short lines have more beside them. */
function mostBytes({ lines, records }: PlacedPile, batchBytes: number): number {
  const limit = Math.max(BATCH_LIMIT, 1.1 * batchBytes)
  const bytes = lines.length + BESIDE_LINE * records
  return bytes <= limit ? Infinity : Math.floor((limit * lines.length) / bytes)
}

/** The ordinal of each record of a slice of a pile, by its place in the slice. */
function ordinals({ numbers }: Pile, { first }: Slice, from: number): (record: number) => number {
  if (numbers === undefined) return (record) => from + first + record
  return (record) => from + (numbers[first + record] ?? 0)
}

function covers(piles: readonly Pile[], parts: readonly Part[]): boolean {
  const wanted = piles.reduce((sum, { topic, records }) => sum + (topic === undefined ? 0 : records), 0)
  return parts.reduce((sum, { records }) => sum + records, 0) === wanted
}

function doneEntry(lane: Lane, { records, sequence, state, untimed = false }: Part): PartEntry {
  const done = state === 'refused' ? state : 'acknowledged'
  return {
    lane,
    records,
    sequence,
    bytes: undefined,
    size: 0,
    state: done,
    unsure: false,
    untimed,
    reason: undefined,
  }
}
