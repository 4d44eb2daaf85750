import { once } from 'node:events'
import { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { EndOptions } from '../logger/lifecycle.ts'
import { readName } from '../logger/options.ts'
import { serialize } from '../logger/serialize.ts'
import type { LoggerStats } from '../logger/stats.ts'
import { BUNYAN, ForeignLines } from './foreign-lines.ts'
import { readFormat, type LineFormat } from './line-format.ts'
import { openAdapterOutput, readAdapterOptions, type AdapterOptions, type AdapterOutput } from './output.ts'

export interface JournalStreamOptions extends AdapterOptions {
  /**
   * The start of the names of the journal's files, and `service.name` of lines in ECS names. Up to 100 letters,
   * digits, `.`, `_` and `-`.
   */
  readonly name: string
  /** `'unchanged'` keeps the lines as they come. @default 'unchanged' */
  readonly format?: 'unchanged' | LineFormat
  /** Whether it is given objects instead of text, as of bunyan's streams of type `raw`. @default false */
  readonly raw?: boolean
}

/**
 * A plain Writable into a journal, for whatever writes lines: bunyan, morgan, a child's output.
 *
 * Text is cut into lines wherever the chunks end; an empty line is none, and after 1,048,576 characters without
 * a newline they are a line. With `raw` each object is a line, made
 * without ever throwing. A writer that heeds `write` returning false, as `pipe` does, is held back while the
 * disk is behind; of one that does not, lines are dropped and counted when `maxBufferBytes` of them wait.
 *
 * `finish` comes when all lines are on disk, and in Kafka or `endTimeout` is over.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the option; `JOURNAL` when the directory cannot be used.
 */
export function journalStream(options: JournalStreamOptions): JournalStream {
  const reader = readAdapterOptions(options, [])
  const name = readName(reader)
  const names = readFormat(reader, 'unchanged')
  const raw = reader.boolean('raw', false)
  const output = openAdapterOutput(reader, name)
  return new LineStream(output, names && new ForeignLines(name, names, BUNYAN), raw)
}

export interface JournalStream extends Writable {
  /** Writes what waits to the disk before it returns. */
  flushSync(): void
  stats(): LoggerStats
  /** Ends the stream, if it has not ended. Resolves when all is on disk, and in Kafka or the timeout is over. */
  close(options?: EndOptions): Promise<LoggerStats>
}

/** Bytes that wait for the disk at which a writer that can be held back is. */
const HIGH_WATER = 1024 * 1024
/** Characters after which text without a newline is a line. */
const LONGEST_LINE = 1024 * 1024

class LineStream extends Writable implements JournalStream {
  readonly #output: AdapterOutput
  readonly #mapping: ForeignLines | undefined
  readonly #decoder = new StringDecoder('utf8')
  #endTimeout: number
  /** The beginning of a line whose end has not come. */
  #rest = ''
  /** Characters since it was last looked whether the disk keeps up. */
  #unwatched = 0
  #behind = false

  constructor(output: AdapterOutput, mapping: ForeignLines | undefined, raw: boolean) {
    super({ objectMode: raw, decodeStrings: false })
    this.#output = output
    this.#mapping = mapping
    this.#endTimeout = output.endTimeout
  }

  /** False asks the writer to wait for `drain`. */
  override write(chunk: unknown, encoding?: BufferEncoding | WriteCallback, done?: WriteCallback): boolean {
    const goOn =
      typeof encoding === 'function'
        ? super.write(chunk, encoding)
        : super.write(chunk, encoding ?? 'utf8', done)
    if (this.#unwatched > HIGH_WATER && !this.#behind) void this.#catchUp()
    return goOn && !this.#behind
  }

  // Nothing is ever left to the stream's own buffer, which has no bound.
  override _write(chunk: unknown, encoding: BufferEncoding, done: () => void): void {
    if (typeof chunk === 'string' && encoding.startsWith('utf')) this.#takeText(chunk)
    else if (typeof chunk === 'string') this.#takeText(Buffer.from(chunk, encoding).toString())
    else if (Buffer.isBuffer(chunk)) this.#takeText(this.#decoder.write(chunk))
    else this.#append(serialize(chunk) ?? 'null')
    done()
  }

  #takeText(text: string): void {
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#append(this.#rest + text.slice(start, end))
      this.#rest = ''
      start = end + 1
    }
    this.#rest += text.slice(start)
    if (this.#rest.length > LONGEST_LINE) this.#endLine()
  }

  #endLine(): void {
    const line = this.#rest
    this.#rest = ''
    this.#append(line)
  }

  #append(line: string): void {
    if (line === '' || line === '\r') return
    this.#unwatched += line.length
    this.#output.writer.append(this.#mapping === undefined ? `${line}\n` : this.#mapping.make(line))
  }

  async #catchUp(): Promise<void> {
    const { lifecycle } = this.#output
    this.#unwatched = 0
    this.#behind = lifecycle.stats().buffered.bytes > HIGH_WATER
    if (!this.#behind) return
    while (!this.writableEnded && lifecycle.stats().buffered.bytes > HIGH_WATER / 2)
      await lifecycle.flush({ timeout: 0 })
    this.#behind = false
    if (!this.writableEnded) this.emit('drain')
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#rest += this.#decoder.end()
    this.#endLine()
    this.#output.lifecycle.close({ timeout: this.#endTimeout }).then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#output.lifecycle.close({ timeout: this.#endTimeout }).then(() => done(error), done)
  }

  flushSync(): void {
    this.#output.writer.flushSync()
  }

  stats(): LoggerStats {
    return this.#output.lifecycle.stats()
  }

  async close({ timeout = this.#endTimeout }: EndOptions = {}): Promise<LoggerStats> {
    this.#endTimeout = timeout
    if (!this.writableEnded) this.end()
    if (!this.closed) await once(this, 'close')
    return this.stats()
  }
}

type WriteCallback = (error: Error | null | undefined) => void
