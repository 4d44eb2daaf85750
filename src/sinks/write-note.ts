import { mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { checkedRow, textOfRow } from '../checked-row.ts'
import { toError } from '../errors.ts'
import type { Mark } from '../marks.ts'

/** A file, and how long it was before something was appended to it. */
export interface FileBefore {
  readonly path: string
  readonly ino: number
  readonly size: number
}

/** How far a partition is written, and some records to know it by. */
export interface PartitionDone {
  /** The offset of the last record. */
  readonly done: bigint
  readonly marks: readonly Mark[]
}

type Row =
  /** About to compress a file; `size`: of what it becomes. Null: that is done. */
  | { readonly pack: readonly [path: string, ino: number, size: number] | null }
  /** About to append to these files. */
  | { readonly files: readonly (readonly [path: string, ino: number, size: number])[] }
  /** It is appended, and with it this partition's records up to an offset. */
  | {
      readonly partition: string
      readonly done: string
      readonly marks: readonly (readonly [string, number])[]
    }

/** The file is written anew when it has grown to this many bytes. */
const COMPACT_AT = 256 * 1024

/**
 * Notes, in a file that is only appended to, what is about to be appended to other files and what was: so
 * that after a death what was begun can be cut off, and what was finished is known. One checksum a row; a
 * half row at the end was never relied on.
 */
export class WriteNote {
  readonly #file: string
  readonly #fsync: boolean
  readonly #partitions = new Map<string, PartitionDone>()
  /** Files of an append that was not finished. */
  #unfinished: readonly FileBefore[] = []
  /** A file that is being compressed, with the size of what it becomes. */
  #packing: FileBefore | undefined
  #handle: FileHandle | undefined
  #size = 0

  private constructor(file: string, fsync: boolean) {
    this.#file = file
    this.#fsync = fsync
  }

  static async open(file: string, fsync: boolean): Promise<WriteNote> {
    const note = new WriteNote(file, fsync)
    await mkdir(dirname(file), { recursive: true })
    for (const row of await readRows(file)) note.#apply(row)
    return note
  }

  #apply(row: Row): void {
    if ('pack' in row) {
      this.#packing = row.pack === null ? undefined : toFile(row.pack)
      return
    }
    if ('files' in row) {
      this.#unfinished = row.files.map(toFile)
      return
    }
    this.#unfinished = []
    const marks = row.marks.map(([offset, checksum]) => ({ offset: BigInt(offset), checksum }))
    this.#partitions.set(row.partition, { done: BigInt(row.done), marks })
  }

  get partitions(): ReadonlyMap<string, PartitionDone> {
    return this.#partitions
  }

  /** What somebody's death left half done; to be cut off before anything is noted. */
  get unfinished(): readonly FileBefore[] {
    return this.#unfinished
  }

  /** Resolves when a death from now on leaves nothing of the append behind. */
  async begin(files: readonly FileBefore[]): Promise<void> {
    await this.#append({ files: files.map(({ path, ino, size }) => [path, ino, size]) })
  }

  /** Resolves when a death from now on leaves all of the append. */
  async finish(partition: string, { done, marks }: PartitionDone): Promise<void> {
    await this.#append({
      partition,
      done: String(done),
      marks: marks.map(({ offset, checksum }) => [String(offset), checksum]),
    })
  }

  get packing(): FileBefore | undefined {
    return this.#packing
  }

  async beginPack({ path, ino, size }: FileBefore): Promise<void> {
    await this.#append({ pack: [path, ino, size] })
  }

  async finishPack(): Promise<void> {
    await this.#append({ pack: null })
  }

  async #append(row: Row): Promise<void> {
    try {
      if (this.#handle === undefined || this.#size > COMPACT_AT) await this.#rewrite()
      this.#size += await this.#write([row])
      this.#apply(row)
    } catch (thrown) {
      // What is there of the row must not count; and the next one begins a new file.
      await this.#handle?.truncate(this.#size).catch(() => undefined)
      await this.close()
      throw thrown
    }
  }

  async #write(rows: readonly Row[]): Promise<number> {
    const bytes = Buffer.from(rows.map((row) => checkedRow(JSON.stringify(row))).join(''))
    for (let written = 0; written < bytes.length;)
      written += (await this.#handle?.write(bytes, written))?.bytesWritten ?? bytes.length
    if (this.#fsync) await this.#handle?.datasync()
    return bytes.length
  }

  /** What is known, as a new file in the old one's place. */
  async #rewrite(): Promise<void> {
    await this.close()
    const temporary = `${this.#file}.tmp`
    this.#handle = await open(temporary, 'w')
    const rows: Row[] = [...this.#partitions].map(([partition, { done, marks }]) => ({
      partition,
      done: String(done),
      marks: marks.map(({ offset, checksum }) => [String(offset), checksum] as const),
    }))
    if (this.#packing !== undefined) {
      const { path, ino, size } = this.#packing
      rows.push({ pack: [path, ino, size] })
    }
    // Behind the others: they say that everything is finished.
    if (this.#unfinished.length > 0)
      rows.push({ files: this.#unfinished.map(({ path, ino, size }) => [path, ino, size] as const) })
    this.#size = await this.#write(rows)
    await rename(temporary, this.#file)
    if (!this.#fsync) return
    const directory = await open(dirname(this.#file), 'r')
    await directory.sync().finally(() => directory.close())
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close().catch(() => undefined)
  }
}

function toFile([path, ino, size]: readonly [string, number, number]): FileBefore {
  return { path, ino, size }
}

/** Those before the first that is damaged. */
async function readRows(file: string): Promise<Row[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (thrown) {
    if ((toError(thrown) as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw thrown
  }
  const rows: Row[] = []
  for (const line of text.split('\n')) {
    const text = textOfRow(line)
    if (text === undefined) break
    rows.push(JSON.parse(text) as Row)
  }
  return rows
}
