import { NEWLINE } from '../lines.ts'

/** Some of the lines of a buffer, in their order. */
export interface Sorted {
  readonly place: number
  /** Valid until the next lines are sorted. */
  readonly lines: Buffer
  readonly records: number
  /** Which line of the buffer each of them was; undefined: these are all of them. */
  readonly numbers: Int32Array | undefined
}

/**
 * Puts lines that have the same place side by side. No object is made for a line: places are counted, and the
 * bytes are copied once.
 */
export class LineSorter {
  #copy = Buffer.allocUnsafeSlow(0)
  #ends = new Int32Array(0)
  #places = new Int32Array(0)
  #numbers = new Int32Array(0)

  /** `placeOf` is asked for each line, with its start and its newline, and gives 0, 1, 2 … */
  sort(lines: Buffer, records: number, placeOf: (start: number, end: number) => number): Sorted[] {
    this.#grow(lines.length, records)
    const ends = this.#ends
    const places = this.#places
    const bytes: number[] = []
    const counts: number[] = []
    let start = 0
    for (let line = 0; line < records; line++) {
      const end = lines.indexOf(NEWLINE, start)
      const place = placeOf(start, end)
      places[line] = place
      ends[line] = end + 1
      bytes[place] = (bytes[place] ?? 0) + end + 1 - start
      counts[place] = (counts[place] ?? 0) + 1
      start = end + 1
    }
    const used = [...counts.keys()].filter((place) => counts[place] !== undefined)
    const [only] = used
    if (only !== undefined && used.length === 1) return [{ place: only, lines, records, numbers: undefined }]

    const sorted: Sorted[] = []
    const byteAt: number[] = []
    const numberAt: number[] = []
    let nextByte = 0
    let nextNumber = 0
    for (const place of used) {
      const length = bytes[place] ?? 0
      const count = counts[place] ?? 0
      byteAt[place] = nextByte
      numberAt[place] = nextNumber
      sorted.push({
        place,
        lines: this.#copy.subarray(nextByte, nextByte + length),
        records: count,
        numbers: this.#numbers.subarray(nextNumber, nextNumber + count),
      })
      nextByte += length
      nextNumber += count
    }
    this.#move(lines, records, byteAt, numberAt)
    return sorted
  }

  /** Neighbours that go to one place are copied at once. */
  #move(lines: Buffer, records: number, byteAt: number[], numberAt: number[]): void {
    let start = 0
    for (let line = 0; line < records;) {
      const place = this.#places[line] ?? 0
      let number = numberAt[place] ?? 0
      do this.#numbers[number++] = line++
      while (line < records && this.#places[line] === place)
      const end = this.#ends[line - 1] ?? 0
      lines.copy(this.#copy, byteAt[place], start, end)
      byteAt[place] = (byteAt[place] ?? 0) + end - start
      numberAt[place] = number
      start = end
    }
  }

  #grow(bytes: number, records: number): void {
    if (this.#copy.length < bytes) this.#copy = Buffer.allocUnsafeSlow(bytes)
    if (this.#places.length >= records) return
    this.#ends = new Int32Array(records)
    this.#places = new Int32Array(records)
    this.#numbers = new Int32Array(records)
  }
}
