import { nodeFiles, type FileDriver } from '../../src/journal/file-driver.ts'

type Call = keyof FileDriver

/** A disk that fails and waits as told, in front of the real one. */
export class FaultyFiles {
  /** Calls so far, oldest first. */
  readonly calls: Call[] = []
  /** What the next calls of these names fail with; 'short' writes but a part. */
  readonly faults = new Map<Call, string>()
  /** Answers of asynchronous writes that are held back until `answer`. */
  #held: (() => void)[] | undefined

  readonly driver: FileDriver = {
    ...nodeFiles,
    mkdir: (path, options, done) => this.#later('mkdir', done, () => nodeFiles.mkdir(path, options, done)),
    mkdirSync: (path, options) => this.#now('mkdirSync', () => nodeFiles.mkdirSync(path, options)),
    open: (path, flags, done) =>
      this.#later(
        'open',
        (error) => done(error, -1),
        () => nodeFiles.open(path, flags, done),
      ),
    openSync: (path, flags) => this.#now('openSync', () => nodeFiles.openSync(path, flags)),
    stat: (path, done) =>
      this.#later(
        'stat',
        (error) => done(error, nowhere),
        () => nodeFiles.stat(path, done),
      ),
    statSync: (path) => this.#now('statSync', () => nodeFiles.statSync(path)),
    readSync: (fd, bytes, from, length, position) =>
      this.#now('readSync', () => nodeFiles.readSync(fd, bytes, from, length, position)),
    write: (fd, bytes, from, length, position, done) => {
      const most = this.#most('write', length)
      const answered: typeof done = (error, written) => {
        if (this.#held === undefined) done(error, written)
        else this.#held.push(() => done(error, written))
      }
      this.#later(
        'write',
        (error) => answered(error, 0),
        () => {
          if (most === 0) process.nextTick(answered, null, 0)
          else nodeFiles.write(fd, bytes, from, most, position, answered)
        },
      )
    },
    writeSync: (fd, bytes, from, length, position) => {
      const most = this.#most('writeSync', length)
      return this.#now('writeSync', () =>
        most === 0 ? 0 : nodeFiles.writeSync(fd, bytes, from, most, position),
      )
    },
    fdatasync: (fd, done) => this.#later('fdatasync', done, () => nodeFiles.fdatasync(fd, done)),
    fdatasyncSync: (fd) => this.#now('fdatasyncSync', () => nodeFiles.fdatasyncSync(fd)),
    close: (fd, done) => this.#later('close', done, () => nodeFiles.close(fd, done)),
  }

  /** From now on these calls fail with this code, or write 'short' or 'nothing'; undefined: they work again. */
  fail(code: string | undefined, ...calls: Call[]): void {
    for (const call of calls) {
      if (code === undefined) this.faults.delete(call)
      else this.faults.set(call, code)
    }
  }

  /** Writes are done from now on but not answered. */
  hold(): void {
    this.#held ??= []
  }

  get held(): number {
    return this.#held?.length ?? 0
  }

  /** Answers the writes that were held back, and holds none any more. */
  answer(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const done of held) done()
  }

  count(call: Call): number {
    return this.calls.filter((one) => one === call).length
  }

  #most(call: Call, length: number): number {
    const fault = this.faults.get(call)
    if (fault === 'nothing') return 0
    return fault === 'short' ? Math.ceil(length / 3) : length
  }

  #error(call: Call): NodeJS.ErrnoException | undefined {
    const code = this.faults.get(call)
    if (code === undefined || code === 'short' || code === 'nothing') return undefined
    return Object.assign(new Error(`${code}: injected, ${call}`), { code })
  }

  #later(call: Call, done: (error: NodeJS.ErrnoException) => void, act: () => void): void {
    this.calls.push(call)
    const error = this.#error(call)
    if (error === undefined) act()
    else process.nextTick(done, error)
  }

  #now<T>(call: Call, act: () => T): T {
    this.calls.push(call)
    const error = this.#error(call)
    if (error !== undefined) throw error
    return act()
  }
}

const nowhere = { dev: 0, ino: 0, nlink: 0, size: 0 }
