const NEWLINE = 0x0a

/** Some records on their way into a file. */
export class FileBatch {
  readonly texts: readonly string[]
  readonly #bytes: Buffer
  #done = 0
  /** The file that the bytes up to there are in. */
  #file: string | undefined
  /** Bytes of the file before the write that is under way; undefined where none is. */
  #sizeBefore: number | undefined
  /** Whether it is in a file that has no name any more. */
  isGone = false

  /** `ending` ends a half line that is before it in the file. */
  constructor(texts: readonly string[], ending = '') {
    this.texts = texts
    this.#bytes = Buffer.from(ending + texts.join(''))
  }

  /** What is not written yet. */
  get rest(): Buffer {
    return this.#bytes.subarray(this.#done)
  }

  begin(sizeBefore: number): void {
    this.#sizeBefore = sizeBefore
  }

  /** So many bytes of the rest are in the file. */
  wrote(bytes: number): void {
    if (this.#sizeBefore === undefined) return // it was seen to have arrived before it said so
    this.#sizeBefore = undefined
    this.#done += bytes
  }

  failed(): void {
    this.#sizeBefore = undefined
  }

  /** Bytes of the file once the write under way is there; undefined where none is. */
  get expectedSize(): number | undefined {
    return this.#sizeBefore === undefined ? undefined : this.#sizeBefore + this.rest.length
  }

  /** Written by somebody who could not wait. */
  wroteSync(bytes: number): void {
    this.#done += bytes
  }

  /** The file that gets what is left. Another one than before gets a half line again from its start. */
  enter(file: string): void {
    if (this.isGone) this.#done = 0
    else if (file !== this.#file && this.#done > 0) {
      this.#done = this.#bytes.lastIndexOf(NEWLINE, this.#done - 1) + 1
    }
    this.#file = file
    this.isGone = false
  }

  /** The number of whole texts within what is written. */
  get whole(): number {
    let bytes = 0
    return this.texts.filter((text) => (bytes += Buffer.byteLength(text)) <= this.#done).length
  }
}
