import { DirectoryWatch } from '../directory-watch.ts'
import { LogflumeError, toError } from '../errors.ts'
import { NEWLINE } from '../lines.ts'
import { sumLosses } from '../losses.ts'
import type { Losses } from '../record.ts'
import { listFiles } from './list-journals.ts'
import {
  readReadOptions,
  type JournalPosition,
  type ReadJournalOptions,
  type ReadSettings,
} from './read-options.ts'
import { JournalReader } from './reader.ts'
import { parseSegments, segmentOwner } from './segment.ts'

/** Bytes that are read at once. */
const BLOCK_BYTES = 256 * 1024

/** One line of a journal. */
export interface JournalLine {
  /** Without its newline. */
  readonly line: string
  readonly slot: number
  /** Its number in the journal, from 0. */
  readonly ordinal: number
  /** Behind this line: as `from`, another reading goes on here. */
  readonly position: JournalPosition
  /** Lines right before this one that are gone: their segment was deleted or is damaged. */
  readonly missing: number
}

/** A run of whole lines of one segment. */
export interface JournalBlock {
  /** UTF-8; ends in a newline. Valid until the next block is asked for. */
  readonly bytes: Buffer
  /** How many lines. */
  readonly lines: number
  readonly slot: number
  readonly from: JournalPosition
  /** Behind the last line: as `from`, another reading goes on here. */
  readonly to: JournalPosition
  /** Lines right before this block that are gone: their segment was deleted or is damaged. */
  readonly missing: number
}

/** The lines of a journal, one by one or in blocks. It can be gone through once. */
export interface JournalReading extends AsyncIterable<JournalLine> {
  /** The same in blocks, which costs far less: for who counts, copies or parses bytes. */
  blocks(): AsyncGenerator<JournalBlock, void, undefined>
  /** Behind the last line that was given out, of each slot: as `from`, another reading goes on there. */
  readonly positions: readonly JournalPosition[]
  /** Lines that were gone or damaged when their turn came, by reason. */
  readonly lost: Losses
}

/**
 * Reads the journals of one name in a directory, while they are written or not, plain and compressed. Within
 * a slot lines come in order; slots take turns.
 *
 * The iteration throws a LogflumeError `JOURNAL` where the directory, the name or the slot is not there, or a
 * file cannot be read; a name or slot that is not there is waited for with `follow`.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the option.
 */
export function readJournal(options: ReadJournalOptions): JournalReading {
  return new Reading(readReadOptions(options))
}

class Reading implements JournalReading {
  readonly #settings: ReadSettings
  readonly #readers = new Map<number, JournalReader>()
  readonly #positions = new Map<number, JournalPosition>()
  /** Lines of a slot that were told as missing. */
  readonly #told = new Map<number, number>()
  #begun = false
  #changes = 0
  #wake: () => void = () => undefined

  constructor(settings: ReadSettings) {
    this.#settings = settings
    for (const [slot, position] of settings.positions) this.#positions.set(slot, { slot, ...position })
  }

