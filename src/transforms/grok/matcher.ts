import { compileFunction } from 'node:vm'
import type { CharSet } from './char-set.ts'
import { generate, type Capture } from './generate.ts'
import type { Pattern } from './pattern.ts'

/** What a match captured goes to. */
export interface Slot extends Capture {
  /** Whether another slot has the same field. */
  readonly isShared: boolean
}

type Search = (text: string) => boolean
type MakeSearch = (sets: readonly CharSet[], places: Int32Array, look: () => number) => Search

/** Steps between two looks at the clock: well below a millisecond. */
const STEPS = 20_000

/** A text took longer than it may. */
export class TooLong extends Error {}

/**
 * A backtracking matcher like that of JavaScript's own regular expressions, which counts its steps: those
 * cannot be interrupted, and a pattern like `(a+)+$` keeps them busy for ever over thirty characters.
 */
export class Matcher {
  /** In the order in which they stand in the pattern. */
  readonly slots: readonly Slot[]
  /** Start and end of each slot's text, the last slot first; -1 where it has none. */
  readonly #places: Int32Array
  readonly #search: Search
  readonly #timeLimit: number
  #text = ''
  #isFirstLook = true
  #deadline = 0

  /** @param timeLimit Milliseconds that one text may take. */
  constructor(pattern: Pattern, timeLimit: number) {
    this.#timeLimit = timeLimit
    const { code, sets, captures } = generate(pattern)
    // A part needs the one behind it, so the last capture was the first one.
    this.slots = captures.toReversed().map(({ field, type }) => ({
      field,
      type,
      isShared: captures.filter((other) => other.field === field).length > 1,
    }))
    this.#places = new Int32Array(2 * captures.length)
    const make = compileFunction(code, ['sets', 'places', 'look']) as MakeSearch
    this.#search = make(sets, this.#places, () => this.#look())
  }

  /**
   * Whether it matches somewhere; then `captured` has the parts.
   *
   * @throws TooLong
   */
  matches(text: string): boolean {
    this.#text = text
    this.#deadline = 0
    this.#isFirstLook = true
    try {
      return this.#search(text)
    } catch (error) {
      // A repetition is one level deep for each time round, and a text may have more than the stack.
      if (error instanceof RangeError) throw new TooLong()
      throw error
    }
  }

  /** What a slot captured; undefined where it took no part. */
  captured(slot: number): string | undefined {
    const place = 2 * (this.slots.length - 1 - slot)
    const start = this.#places[place] ?? -1
    return start < 0 ? undefined : this.#text.slice(start, this.#places[place + 1])
  }

  /** Asked for at the start, when nothing has been done yet, and then after each so many steps. */
  #look(): number {
    if (this.#isFirstLook) {
      this.#isFirstLook = false
      return STEPS
    }
    const now = performance.now()
    if (this.#deadline === 0) this.#deadline = now + this.#timeLimit
    else if (now > this.#deadline) throw new TooLong()
    return STEPS
  }
}
