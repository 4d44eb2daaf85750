import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LogflumeError, toError } from '../errors.ts'
import type { Position } from '../record.ts'

interface Content {
  readonly version: 1
  /** By slot. */
  readonly positions: Readonly<Record<string, Position>>
  /** What is kept beside the place, where there is anything; by slot. */
  readonly notes?: Readonly<Record<string, string>>
}

interface Saved {
  readonly positions: Map<number, Position>
  readonly notes: Map<number, string>
}

/**
 * How far a group has come in the journals of one name: a small file that is replaced as a whole. While one
 * save is under way the next ones gather, so that saving never holds up reading.
 */
export class SavedOffsets {
  readonly #file: string
  readonly #positions: Map<number, Position>
  readonly #notes: Map<number, string>
  #saving: Promise<void> | undefined
  #changed = false
  /** Whether what is in the file is worth keeping as the one before. */
  #sound: boolean

  private constructor(file: string, isSound: boolean, { positions, notes }: Saved) {
    this.#file = file
    this.#sound = isSound
    this.#positions = positions
    this.#notes = notes
  }

  /** Reads the file, or the one before it where a power loss damaged it, and makes sure that it can be written. */
  static async open(file: string): Promise<SavedOffsets> {
    const sound = await read(file)
    const older = sound === undefined ? await read(`${file}.old`) : undefined
    const none = { positions: new Map<number, Position>(), notes: new Map<number, string>() }
    const offsets = new SavedOffsets(file, sound !== undefined, sound ?? older ?? none)
    await offsets.#write()
    return offsets
  }

  get(slot: number): Position | undefined {
    return this.#positions.get(slot)
  }

  note(slot: number): string {
    return this.#notes.get(slot) ?? ''
  }

  set(slot: number, position: Position, note = ''): void {
    this.#positions.set(slot, position)
    if (note === '') this.#notes.delete(slot)
    else this.#notes.set(slot, note)
    this.#changed = true
  }

  /** Resolves when everything set before is on disk. */
  async save(): Promise<void> {
    while (this.#changed || this.#saving !== undefined) {
      this.#saving ??= this.#saveAll().finally(() => (this.#saving = undefined))
      await this.#saving
    }
  }

  async #saveAll(): Promise<void> {
    while (this.#changed) {
      this.#changed = false
      try {
        await this.#write()
      } catch (thrown) {
        this.#changed = true
        throw thrown
      }
    }
  }

  async #write(): Promise<void> {
    try {
      await this.#replace()
    } catch (thrown) {
      if ((toError(thrown) as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
      // Not there yet, or somebody deleted the file or its directory. But not the journal's directory: one
      // that was moved away must not come back by itself.
      this.#sound = false
      await mkdir(dirname(this.#file)).catch(() => undefined)
      await this.#replace()
    }
  }

  async #replace(): Promise<void> {
    const content: Content = {
      version: 1,
      positions: Object.fromEntries(this.#positions),
      ...(this.#notes.size > 0 && { notes: Object.fromEntries(this.#notes) }),
    }
    const temporary = `${this.#file}.tmp`
    const file = await open(temporary, 'w')
    try {
      await file.writeFile(`${JSON.stringify(content)}\n`)
      await file.datasync()
    } finally {
      await file.close()
    }
    if (this.#sound) await rename(this.#file, `${this.#file}.old`)
    this.#sound = false
    await rename(temporary, this.#file)
    this.#sound = true
  }
}

/** Undefined where there is no such file, or nothing in it that makes sense. */
async function read(file: string): Promise<Saved | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (thrown) {
    const cause = toError(thrown)
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new LogflumeError('JOURNAL', `cannot read ${file}: ${cause.message}`, { cause, retryable: true })
  }
  try {
    const { version, positions, notes = {} } = JSON.parse(text) as Partial<Content>
    if (version !== 1 || positions === undefined) return undefined
    const entries = Object.entries(positions).map(([slot, position]) => [Number(slot), position] as const)
    if (!entries.every(([slot, position]) => isPosition(slot, position))) return undefined
    return {
      positions: new Map(entries),
      notes: new Map(Object.entries(notes).map(([slot, note]) => [Number(slot), note])),
    }
  } catch {
    return undefined
  }
}

function isPosition(slot: number, { segment, offset, ordinal }: Position): boolean {
  return [slot, segment, offset, ordinal].every((number) => Number.isSafeInteger(number) && number >= 0)
}