  get positions(): readonly JournalPosition[] {
    return [...this.#positions.values()]
  }

  get lost(): Losses {
    return sumLosses([...this.#readers.values()].map(({ lost }) => lost))
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JournalLine, void, undefined> {
    for await (const { bytes, slot, from, missing } of this.#read()) {
      let { offset, ordinal } = from
      for (let start = 0; start < bytes.length;) {
        const end = bytes.indexOf(NEWLINE, start)
        offset += end + 1 - start
        const position = { slot, segment: from.segment, offset, ordinal: ordinal + 1 }
        this.#positions.set(slot, position)
        const gone = start === 0 ? missing : 0
        yield { line: bytes.toString('utf8', start, end), slot, ordinal: ordinal++, position, missing: gone }
        start = end + 1
      }
    }
  }

  async *blocks(): AsyncGenerator<JournalBlock, void, undefined> {
    for await (const block of this.#read()) {
      this.#positions.set(block.slot, block.to)
      yield block
    }
  }

  async *#read(): AsyncGenerator<JournalBlock, void, undefined> {
    if (this.#begun)
      throw new LogflumeError('CLOSED', 'a reading is gone through once; its positions begin another')
    this.#begun = true
    const { dir, follow, signal } = this.#settings
    const wake = (): void => this.#changed()
    // Before the first look, so that no change falls between the two.
    const watch = follow ? new DirectoryWatch(dir, wake) : undefined
    signal?.addEventListener('abort', wake)
    try {
      await this.#look()
      do {
        const seen = this.#changes
        yield* this.#readAll()
        if (follow) await this.#wait(seen)
      } while (follow && signal?.aborted !== true)
    } finally {
      watch?.close()
      signal?.removeEventListener('abort', wake)
      for (const reader of this.#readers.values()) await reader.close()
    }
  }

  /** A block of each slot in turn, until none has any more. */
  async *#readAll(): AsyncGenerator<JournalBlock, void, undefined> {
    const { follow, signal } = this.#settings
    if (follow) await this.#openNew().catch(passOverAbsent)
    for (let more = true; more;) {
      more = false
      for (const [slot, reader] of this.#readers) {
        if (signal?.aborted === true) return
        const block = await this.#block(slot, reader)
        if (block === undefined) continue
        yield block
        more = true
      }
    }
  }

  async #block(slot: number, reader: JournalReader): Promise<JournalBlock | undefined> {
    try {
      const block = await reader.read(BLOCK_BYTES)
      if (block === undefined) return undefined
      const { bytes, lines, from, to } = block
      const missing = reader.lostTotal - (this.#told.get(slot) ?? 0)
      this.#told.set(slot, reader.lostTotal)
      return { bytes, lines, slot, from: { slot, ...from }, to: { slot, ...to }, missing }
    } catch (thrown) {
      const error = unreadable(this.#settings, thrown)
      if (!this.#settings.follow) throw error
      passOverAbsent(error)
      return undefined
    }
  }

  /** The first look: what is asked for has to be there, unless it is waited for. */
  async #look(): Promise<void> {
    const { dir, name, slot, follow } = this.#settings
    const files = await listFiles(dir)
    if (this.#slots(files).length === 0 && !follow) {
      const there = parseSegments(name, files).map((segment) => segment.slot)
      const names = files.map(segmentOwner).filter((one) => one !== undefined)
      throw new LogflumeError(
        'JOURNAL',
        there.length > 0
          ? `journal ${name} in ${dir} has no slot ${slot}; there are ${list(there)}`
          : `there is no journal ${name} in ${dir}${names.length > 0 ? `; there are ${list(names)}` : ''}`,
        { retryable: true },
      )
    }
    await this.#open(files, this.#settings.start)
  }

  async #openNew(): Promise<void> {
    await this.#open(await listFiles(this.#settings.dir), 'earliest')
  }

  async #open(files: readonly string[], start: 'earliest' | 'latest'): Promise<void> {
    const { dir, name, positions } = this.#settings
    for (const slot of this.#slots(files)) {
      if (this.#readers.has(slot)) continue
      const from = positions.get(slot) ?? (positions.size > 0 ? 'earliest' : start)
      try {
        const reader = await JournalReader.open({ dir, name, slot, from })
        this.#readers.set(slot, reader)
        this.#positions.set(slot, { slot, ...reader.position })
      } catch (thrown) {
        throw unreadable(this.#settings, thrown)
      }
    }
  }

  #slots(files: readonly string[]): number[] {
    const { name, slot: only } = this.#settings
    const slots = new Set(parseSegments(name, files).map(({ slot }) => slot))
    return only === undefined ? [...slots] : slots.has(only) ? [only] : []
  }

  #changed(): void {
    this.#changes++
    this.#wake()
  }

  async #wait(seen: number): Promise<void> {
    if (this.#changes !== seen || this.#settings.signal?.aborted === true) return
    await new Promise<void>((resolve) => (this.#wake = resolve))
  }
}

function list(items: readonly (string | number)[]): string {
  return [...new Set(items)].sort().join(', ')
}

function unreadable({ dir, name }: ReadSettings, thrown: unknown): LogflumeError {
  if (thrown instanceof LogflumeError) return thrown
  const cause = toError(thrown)
  return new LogflumeError('JOURNAL', `cannot read journal ${name} in ${dir}: ${cause.message}`, { cause })
}

/** Who follows waits for a directory that is gone for a moment; any other failure ends the reading. */
function passOverAbsent(thrown: unknown): void {
  const { cause } = thrown as { readonly cause?: { readonly code?: unknown } }
  if (cause?.code !== 'ENOENT') throw thrown
}
