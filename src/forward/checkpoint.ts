import { crc32 } from '@node-rs/crc32'
import * as fs from 'node:fs'
import type { Position } from '../record.ts'

/** How far forwarding has come, and what Kafka may or may not have beyond that. */
export interface Checkpoint {
  readonly version: 1
  /** Chosen once, when the journal was first forwarded; decides the partition. */
  readonly journal: string
  readonly topic: string
  readonly partition: number | undefined
  /** The idempotent producer; it belongs to the journal, not to the process. */
  readonly producer: { readonly id: string; readonly epoch: number } | undefined
  /** Sequence number of the first record behind those in flight. */
  readonly sequence: number
  /** Every line before it is in Kafka or counted as lost. */
  readonly position: Position
  /** Batches that were sent, or were about to be, oldest first. */
  readonly inFlight: readonly CutBatch[]
}

/** What makes a batch: sent again after a crash, it is the same to the last byte. */
export interface CutBatch {
  readonly from: Position
  readonly to: Position
  readonly records: number
  readonly sequence: number
  /** For lines that tell no time of their own, milliseconds. */
  readonly timestamp: number
}

/** Rows until the file is written anew, in bytes. */
const COMPACT_AT = 256 * 1024

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
    const text = JSON.stringify(state)
    const row = Buffer.from(`${checksum(text)} ${text}\n`)
    if (this.#fd === undefined || this.#size + row.length > COMPACT_AT) this.#replace(row)
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
    const text = row.slice(9)
    if (text === '' || checksum(text) !== row.slice(0, 8)) continue
    const state = JSON.parse(text) as Checkpoint | { version: unknown }
    if (state.version === 1) return state as Checkpoint
  }
  return undefined
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
