/** ISO 8601 in UTC with milliseconds, or finer. */
const ISO = /^"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3,9}Z"$/
const NUMBER = /^\d{1,16}(?:\.\d{1,9})?$/

/** Numbers below are seconds since 1970, those above milliseconds: 5138, or 3 March 1973. */
const MOST_SECONDS = 1e11
/** 24 characters are a time's length up to the year 9999. */
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/** Times as other loggers write them, as the text that `@timestamp` has: 24 characters, in UTC. */
export class ForeignTime {
  #ms = Number.NaN
  #text = ''

  /**
   * Of the JSON of a time: milliseconds or seconds since 1970, or text that Date.parse knows. Undefined where
   * it is nothing of that.
   */
  read(json: string): string | undefined {
    if (ISO.test(json)) return `${json.slice(1, 24)}Z`
    if (NUMBER.test(json)) {
      const number = Number(json)
      return this.text(number < MOST_SECONDS ? number * 1000 : number)
    }
    return json.startsWith('"') ? this.text(Date.parse(JSON.parse(json) as string)) : undefined
  }

  /** Kept until the millisecond changes. */
  text(ms: number): string | undefined {
    if (!(ms >= 0 && ms <= LATEST)) return undefined
    if (ms !== this.#ms) {
      this.#ms = ms
      this.#text = new Date(ms).toISOString()
    }
    return this.#text
  }
}

/** Whether a time is told to more than the millisecond. */
export function isFiner(json: string): boolean {
  return json.length > '"2026-11-21T13:10:00.123Z"'.length && ISO.test(json)
}
