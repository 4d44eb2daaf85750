import { Readable } from 'node:stream'
import { toError } from '../errors.ts'
import type { JournalReader } from '../journal/reader.ts'
import type { Position } from '../record.ts'
import { openReader, readLines, toInfo, type JournalPlace } from './journal-lines.ts'

/** What a stream of lines needs of the transport whose lines they are. */
export interface TailedTransport {
  readonly place: JournalPlace
  /** Where the stream begins. */
  readonly from: Position | 'earliest'
  /** Lines that are left out at the beginning. */
  readonly skip: number
  /** Resolves when the lines so far are on disk. */
  flush(): Promise<unknown>
  /** Called when the stream is over. */
  onClose(): void
}

/** The lines of a transport as they come: events `log` as winston has them, and the infos as its data. */
export class WinstonTail extends Readable {
  readonly #transport: TailedTransport
  #skip: number
  #reader: JournalReader | undefined
  #reading = false
  /** More lines were logged since the last look. */
  #more = true

  constructor(transport: TailedTransport) {
    super({ objectMode: true, read: () => undefined })
    this.#transport = transport
    this.#skip = transport.skip
    void this.#readOn()
  }

  /** The transport has a line more. */
  wake(): void {
    this.#more = true
    if (!this.#reading) void this.#readOn()
  }

  async #readOn(): Promise<void> {
    this.#reading = true
    try {
      while (this.#more && !this.destroyed) {
        this.#more = false
        await this.#transport.flush()
        this.#reader ??= await openReader(this.#transport.place, this.#transport.from)
        for await (const line of readLines(this.#reader)) this.#tell(line)
      }
    } catch (thrown) {
      this.destroy(toError(thrown))
    }
    this.#reading = false
    if (this.destroyed) await this.#reader?.close()
  }

  #tell(line: string): void {
    if (this.destroyed || this.#skip-- > 0) return
    this.#skip = 0
    const info = toInfo(line)
    if (info !== undefined) this.emit('log', info)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#transport.onClose()
    if (!this.#reading) void this.#reader?.close()
    done(error)
  }
}
