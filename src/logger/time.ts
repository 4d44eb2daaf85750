const earliest = Date.parse('0000-01-01T00:00:00.000Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')

/** Characters of the start of a line. */
export const timeLength = '{"@timestamp":"0000-00-00T00:00:00.000Z'.length

const milliseconds = Array.from({ length: 1000 }, (_, ms) => `${String(ms).padStart(3, '0')}Z`)

/**
 * The start of a line, up to the end of its time: ISO 8601 in UTC, always 24 characters, so that text sorts
 * as time does. The text is kept until the millisecond changes, in whichever direction the clock goes.
 */
export class LineStart {
  readonly #now: () => number
  #ms = Number.NaN
  #shown = 0
  #text = ''
  #second = Number.NaN
  #secondText = ''

  /** `now` gives milliseconds since 1970, as `Date.now` does; a time that has no 24 characters is clamped. */
  constructor(now: () => number) {
    this.#now = now
  }

  text(): string {
    const ms = this.#now()
    if (ms !== this.#ms) this.#render(ms)
    return this.#text
  }

  /** The time that `text` gave last, in milliseconds since 1970. */
  get time(): number {
    return this.#shown
  }

  #render(ms: number): void {
    const whole = Number.isNaN(ms) ? 0 : Math.floor(Math.min(latest, Math.max(earliest, ms)))
    const second = Math.floor(whole / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#secondText = `{"@timestamp":"${new Date(second * 1000).toISOString().slice(0, 20)}`
    }
    this.#ms = ms
    this.#shown = whole
    this.#text = this.#secondText + (milliseconds[whole - second * 1000] ?? '')
  }
}
