import * as fs from 'node:fs'
import { checkedRow, textOfRow } from '../checked-row.ts'
import type { Position } from '../record.ts'
import { upgraded, type CheckpointV1 } from './checkpoint-v1.ts'
import type { Cut } from './cut.ts'

/** How far forwarding has come, and what Kafka may or may not have beyond that. */
export interface Checkpoint {
  readonly version: 2
  /** Chosen once, when the journal was first forwarded; decides the partition. */
  readonly journal: string
  /** By which lines were sorted, in short: what is in flight can be cut again only by the same. */
  readonly rules: string
  /** The idempotent producer; it belongs to the journal, not to the process. */
  readonly producer: { readonly id: string; readonly epoch: number } | undefined
  readonly topics: Readonly<Record<string, TopicState>>
  /** Every line before it is in Kafka, dropped by a rule, or counted as lost. */
  readonly position: Position
  /** What was sent, or was about to be, and what lies between, oldest first. */
  readonly inFlight: readonly Cut[]
}

export interface TopicState {
  /** The journal's own partition. */
  readonly home?: number
  /** By partition: sequence number of the first record behind those in flight. */
  readonly next: Readonly<Record<string, number>>
}

/** Rows until the file is written anew, in bytes. */
const COMPACT_AT = 256 * 1024
/** However long they are: replacing the file takes a sync. */
const ROWS_AT_LEAST = 16

/**
 * A checkpoint file is a list of rows, each a whole state with its checksum; the last good row counts. So
 * saving is one small append, cheap enough to be done before each batch is sent; a torn, empty or zeroed end
 * costs no more than the rows it held. When it has grown it is replaced: written aside, synced, renamed, and
 * the one before it kept as `.old`.
 */
export class CheckpointFile {
  readonly #path: string
  #fd: number | undefined
  #size = 0

  constructor(path: string) {
    this.#path = path
  }

  /** The last good state; undefined where there never was one, or nothing of it can be read. */
  load(): Checkpoint | undefined {
    for (const path of [this.#path, `${this.#path}.old`]) {
      const state = lastGoodRow(readIfThere(path))
      if (state !== undefined) return state
    }
    return undefined
  }

  save(state: Checkpoint): void {
    const row = Buffer.from(checkedRow(JSON.stringify(state)))
    if (this.#fd === undefined || this.#size + row.length > Math.max(COMPACT_AT, ROWS_AT_LEAST * row.length))
      this.#replace(row)
    else fs.writeSync(this.#fd, row, 0, row.length, this.#size)
    this.#size += row.length
  }

  #replace(row: Buffer): void {
    this.close()
    const temporary = `${this.#path}.tmp`
    const fd = fs.openSync(temporary, 'w')
    try {
      fs.writeSync(fd, row)
      fs.fsyncSync(fd)
      if (fs.existsSync(this.#path)) fs.renameSync(this.#path, `${this.#path}.old`)
      fs.renameSync(temporary, this.#path)
    } catch (thrown) {
      fs.closeSync(fd)
      throw thrown
    }
    this.#fd = fd
    this.#size = 0
  }

  close(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd)
    this.#fd = undefined
  }
}

function readIfThere(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** A row may be whole and yet be followed by half of another one: go from the end to the first that is good. */
function lastGoodRow(content: string): Checkpoint | undefined {
  for (const row of content.split('\n').reverse()) {
    const text = textOfRow(row)
    if (text === undefined) continue
    const state = JSON.parse(text) as Checkpoint | CheckpointV1 | { version: unknown }
    if (state.version === 1) return upgraded(state as CheckpointV1)
    if (state.version === 2) return state as Checkpoint
  }
  return undefined
}
