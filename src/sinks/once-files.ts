import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConsumedRecord } from '../consume/record.ts'
import { LogflumeError } from '../errors.ts'
import { claimSlotNumber, type SlotLock } from '../journal/lock.ts'
import { Marks } from '../marks.ts'
import { cutBack, type AppendFiles } from './append-files.ts'
import { finishPacking, type PastFiles } from './past-files.ts'
import { WriteNote } from './write-note.ts'

export interface OnceFilesOptions {
  readonly dir: string
  /** Sinks with different ones are different writers. */
  readonly template: string
  readonly fsync: boolean
  readonly files: AppendFiles
  readonly past: PastFiles | undefined
}

/** What is known of a partition. */
interface Known {
  /** The offset of the last record that is written. */
  done: bigint
  readonly marks: Marks
  /** The records up to `done` were written by a process that died, and may come again. */
  mayRepeat: boolean
}

/** Writes each record of a partition into files once, whenever the process dies. */
export class OnceFiles {
  readonly #options: OnceFilesOptions
  readonly #known = new Map<string, Known>()
  #lock: SlotLock | undefined
  #note: WriteNote | undefined
  #opening: Promise<void> | undefined

  constructor(options: OnceFilesOptions) {
    this.#options = options
  }

  /** Also called by the first write of those who have no consumer that calls it. */
  open(): Promise<void> {
    return (this.#opening ??= this.#open().catch((thrown: unknown) => {
      this.#opening = undefined
      throw thrown
    }))
  }

  async #open(): Promise<void> {
    const { dir, template, fsync } = this.#options
    await mkdir(dir, { recursive: true })
    const name = `daily-files.${createHash('sha256').update(template).digest('hex').slice(0, 8)}`
    this.#lock ??= claimSlotNumber(dir, name, 0)
    if (this.#lock === undefined)
      throw new LogflumeError('SINK', `another process writes to ${dir}`, { retryable: true })
    const note = await WriteNote.open(join(dir, '.logflume', `${name}.note`), fsync)
    for (const file of note.unfinished) await cutBack({ ...file, path: join(dir, file.path) })
    await finishPacking(dir, note)
    this.#known.clear()
    for (const [partition, { done, marks }] of note.partitions)
      this.#known.set(partition, { done, marks: new Marks(marks), mayRepeat: true })
    this.#note = note
    this.#options.past?.start(note)
  }

  async write(
    records: readonly ConsumedRecord[],
    committed: string | undefined,
    divide: (records: readonly ConsumedRecord[]) => ReadonlyMap<string, Buffer>,
  ): Promise<void> {
    await this.open()
    const note = this.#note
    const [first] = records
    if (first === undefined || note === undefined) return
    if (this.#lock?.isHeld() !== true)
      throw new LogflumeError('SINK', `another process took ${this.#options.dir} over`, { retryable: true })
    const { topic, partition } = first.place
    const key = `${topic}/${partition}`
    const known = this.#known.get(key) ?? { done: -1n, marks: new Marks(), mayRepeat: false }
    const fresh = known.mayRepeat ? withoutRepeats(records, known) : records
    const last = fresh.at(-1)
    if (last === undefined) return
    const marks = new Marks(known.marks.all)
    if (committed !== undefined) marks.forget(BigInt(committed))
    const begin = fresh[0] ?? last
    // It may have gone back to records that it had before.
    if (BigInt(begin.place.offset) <= known.done) marks.clear()
    marks.note(begin)
    marks.note(last)
    const done = BigInt(last.place.offset)
    const { dir, files } = this.#options
    await files.append(divide(fresh), {
      begin: (before) =>
        note.begin(before.map((file) => ({ ...file, path: file.path.slice(dir.length + 1) }))),
      finish: () => note.finish(key, { done, marks: marks.all }),
    })
    this.#known.set(key, { done, marks, mayRepeat: false })
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined)
    this.#opening = undefined
    await this.#options.past?.stop()
    await this.#note?.close()
    this.#note = undefined
    this.#lock?.release()
    this.#lock = undefined
  }
}

/** Those that are not written yet. Where it cannot be told, all of them: twice is better than never. */
function withoutRepeats(
  records: readonly ConsumedRecord[],
  { marks, done }: Known,
): readonly ConsumedRecord[] {
  if (marks.recognise(records) !== true) return records
  return records.filter(({ place }) => BigInt(place.offset) > done)
}
