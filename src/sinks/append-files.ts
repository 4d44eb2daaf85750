import type { Stats } from 'node:fs'
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { toError } from '../errors.ts'
import type { FileBefore } from './write-note.ts'

export interface AppendFilesOptions {
  /** Files that are kept open. */
  readonly maxOpen: number
  /** Milliseconds after which a file that nobody wrote to is closed. */
  readonly idleTimeout: number
  /** Whether bytes are on the disk, and not only with the kernel, when `append` resolves. */
  readonly fsync: boolean
}

interface OpenFile {
  readonly path: string
  readonly handle: FileHandle
  readonly ino: number
  readonly dev: number
  /** Bytes in it when it was last looked at. */
  size: number
  /** It ends in half a line, which somebody's death left behind. */
  torn: boolean
  busy: boolean
  usedAt: number
}

export interface AppendHooks {
  readonly begin?: (files: readonly FileBefore[]) => Promise<void>
  readonly finish?: () => Promise<void>
}

/** Bytes of a batch in a file, to be taken out again if the rest of the batch fails. */
interface Written {
  readonly file: OpenFile
  readonly from: number
  to: number
}

/** Files of one batch that are written at the same time: as many as libuv has threads. */
const PARALLEL = 4
/** A file that is deleted as often as this while it is being written is somebody's fault. */
const MAX_ATTEMPTS = 5
const NEWLINE = Buffer.from('\n')

/**
 * Appends to any number of files, of which few are open at a time. A batch is appended to all of its files
 * or, where that fails, to none.
 *
 * Others may rename, delete and append to the files meanwhile. Before each write it is seen that the path
 * still leads to the open file, and after it that the file was not deleted in between.
 */
export class AppendFiles {
  readonly #options: AppendFilesOptions
  /** Least recently used first. */
  readonly #files = new Map<string, OpenFile>()
  #opening = 0
  /** What could not be taken back when its batch failed. Nothing is appended before it is. */
  #overdue: Written[] = []
  #idleTimer: NodeJS.Timeout | undefined
  /** Invariant: batches are appended one after the other; only so can the last one be taken back. */
  #last: Promise<void> = Promise.resolve()

  constructor(options: AppendFilesOptions) {
    this.#options = options
  }

  /** How many files are open now. */
  get open(): number {
    return this.#files.size + this.#opening
  }

  /**
   * Resolves when all bytes are in their files, by path. `begin` is told of the files as they are before;
   * `finish` is called when the bytes are there, and nothing else is appended before it is done. Where one of
   * them fails, nothing is appended.
   */
  append(batch: ReadonlyMap<string, Buffer>, { begin, finish }: AppendHooks = {}): Promise<void> {
    const appended = this.#last.then(() => this.#append(batch, begin, finish))
    this.#last = appended.catch(() => undefined)
    return appended
  }

