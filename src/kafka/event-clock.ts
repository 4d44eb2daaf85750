/** How a line begins that says its time, down to the minute: the same in nearly all lines of that minute. */
const MINUTE = /^\{"@timestamp":"(\d{4}-\d\d-\d\dT\d\d:\d\d:)$/
const MINUTE_BYTES = 32
const MINUTE_WORDS = MINUTE_BYTES / 4
/** With the seconds, the milliseconds, `Z` and the closing quote. */
const TIME_BYTES = 40

/**
 * Reads the time of one line after the other from its bytes, `{"@timestamp":"2026-11-21T13:10:00.123Z"`.
 * A line that does not begin so has the time of the line before it; the first of all, the fallback.
 * Of a line in the same minute as the one before only seconds and milliseconds are read.
 */
export class EventClock {
  readonly #lines: Buffer
  readonly #view: DataView
  readonly #minuteWords = new Int32Array(MINUTE_WORDS)
  /** Milliseconds since 1970 of the minute that `#minuteWords` spell. */
  #minute = Number.NaN
  #time: number

  constructor(lines: Buffer, fallback: number) {
    this.#lines = lines
    this.#view = new DataView(lines.buffer, lines.byteOffset, lines.length)
    this.#time = Math.floor(fallback)
  }

  /** Milliseconds since 1970 of the line from `start` up to its newline at `end`. */
  read(start: number, end: number): number {
    if (end - start >= TIME_BYTES && (this.#isSameMinute(start) || this.#readMinute(start))) {
      const seconds = this.#digits(start + 32, 2)
      const milliseconds = this.#digits(start + 35, 3)
      if (
        seconds >= 0 &&
        seconds < 60 &&
        milliseconds >= 0 &&
        this.#lines[start + 34] === 0x2e && // .
        this.#lines[start + 38] === 0x5a && // Z
        this.#lines[start + 39] === 0x22 // "
      ) {
        this.#time = this.#minute + 1000 * seconds + milliseconds
      }
    }
    return this.#time
  }

  #isSameMinute(start: number): boolean {
    for (let word = 0; word < MINUTE_WORDS; word++) {
      if (this.#view.getInt32(start + 4 * word, true) !== this.#minuteWords[word]) return false
    }
    return true
  }

  #readMinute(start: number): boolean {
    if (this.#lines[start + 1] !== 0x22 || this.#lines[start + 2] !== 0x40) return false // "@
    const text = MINUTE.exec(this.#lines.toString('latin1', start, start + MINUTE_BYTES))?.[1]
    const minute = text === undefined ? Number.NaN : Date.parse(`${text}00.000Z`)
    if (Number.isNaN(minute)) return false
    this.#minute = minute
    for (let word = 0; word < MINUTE_WORDS; word++) {
      this.#minuteWords[word] = this.#view.getInt32(start + 4 * word, true)
    }
    return true
  }

  /** The number that `count` digits spell; negative when one of them is no digit. */
  #digits(at: number, count: number): number {
    let value = 0
    for (let end = at + count; at < end; at++) {
      const digit = (this.#lines[at] ?? 0) - 0x30
      if (digit < 0 || digit > 9) return -1
      value = 10 * value + digit
    }
    return value
  }
}
