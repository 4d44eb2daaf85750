import type { Block, JournalReader } from '../journal/reader.ts'
import type { ProducerIdentity } from '../kafka/port.ts'
import type { BatchHeader, EncodedBatch } from '../kafka/record-batch.ts'
import type { Position } from '../record.ts'
import { isDone, sequenceAfter, type Cut, type Part } from './cut.ts'
import type { Lane, Lanes, PartEntry } from './lane.ts'
import type { Pile, Router } from './router.ts'
import { sliceByBytes, sliceByRecords, type Slice } from './slices.ts'
import type { Topics } from './topics.ts'
import type { CutEntry, Entry } from './window.ts'

/** What Kafka calls a record without a time, which it takes from any clock. */
const NO_TIMESTAMP = -1

export type Encode = (lines: Buffer, header: BatchHeader) => EncodedBatch | Promise<EncodedBatch>

export interface CutterParts {
  readonly reader: JournalReader
  readonly router: Router
  readonly topics: Topics
  readonly lanes: Lanes
  readonly encode: Encode
  readonly producer: () => ProducerIdentity | undefined
  /** Bytes of journal that make one cut. */
  readonly batchBytes: number
  /** What was cut before cannot be cut the same again. */
  readonly onMismatch: (why: string) => void
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

  async #cut(): Promise<CutEntry | 'end' | 'unknown topic'> {
    const { reader, router, topics, lanes, batchBytes } = this.#parts
    if (this.#seek !== undefined) await this.#goTo(this.#seek)
    this.#held ??= await reader.read(batchBytes)
    const block = this.#held
    if (block === undefined) return 'end'
    const timestamp = Date.now()
    const piles = router.sort(block.bytes, block.lines, timestamp)
    const targets = piles.flatMap(({ topic, ...pile }) => {
      if (topic === undefined) return []
      const known = topics.get(topic)
      const partition = topics.place(known)
      if (partition === undefined) known.isWanted = true
      return [{ pile, topic, partition }]
    })
    if (targets.some(({ partition }) => partition === undefined)) return 'unknown topic'
    const parts: PartEntry[] = []
    for (const { pile, topic, partition = 0 } of targets) {
      const lane = lanes.get(topic, partition)
      let { next } = lane
      for (const slice of sliceByBytes(pile, lane.maxBytes)) {
        parts.push(await this.#encode(lane, slice, { sequence: next }, timestamp))
        next = sequenceAfter(next, slice.records)
      }
    }
    return { kind: 'cut', from: block.from, to: block.to, timestamp, parts }
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
    const piles = router.sort(block.bytes, block.lines, timestamp).filter(({ topic }) => topic !== undefined)
    const matched = matchParts(piles, parts)
    if (matched === undefined) {
      onMismatch('the lines go elsewhere now')
      return 'void'
    }
    const entries: PartEntry[] = []
    for (const { part, slice } of matched) entries.push(...(await this.#repeat(part, slice, timestamp)))
    return { kind: 'cut', from, to, timestamp, parts: entries }
  }

  /** A part as it was, unless it never left and is larger than its lane takes. */
  async #repeat(part: Part, slice: Slice, timestamp: number): Promise<PartEntry[]> {
    const lane = this.#parts.lanes.get(part.topic, part.partition)
    if (isDone(part)) return [doneEntry(lane, part)]
    const slices = part.state === 'unsure' ? [slice] : sliceByBytes(slice, lane.maxBytes)
    const entries: PartEntry[] = []
    let { sequence } = part
    for (const piece of slices) {
      entries.push(await this.#encode(lane, piece, { ...part, sequence }, timestamp))
      sequence = sequenceAfter(sequence, piece.records)
    }
    return entries
  }

  async #encode(
    lane: Lane,
    { lines, records }: Slice,
    { sequence, state, untimed = false }: Pick<Part, 'sequence' | 'state' | 'untimed'>,
    timestamp: number,
  ): Promise<PartEntry> {
    const producer = this.#parts.producer()
    const { bytes } = await this.#parts.encode(lines, {
      producerId: producer?.id ?? -1n,
      producerEpoch: producer?.epoch ?? -1,
      baseSequence: sequence,
      timestamp: untimed ? NO_TIMESTAMP : timestamp,
    })
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

function doneEntry(lane: Lane, { records, sequence, state, untimed = false, reason }: Part): PartEntry {
  const done = state === 'refused' ? state : 'acknowledged'
  return { lane, records, sequence, bytes: undefined, size: 0, state: done, unsure: false, untimed, reason }
}

/** Which lines belong to which part, in the order of the parts; undefined where they do not fit. */
function matchParts(
  piles: readonly Pile[],
  parts: readonly Part[],
): { readonly part: Part; readonly slice: Slice }[] | undefined {
  const slices = new Map<Part, Slice>()
  for (const { topic, lines, records } of piles) {
    const own = parts.filter((part) => part.topic === topic)
    const counts = own.map((part) => part.records)
    if (counts.reduce((sum, count) => sum + count, 0) !== records) return undefined
    for (const [index, slice] of sliceByRecords(lines, counts).entries()) {
      const part = own[index]
      if (part !== undefined) slices.set(part, slice)
    }
  }
  const matched = parts.flatMap((part) => {
    const slice = slices.get(part)
    return slice === undefined ? [] : [{ part, slice }]
  })
  return matched.length === parts.length ? matched : undefined
}