  /** Does something with a file while nothing is appended, and it is not open. */
  exclusive(path: string, act: () => Promise<void>): Promise<void> {
    const done = this.#last.then(async () => {
      const file = this.#files.get(path)
      if (file !== undefined) await this.#close(file)
      await act()
    })
    this.#last = done.catch(() => undefined)
    return done
  }

  async #append(
    batch: ReadonlyMap<string, Buffer>,
    begin: AppendHooks['begin'],
    finish: AppendHooks['finish'],
  ): Promise<void> {
    await this.#takeBack()
    const before = begin && (await this.#look(batch))
    if (before !== undefined)
      await begin?.(Array.from(before.values(), ({ path, ino, size }) => ({ path, ino, size })))
    const written: Written[] = []
    try {
      await this.#each(batch, ([path, bytes]) => this.#appendTo(path, bytes, written, before?.get(path)))
      await finish?.()
    } catch (thrown) {
      this.#overdue = written
      await this.#takeBack().catch(() => undefined)
      throw thrown
    } finally {
      this.#idleTimer ??= setTimeout(() => this.#closeIdle(), this.#options.idleTimeout).unref()
    }
  }

  /** Some at a time. Rejects when those under way are done, with the first that failed. */
  async #each<T>(all: Iterable<T>, act: (one: T) => Promise<void>): Promise<void> {
    const failures: Error[] = []
    const left = all[Symbol.iterator]()
    const work = async (): Promise<void> => {
      for (let next = left.next(); next.done !== true && failures.length === 0; next = left.next())
        await act(next.value).catch((thrown: unknown) => failures.push(toError(thrown)))
    }
    await Promise.all(Array.from({ length: Math.min(PARALLEL, this.#options.maxOpen) }, work))
    if (failures[0] !== undefined) throw failures[0]
  }

  /** The files as they are, made where they are not there. */
  async #look(batch: ReadonlyMap<string, Buffer>): Promise<ReadonlyMap<string, OpenFile>> {
    const found = new Map<string, OpenFile>()
    await this.#each(batch.keys(), async (path) => {
      const file = await this.#current(path)
      file.busy = false
      found.set(path, file)
    })
    return found
  }

  async #appendTo(path: string, bytes: Buffer, batch: Written[], looked?: OpenFile): Promise<void> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const file = attempt === 1 && this.#isOpen(looked) ? looked : await this.#current(path)
      file.busy = true
      const written = { file, from: file.size, to: file.size }
      batch.push(written)
      try {
        await writeAll(file.handle, file.torn ? Buffer.concat([NEWLINE, bytes]) : bytes, written)
        file.torn = false
        if (this.#options.fsync) await file.handle.datasync()
        if ((await file.handle.stat()).nlink > 0) {
          file.busy = false
          return
        }
      } catch (thrown) {
        await this.#close(file)
        throw thrown
      }
      await this.#close(file)
    }
    throw new Error(`${path} is deleted as often as it is written`)
  }

  /** Not closed since, for others that wanted to be open. */
  #isOpen(file: OpenFile | undefined): file is OpenFile {
    return file !== undefined && this.#files.get(file.path) === file
  }

  /** The open file that this path leads to, for the caller alone until it is not `busy` any more. */
  async #current(path: string): Promise<OpenFile> {
    const file = this.#files.get(path)
    if (file === undefined) return this.#open(path)
    file.busy = true
    const there = await statIfThere(path)
    if (there?.ino !== file.ino || there.dev !== file.dev) {
      await this.#close(file)
      return this.#open(path)
    }
    file.size = there.size
    file.usedAt = performance.now()
    this.#files.delete(path)
    this.#files.set(path, file)
    return file
  }

  async #open(path: string): Promise<OpenFile> {
    this.#opening++
    try {
      while (this.open > this.#options.maxOpen) {
        const unused = [...this.#files.values()].find(({ busy }) => !busy)
        if (unused === undefined) break
        await this.#close(unused)
      }
      const file = await openFile(path)
      this.#files.set(path, file)
      if (this.#options.fsync && file.size === 0) await syncDirectory(dirname(path))
      return file
    } finally {
      this.#opening--
    }
  }

  /** Cuts off what a batch wrote before it failed, unless somebody else appended behind it. */
  async #takeBack(): Promise<void> {
    for (let written = this.#overdue.at(-1); written !== undefined; written = this.#overdue.at(-1)) {
      const { file, from, to } = written
      const there = await statIfThere(file.path)
      if (there?.ino === file.ino && there.dev === file.dev && there.size === to && to > from) {
        const handle = await open(file.path, 'r+')
        await handle.truncate(from).finally(() => handle.close())
      }
      this.#overdue.pop()
    }
  }

  #closeIdle(): void {
    const before = performance.now() - this.#options.idleTimeout
    for (const file of this.#files.values()) if (!file.busy && file.usedAt <= before) void this.#close(file)
    this.#idleTimer =
      this.#files.size === 0
        ? undefined
        : setTimeout(() => this.#closeIdle(), this.#options.idleTimeout).unref()
  }

  async #close(file: OpenFile): Promise<void> {
    if (this.#files.get(file.path) === file) this.#files.delete(file.path)
    // With or without an error the descriptor is gone; those who want to know what the disk says use fsync.
    await file.handle.close().catch(() => undefined)
  }

  async close(): Promise<void> {
    await this.#last
    clearTimeout(this.#idleTimer)
    this.#idleTimer = undefined
    await Promise.all([...this.#files.values()].map((file) => this.#close(file)))
  }
}

async function openFile(path: string): Promise<OpenFile> {
  // To append, and to look at how it ends.
  const handle = await open(path, 'a+').catch(async (thrown: unknown) => {
    if ((toError(thrown) as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
    await mkdir(dirname(path), { recursive: true })
    return open(path, 'a+')
  })
  try {
    const { size, ino, dev } = await handle.stat()
    const end = Buffer.alloc(1)
    if (size > 0) await handle.read(end, 0, 1, size - 1)
    const torn = size > 0 && !end.equals(NEWLINE)
    return { path, handle, ino, dev, size, torn, busy: true, usedAt: performance.now() }
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
}

/** The kernel may take less than it was given; `written` is right at any moment. */
async function writeAll(handle: FileHandle, bytes: Buffer, written: Written): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done)
    done += bytesWritten
    written.to += bytesWritten
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (thrown) {
    const { code } = toError(thrown) as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw thrown
  }
}

/** So that a new file is found after a power loss. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  await handle.sync().finally(() => handle.close())
}

/** Cuts off what was appended to a file since it had this length; not where another one has its name. */
export async function cutBack({ path, ino, size }: FileBefore): Promise<void> {
  const there = await statIfThere(path)
  if (there?.ino !== ino || there.size <= size) return
  const handle = await open(path, 'r+')
  try {
    await handle.truncate(size)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}
