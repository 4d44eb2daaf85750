/** What a plain line has not: escapes, control characters, objects and arrays. */
const NOT_PLAIN = /[\\[{\u0000-\u001f]/g
const SCALAR = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/

const QUOTE = 34
const COMMA = 44
const ZERO = 48
const NINE = 57
const COLON = 58
const OPEN_ARRAY = 91
const BACKSLASH = 92
const CLOSE_ARRAY = 93
const OPEN = 123
const CLOSE = 125

/**
 * Cuts the JSON of an object into its properties, each a name and a value as they stand in the text, without
 * making an object of it. A name may come twice.
 *
 * A line of plain texts, numbers and booleans, as most are, is checked on the way; whether any other is JSON
 * is for JSON.parse to say, and then it is only cut.
 */
export class JsonEntries {
  #text = ''
  /** The place of the last brace. */
  #last = 0
  #at = 0
  #checking = false
  /** As it stands between its quotes. */
  name = ''
  value = ''

  /** Begins with a text; false where that can be seen to be no JSON object. */
  open(text: string): boolean {
    this.#text = text
    this.#last = text.length - 1
    this.#at = 1
    if (text.charCodeAt(0) !== OPEN) return false
    NOT_PLAIN.lastIndex = 1
    this.#checking = !NOT_PLAIN.test(text)
    return text.charCodeAt(this.#last) === CLOSE && (this.#checking || isObject(text))
  }

  /** Goes to the next property; false where there is none. */
  next(): boolean {
    const text = this.#text
    const start = this.#at
    if (text.charCodeAt(start) !== QUOTE) return false
    const nameEnd = endOfText(text, start)
    if (text.charCodeAt(nameEnd) !== COLON) return false
    const valueStart = nameEnd + 1
    const first = text.charCodeAt(valueStart)
    let end: number
    if (first === QUOTE) end = endOfText(text, valueStart)
    else if (first === OPEN || first === OPEN_ARRAY) end = endOfNested(text, valueStart)
    else end = this.#endOfScalar(valueStart)
    const after = text.charCodeAt(end)
    if (after !== COMMA && end !== this.#last) return false
    this.name = text.slice(start + 1, nameEnd - 1)
    this.value = text.slice(valueStart, end)
    this.#at = end + 1
    return true
  }

  /** The place of the next property. */
  get at(): number {
    return this.#at
  }

  /** Goes on at the place of a property. */
  goTo(at: number): void {
    this.#at = at
  }

  /** Behind a number, a boolean or null; 0, where a brace is, if it is none of them. */
  #endOfScalar(start: number): number {
    const text = this.#text
    let end = start
    let digits = true
    for (; end < this.#last; end++) {
      const code = text.charCodeAt(end)
      if (code === COMMA) break
      if (code < ZERO || code > NINE) digits = false
    }
    const isNumber = digits && (text.charCodeAt(start) !== ZERO || end === start + 1) && end > start
    return isNumber || !this.#checking || SCALAR.test(text.slice(start, end)) ? end : 0
  }

  /** Whether `next` has come to the end, and not to something that it could not read. */
  get ended(): boolean {
    return this.#at === this.#last + 1 || (this.#last === 1 && this.#at === 1)
  }
}

/** The same object without spaces between its parts; undefined where the text is no JSON object. */
export function compact(text: string): string | undefined {
  return isObject(text) ? JSON.stringify(JSON.parse(text)) : undefined
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** Behind the quote that ends the text beginning at `start`; 0, where a brace is, if there is none. */
function endOfText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at + 1
    if (code === BACKSLASH) at++
  }
  return 0
}

/** Behind the brace or bracket that ends what begins at `start`, in valid JSON. */
function endOfNested(text: string, start: number): number {
  let depth = 0
  for (let at = start; ; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfText(text, at) - 1
    else if (code === OPEN || code === OPEN_ARRAY) depth++
    else if ((code === CLOSE || code === CLOSE_ARRAY) && --depth === 0) return at + 1
  }
}
