import type { JournalReader } from '../journal/reader.ts'
import { NEWLINE } from '../lines.ts'
import type { Losses } from '../record.ts'
import type { Lease } from './lease.ts'
import { ConsumedRecord, type Origin } from './record.ts'
import type { SavedOffsets } from './saved-offsets.ts'
import type { SourceContext } from './source.ts'

/** Bytes that are read at once, and so about the most that one write of a sink is. */
const BLOCK_BYTES = 1024 * 1024
/** Blocks after which the other slots get their turn. */
const BLOCKS_PER_TURN = 8

/** One process's journal as a partition: lines are records, their ordinals are the offsets. */
export class JournalSlot {
  /** How often somebody said that there may be more. */
  nudges = 0
  /** Whether its turn is under way or due. */
  busy = false
  readonly slot: number
  readonly #topic: string
  readonly #reader: JournalReader
  readonly #offsets: SavedOffsets

  constructor(topic: string, slot: number, reader: JournalReader, offsets: SavedOffsets) {
    this.slot = slot
    this.#topic = topic
    this.#reader = reader
    this.#offsets = offsets
  }

  get lost(): Losses {
    return this.#reader.lost
  }

  /** Reads on for a while; resolves with whether it stopped before the end. */
  async turn(take: SourceContext['take'], lease: Lease): Promise<boolean> {
    for (let block = 0; block < BLOCKS_PER_TURN; block++) {
      if (lease.ending) return false
      const read = await this.#reader.read(BLOCK_BYTES)
      if (read === undefined) return false
      const origin = { topic: this.#topic, partition: this.slot, arrivedAt: Date.now() }
      // A copy: the reader uses its buffer again, and transforms may keep records for longer.
      const records = split(Buffer.from(read.bytes), read.from.ordinal, origin)
      try {
        if (!(await take(records, lease))) return false
      } catch (thrown) {
        await this.#reader.seek(read.from)
        throw thrown
      }
      this.#offsets.set(this.slot, read.to)
    }
    return true
  }

  close(): Promise<void> {
    return this.#reader.close()
  }
}

function split(lines: Buffer, firstOrdinal: number, origin: Origin): ConsumedRecord[] {
  const records: ConsumedRecord[] = []
  let start = 0
  for (let end = lines.indexOf(NEWLINE); end !== -1; end = lines.indexOf(NEWLINE, start)) {
    const raw = { value: lines.subarray(start, end), offset: firstOrdinal + records.length }
    records.push(new ConsumedRecord(raw, origin))
    start = end + 1
  }
  return records
}
