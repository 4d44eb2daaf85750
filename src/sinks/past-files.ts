import { createReadStream, createWriteStream } from 'node:fs'
import { copyFile, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { toError } from '../errors.ts'
import { parseTemplate } from '../template.ts'
import type { AppendFiles } from './append-files.ts'
import type { WriteNote } from './write-note.ts'

export interface PastFilesOptions {
  readonly dir: string
  readonly template: string
  readonly zone: 'local' | 'utc'
  readonly compress: boolean
  /** Days before today that are kept; Infinity: all. */
  readonly keepDays: number
  readonly files: AppendFiles
  readonly diagnose: DiagnosticHandler
}

const DAY = 24 * 60 * 60 * 1000
/** Milliseconds between looks. */
const LOOK_EVERY = 10 * 60 * 1000
/** Milliseconds since the last late line, before a past day is compressed. */
const QUIET = 10 * 60 * 1000

/** Compresses the files of past days, and deletes those of days long past. */
export class PastFiles {
  readonly #options: PastFilesOptions
  readonly #pattern: RegExp
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(options: PastFilesOptions) {
    this.#options = options
    this.#pattern = dayPattern(options.template)
  }

  /** Looks now, and again every so often. */
  start(note: WriteNote): void {
    const look = (): void => {
      this.#looking = this.#looking.then(() => this.look(note))
    }
    look()
    this.#timer = setInterval(look, LOOK_EVERY).unref()
  }

  /** Never rejects: what fails is told, and tried again the next time. */
  async look(note: WriteNote, now = new Date()): Promise<void> {
    const { dir, zone, compress, keepDays, files } = this.#options
    try {
      const entries = await readdir(dir, { recursive: true, withFileTypes: true })
      for (const entry of entries) {
        const path = join(entry.parentPath, entry.name)
        const name = relative(dir, path).split(sep).join('/')
        const day = this.#day(name.replace(/\.gz$/, ''))
        if (!entry.isFile() || day === undefined || this.#stop.signal.aborted) continue
        const age = (startOfDay(now, zone) - day) / DAY
        if (age > keepDays) await files.exclusive(path, () => rm(path, { force: true }))
        else if (compress && age >= 1 && !name.endsWith('.gz')) await this.#compress(name, note, now)
      }
    } catch (thrown) {
      const error = toError(thrown)
      if (this.#stop.signal.aborted) return
      this.#options.diagnose({ level: 'warn', message: `past files in ${dir}: ${error.message}`, error })
    }
  }

  /** Milliseconds since 1970 at which the day in a path begins, as if it were in UTC. */
  #day(name: string): number | undefined {
    const { year, month, day } = this.#pattern.exec(name)?.groups ?? {}
    return year === undefined ? undefined : Date.UTC(Number(year), Number(month) - 1, Number(day))
  }

  /** A day that is compressed already, and got late lines since, gets them as another part of its file. */
  async #compress(name: string, note: WriteNote, now: Date): Promise<void> {
    const { dir, files } = this.#options
    const path = join(dir, name)
    const packed = `${path}.gz`
    const temporary = join(dir, '.logflume', 'compressing.tmp')
    const before = await stat(path)
    if (now.getTime() - before.mtimeMs < QUIET) return
    await rm(temporary, { force: true })
    await copyFile(packed, temporary).catch((thrown: unknown) => {
      if ((toError(thrown) as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
    })
    const output = createWriteStream(temporary, { flags: 'a' })
    await pipeline(createReadStream(path), createGzip(), output, { signal: this.#stop.signal })
    const size = await synced(temporary)
    await files.exclusive(path, async () => {
      const { ino, size: length } = await stat(path)
      // A line came meanwhile: the next time.
      if (ino !== before.ino || length !== before.size) return
      await note.beginPack({ path: name, ino, size })
      await rename(temporary, packed)
      await rm(path)
      await note.finishPack()
    })
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stop.abort()
    await this.#looking
  }
}

/** Finishes what death interrupted between the compressed file's being there and the other one's being gone. */
export async function finishPacking(dir: string, note: WriteNote): Promise<void> {
  if (note.packing === undefined) return
  const { path, ino, size } = note.packing
  const plain = join(dir, path)
  const [packed, there] = await Promise.all(
    [`${plain}.gz`, plain].map((file) => stat(file).catch(() => undefined)),
  )
  if (packed?.size === size && there?.ino === ino) await rm(plain)
}

export function hasDay(template: string): boolean {
  const dates = parseTemplate(template).map((piece) => ('date' in piece ? piece.date : ''))
  return ['YYYY', 'MM', 'DD'].every((part) => dates.some((date) => date.includes(part)))
}

/** Paths of a template, with their day. */
function dayPattern(template: string): RegExp {
  const groups = new Map([
    ['YYYY', '(?<year>\\d{4})'],
    ['MM', '(?<month>\\d{2})'],
    ['DD', '(?<day>\\d{2})'],
  ])
  const pieces = parseTemplate(template).map((piece) => {
    if ('literal' in piece) return escape(piece.literal)
    if ('field' in piece) return '[^/]*'
    return piece.date.split(/(YYYY|MM|DD|HH)/).map((part) => {
      const group = groups.get(part)
      groups.delete(part)
      return group ?? (/^[YMDH]/.test(part) ? `\\d{${part.length}}` : escape(part))
    })
  })
  return new RegExp(`^${pieces.flat().join('')}$`)
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function startOfDay(now: Date, zone: 'local' | 'utc'): number {
  return zone === 'utc'
    ? Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate())
    : Date.UTC(now.getFullYear(), now.getMonth(), now.getDate())
}

/** Its size, once it is on disk. */
async function synced(path: string): Promise<number> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}
