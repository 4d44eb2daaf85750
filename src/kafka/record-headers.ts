import { MOST_VARINT_BYTES, sizeOfVarint, writeVarint } from './varint.ts'

/** The header by which a reader knows a record that came twice; its value is `<journal>:<ordinal>`. */
const ID_HEADER = 'logflume.id'
const MOST_DIGITS = 16

/** Headers that are the same on each record, in the bytes in which they are sent. */
export interface HeaderBlock {
  readonly count: number
  readonly bytes: Buffer
}

/** What names each record for good. */
export interface RecordIds {
  readonly journal: string
  /** Of the first line; or, where a batch does not hold all of them in a row, of each one by its place in the batch. */
  readonly ordinal: number | ((record: number) => number)
}

/** To be made once, and given to each batch. */
export function headerBlock(headers: Readonly<Record<string, string | Buffer>>): HeaderBlock {
  const entries = Object.entries(headers)
  const bytes = Buffer.concat(entries.flatMap(([name, value]) => [sized(name), sized(value)]))
  return { count: entries.length, bytes }
}

function sized(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string)
  const size = Buffer.alloc(MOST_VARINT_BYTES)
  return Buffer.concat([size.subarray(0, writeVarint(size, 0, 2 * bytes.length)), bytes])
}

/** Writes the headers of one record after the other of a batch. */
export class HeaderWriter {
  /** The most that `write` writes. */
  readonly most: number
  /** How many headers there are, and all of them up to the value of the last where that is an id. */
  readonly #head: Buffer
  readonly #prefix: Buffer | undefined
  readonly #ordinal: (record: number) => number
  #digits = ''

  constructor(block: HeaderBlock = { count: 0, bytes: Buffer.alloc(0) }, ids: RecordIds | undefined) {
    const count = Buffer.alloc(MOST_VARINT_BYTES)
    const counted = count.subarray(0, writeVarint(count, 0, 2 * (block.count + (ids === undefined ? 0 : 1))))
    this.#head = Buffer.concat([counted, block.bytes, ...(ids === undefined ? [] : [sized(ID_HEADER)])])
    this.#prefix = ids && Buffer.from(`${ids.journal}:`)
    const ordinal = ids?.ordinal ?? 0
    this.#ordinal = typeof ordinal === 'number' ? (record) => ordinal + record : ordinal
    this.most =
      this.#head.length +
      (this.#prefix === undefined ? 0 : MOST_VARINT_BYTES + this.#prefix.length + MOST_DIGITS)
  }

  /** Bytes that `write` will write, to be asked for first. */
  size(record: number): number {
    if (this.#prefix === undefined) return this.#head.length
    this.#digits = this.#ordinal(record).toString()
    const id = this.#prefix.length + this.#digits.length
    return this.#head.length + sizeOfVarint(2 * id) + id
  }

  /** The headers of the record whose size was asked for last; returns where the next byte goes. */
  write(out: Buffer, at: number): number {
    out.set(this.#head, at)
    at += this.#head.length
    const prefix = this.#prefix
    if (prefix === undefined) return at
    const digits = this.#digits
    at = writeVarint(out, at, 2 * (prefix.length + digits.length))
    out.set(prefix, at)
    at += prefix.length
    for (let digit = 0; digit < digits.length; digit++) out[at++] = digits.charCodeAt(digit)
    return at
  }
}
