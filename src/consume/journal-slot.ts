import type { JournalReader } from '../journal/reader.ts'
import { NEWLINE } from '../lines.ts'
import type { Losses, Position } from '../record.ts'
import type { Lease } from './lease.ts'
import { ConsumedRecord, type Origin } from './record.ts'
import type { SavedOffsets } from './saved-offsets.ts'
import type { PartitionLane, PlacePort, SourceContext } from './source.ts'

/** Bytes that are read at once, and so about the most that one write of a sink is. */
const BLOCK_BYTES = 1024 * 1024
/** Blocks after which the other slots get their turn. */
const BLOCKS_PER_TURN = 8

/** Lines that were read, some of which are not done with. */
interface ReadBlock {
  readonly from: Position
  readonly to: Position
  /** Where each of its lines begins. */
  readonly starts: readonly number[]
}

export interface JournalSlotParts {
  /** The journal's name. */
  readonly topic: string
  readonly slot: number
  readonly reader: JournalReader
  readonly offsets: SavedOffsets
  /** Lets the offsets be saved before long. */
  readonly saveSoon: () => void
}

/** One process's journal as a partition: lines are records, their ordinals are the offsets. */
export class JournalSlot implements PlacePort {
  /** How often somebody said that there may be more. */
  nudges = 0
  /** Whether its turn is under way or due. */
  busy = false
  /** Lines behind those read, as of its last turn; undefined before that. */
  lag: number | undefined
  readonly #parts: JournalSlotParts
  #lane: PartitionLane | undefined
  /** Those that a place may be in. */
  #blocks: ReadBlock[] = []

  constructor(parts: JournalSlotParts) {
    this.#parts = parts
  }

  get lost(): Losses {
    return this.#parts.reader.lost
  }

  /** Reads on for a while; resolves with whether it stopped before the end. */
  async turn(context: SourceContext, lease: Lease, isPaused: () => boolean): Promise<boolean> {
    const { topic, slot, reader } = this.#parts
    const lane = (this.#lane ??= context.lane(topic, slot, lease, this))
    for (let block = 0; block < BLOCKS_PER_TURN; block++) {
      await lane.room()
      if (lease.ending || isPaused()) return false
      const read = await reader.read(BLOCK_BYTES)
      if (read === undefined) {
        this.lag = 0
        return false
      }
      const origin = { topic, partition: slot, arrivedAt: Date.now() }
      // A copy: the reader uses its buffer again, and transforms may keep records for longer.
      const { records, starts } = split(Buffer.from(read.bytes), read.from.ordinal, origin)
      this.#blocks.push({ from: read.from, to: read.to, starts })
      try {
        if (!(await lane.take(records, BigInt(read.to.ordinal)))) return false
      } catch (thrown) {
        await reader.seek(read.from)
        throw thrown
      }
    }
    this.lag = await reader.linesBehind()
    return true
  }

  resume(): Promise<{ place: bigint | undefined; note: string }> {
    const { offsets, slot } = this.#parts
    const position = offsets.get(slot)
    return Promise.resolve({ place: position && BigInt(position.ordinal), note: offsets.note(slot) })
  }

  async commit(place: bigint, note: string): Promise<void> {
    const { offsets, slot, saveSoon } = this.#parts
    const isTold = note !== '' && note !== offsets.note(slot)
    const position = this.#positionOf(Number(place)) ?? offsets.get(slot)
    if (position === undefined) return
    offsets.set(slot, position, note)
    // What a sink is given next must be known to those who come after a death.
    if (isTold) await offsets.save()
    else saveSoon()
  }

  #positionOf(ordinal: number): Position | undefined {
    while ((this.#blocks[0]?.to.ordinal ?? Infinity) < ordinal) this.#blocks.shift()
    const [block] = this.#blocks
    if (block === undefined || block.to.ordinal === ordinal) return block?.to
    const { from, starts } = block
    const start = starts[ordinal - from.ordinal]
    return start === undefined ? undefined : { segment: from.segment, offset: from.offset + start, ordinal }
  }

  /** Writes what is gathered. */
  async finish(isEnd: boolean): Promise<void> {
    await this.#lane?.finish(isEnd)
  }

  close(): Promise<void> {
    return this.#parts.reader.close()
  }
}

function split(
  lines: Buffer,
  firstOrdinal: number,
  origin: Origin,
): { readonly records: ConsumedRecord[]; readonly starts: number[] } {
  const records: ConsumedRecord[] = []
  const starts: number[] = []
  let start = 0
  for (let end = lines.indexOf(NEWLINE); end !== -1; end = lines.indexOf(NEWLINE, start)) {
    const raw = { value: lines.subarray(start, end), offset: firstOrdinal + records.length }
    records.push(new ConsumedRecord(raw, origin))
    starts.push(start)
    start = end + 1
  }
  return { records, starts }
}
