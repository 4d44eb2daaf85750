import * as fs from 'node:fs'
import type { FileDriver } from '../../src/journal/file-driver.ts'

/**
 * A disk that is cut off from its writer at once, as by `kill -9`: nothing that was asked for happens later,
 * but a write under way may have been done in part. So that this is so, nothing is done before its turn.
 */
export class CrashingFiles {
  /** What calls that write or open fail with. */
  fault: 'ENOSPC' | 'EIO' | 'EMFILE' | 'short' | undefined
  #crashed = false
  #writing: { readonly fd: number; readonly bytes: Buffer; readonly position: number } | undefined
  readonly #open = new Set<number>()

  readonly driver: FileDriver = {
    mkdir: (path, options, done) => this.#later(done, () => void fs.mkdirSync(path, options)),
    mkdirSync: (path, options) => this.#now(() => fs.mkdirSync(path, options)),
    open: (path, flags, done) =>
      this.#later(
        (error, fd = -1) => done(error, fd),
        () => this.#opened(path, flags),
      ),
    openSync: (path, flags) => this.#now(() => this.#opened(path, flags)),
    stat: (path, done) =>
      this.#later(
        (error, found) => done(error, found ?? nowhere),
        () => fs.statSync(path),
      ),
    statSync: (path) => this.#now(() => fs.statSync(path)),
    fstatSync: (fd) => this.#now(() => fs.fstatSync(fd)),
    write: (fd, bytes, from, length, position, done) => {
      this.#writing = { fd, bytes: bytes.subarray(from, from + length), position }
      this.#later(
        (error, written = 0) => {
          this.#writing = undefined
          done(error, written)
        },
        () => this.#written(fd, bytes, from, length, position),
      )
    },
    writeSync: (fd, bytes, from, length, position) =>
      this.#now(() => this.#written(fd, bytes, from, length, position)),
    readSync: (fd, bytes, from, length, position) =>
      this.#now(() => fs.readSync(fd, bytes, from, length, position)),
    fdatasync: (_fd, done) => this.#later(done, () => undefined),
    fdatasyncSync: () => undefined,
    ftruncate: (fd, length, done) => this.#later(done, () => fs.ftruncateSync(fd, length)),
    close: (fd, done) => this.#later(done, () => this.#closed(fd)),
    closeSync: (fd) => this.#now(() => this.#closed(fd)),
  }

  /** @param share of the write under way that is in the file, 0 to 1 */
  crash(share: number): void {
    this.#crashed = true
    if (this.#writing !== undefined && this.fault === undefined) {
      const { fd, bytes, position } = this.#writing
      fs.writeSync(fd, bytes, 0, Math.floor(bytes.length * share), position)
    }
    for (const fd of this.#open) fs.closeSync(fd)
  }

  #opened(path: string, flags: number): number {
    this.#fail('EMFILE')
    const fd = fs.openSync(path, flags)
    this.#open.add(fd)
    return fd
  }

  #closed(fd: number): void {
    this.#open.delete(fd)
    fs.closeSync(fd)
  }

  #written(fd: number, bytes: Buffer, from: number, length: number, position: number): number {
    this.#fail('ENOSPC', 'EIO')
    return fs.writeSync(fd, bytes, from, this.fault === 'short' ? Math.ceil(length / 2) : length, position)
  }

  #fail(...codes: string[]): void {
    const code = this.fault
    if (code !== undefined && codes.includes(code))
      throw Object.assign(new Error(`${code}: injected`), { code })
  }

  #later<T>(done: (error: NodeJS.ErrnoException | null, result?: T) => void, act: () => T): void {
    setImmediate(() => {
      if (this.#crashed) return
      let result: T
      try {
        result = act()
      } catch (thrown) {
        done(thrown as NodeJS.ErrnoException)
        return
      }
      done(null, result)
    })
  }

  #now<T>(act: () => T): T {
    if (this.#crashed) throw new Error('the process is dead')
    return act()
  }
}

const nowhere = { dev: 0, ino: 0, nlink: 0, size: 0 }
