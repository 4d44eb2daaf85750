/** Code units below this have a table of their own. */
const LOW = 256
const LAST = 0xffff

type Range = readonly [from: number, to: number]

/** A set of UTF-16 code units, asked for in a single look where text is Latin. */
export class CharSet {
  /** 1 where a code unit below 256 is in it. */
  readonly low = new Uint8Array(LOW)
  /** From low to high, with gaps between. */
  readonly ranges: readonly Range[]
  readonly #high: readonly Range[]

  constructor(ranges: readonly Range[]) {
    this.ranges = merge(ranges)
    for (const [from, to] of this.ranges) if (from < LOW) this.low.fill(1, from, Math.min(to + 1, LOW))
    this.#high = this.ranges.filter(([, to]) => to >= LOW)
  }

  /** NaN, which is what stands behind a text's end, is in none. */
  has(code: number): boolean {
    return code < LOW ? this.low[code] === 1 : this.#high.some(([from, to]) => code >= from && code <= to)
  }

  /** Whether no code unit is in both. */
  isApartFrom(other: CharSet): boolean {
    return this.ranges.every(([from, to]) => other.ranges.every((range) => range[1] < from || range[0] > to))
  }

  with(other: CharSet): CharSet {
    return new CharSet([...this.ranges, ...other.ranges])
  }

  get negated(): CharSet {
    const gaps: Range[] = []
    let next = 0
    for (const [from, to] of this.ranges) {
      if (from > next) gaps.push([next, from - 1])
      next = to + 1
    }
    if (next <= LAST) gaps.push([next, LAST])
    return new CharSet(gaps)
  }

  /** With the other case of each letter; that of letters whose other case is longer than one unit stays out. */
  get anyCase(): CharSet {
    const more: Range[] = []
    for (const [from, to] of this.ranges) {
      // Of sets like "all but these" the rest of the plane has both cases already.
      for (let code = from; code <= Math.min(to, 0x24ff); code++) {
        const char = String.fromCharCode(code)
        for (const other of [char.toLowerCase(), char.toUpperCase()])
          if (other.length === 1 && other !== char) more.push([other.charCodeAt(0), other.charCodeAt(0)])
      }
    }
    return more.length === 0 ? this : new CharSet([...this.ranges, ...more])
  }

  /** The only member, where there is one only. */
  get single(): number | undefined {
    const [range, second] = this.ranges
    return range !== undefined && second === undefined && range[0] === range[1] ? range[0] : undefined
  }
}

function merge(ranges: readonly Range[]): Range[] {
  const merged: [number, number][] = []
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged
}

/** `chars('az09')`: pairs of first and last. */
function chars(pairs: string): CharSet {
  const ranges: Range[] = []
  for (let index = 0; index + 1 < pairs.length; index += 2)
    ranges.push([pairs.charCodeAt(index), pairs.charCodeAt(index + 1)])
  return new CharSet(ranges)
}

const digits = chars('09')
export const wordChars = chars('azAZ09__')
const spaces = chars('\t\r  ')
const hexDigits = chars('09afAF')
const notNewline = chars('\n\n').negated
const anything = new CharSet([[0, LAST]])

export function dot(newlinesToo: boolean): CharSet {
  return newlinesToo ? anything : notNewline
}

/** `\d` and its kind; as in Ruby they know ASCII only. */
export const escapes: Readonly<Record<string, CharSet>> = {
  d: digits,
  D: digits.negated,
  w: wordChars,
  W: wordChars.negated,
  s: spaces,
  S: spaces.negated,
  h: hexDigits,
  H: hexDigits.negated,
}

const lower = chars('azµµßöøÿ')
const upper = chars('AZÀÖØÞ')
// Beyond Latin-1 everything counts as a letter that is no punctuation or space of its block.
const letters = new CharSet([
  [0x41, 0x5a],
  [0x61, 0x7a],
  [0xaa, 0xaa],
  [0xb5, 0xb5],
  [0xba, 0xba],
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x1fff],
  [0x2c00, 0x2dff],
  [0x3040, 0xd7ff],
  [0xf900, 0xfdff],
])

/** `[:alpha:]` and its kind. */
export const classes: Readonly<Record<string, CharSet>> = {
  alpha: letters,
  digit: digits,
  alnum: letters.with(digits),
  upper,
  lower,
  space: spaces,
  blank: chars('\t\t  '),
  punct: chars('!/:@[`{~'),
  cntrl: chars('\u0000\u001f\u007f\u007f'),
  graph: chars('!~').with(letters),
  print: chars(' ~').with(letters),
  xdigit: hexDigits,
  word: letters.with(wordChars),
}
