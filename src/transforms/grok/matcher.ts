import { wordChars, type CharSet } from './char-set.ts'
import { firstOf, lengthOf, type CaptureType, type Pattern, type Place } from './pattern.ts'

/** From a place on: where the match ends, or -1. What comes behind it is part of it. */
type Step = (at: number) => number

/** What a match captured goes to. */
export interface Slot {
  readonly field: string
  readonly type: CaptureType
  /** Whether another slot has the same field. */
  readonly isShared: boolean
}

/** Steps between two looks at the clock: well below a millisecond. */
const STEPS = 20_000
const NEWLINE = 10

/** A text took longer than it may. */
export class TooLong extends Error {}

/**
 * A backtracking matcher like that of JavaScript's own regular expressions, which counts its steps: those
 * cannot be interrupted, and a pattern like `(a+)+$` keeps them busy for ever over thirty characters.
 */
export class Matcher {
  /** In the order in which they stand in the pattern. */
  readonly slots: readonly Slot[]
  readonly #captures: { readonly field: string; readonly type: CaptureType }[] = []
  /** Start and end of each slot's text, -1 where it has none. */
  #places = new Int32Array(0)
  readonly #timeLimit: number
  readonly #first: CharSet | undefined
  readonly #step: Step
  #text = ''
  #steps = STEPS
  #deadline = 0

  /** @param timeLimit Milliseconds that one text may take. */
  constructor(pattern: Pattern, timeLimit: number) {
    this.#timeLimit = timeLimit
    this.#first = firstOf(pattern, undefined)
    this.#step = this.#compile(pattern, (at) => at, undefined)
    // A step needs the one behind it, so the last capture was compiled first.
    this.slots = this.#captures
      .map(({ field, type }) => ({
        field,
        type,
        isShared: this.#captures.filter((other) => other.field === field).length > 1,
      }))
      .reverse()
    this.#places = new Int32Array(2 * this.slots.length).fill(-1)
  }

  /**
   * Whether it matches somewhere; then `captured` has the parts.
   *
   * @throws TooLong
   */
  matches(text: string): boolean {
    this.#text = text
    this.#steps = STEPS
    this.#deadline = 0
    this.#places.fill(-1)
    try {
      return this.#search(text)
    } catch (error) {
      // A repetition is one level deep for each time round, and a text may have more than the stack.
      if (error instanceof RangeError) throw new TooLong()
      throw error
    }
  }

  #search(text: string): boolean {
    const first = this.#first
    for (let at = 0; at <= text.length; at++) {
      if (first !== undefined && !first.has(text.charCodeAt(at))) {
        if ((at & 0xff) === 0) this.#spend(1)
        continue
      }
      this.#spend(1)
      if (this.#step(at) >= 0) return true
    }
    return false
  }

  /** What a slot captured; undefined where it took no part. */
  captured(slot: number): string | undefined {
    const place = 2 * (this.slots.length - 1 - slot)
    const start = this.#places[place] ?? -1
    return start < 0 ? undefined : this.#text.slice(start, this.#places[place + 1])
  }

  #spend(steps: number): void {
    if ((this.#steps -= steps) < 0) this.#look()
  }

  #look(): void {
    const now = performance.now()
    if (this.#deadline === 0) this.#deadline = now + this.#timeLimit
    else if (now > this.#deadline) throw new TooLong()
    this.#steps = STEPS
  }

  /** `follow`: what `next` may begin with; undefined where that is not known. */
  #compile(pattern: Pattern, next: Step, follow: CharSet | undefined): Step {
    switch (pattern.kind) {
      case 'chars':
        return this.#one(pattern.set, next)
      case 'sequence':
        return this.#sequence(pattern.parts, next, follow)
      case 'choice':
        return this.#choice(pattern.options, next, follow)
      case 'repeat':
        return this.#repeat(pattern, next, follow)
      case 'capture':
        return this.#capture(pattern, next, follow)
      case 'atomic':
        return this.#atomic(pattern.part, next)
      case 'look':
        return this.#lookAround(pattern, next)
      case 'place':
        return this.#place(pattern.at, next)
    }
  }

  #one(set: CharSet, next: Step): Step {
    const single = set.single
    if (single !== undefined) return (at) => (this.#text.charCodeAt(at) === single ? next(at + 1) : -1)
    const { low } = set
    return (at) => {
      const code = this.#text.charCodeAt(at)
      return (code < 256 ? low[code] === 1 : set.has(code)) ? next(at + 1) : -1
    }
  }

  #sequence(parts: readonly Pattern[], next: Step, follow: CharSet | undefined): Step {
    let literal = ''
    const flush = (): void => {
      const text = literal
      literal = ''
      if (text.length < 2) {
        const code = text.charCodeAt(0)
        const then = next
        if (text !== '') next = (at) => (this.#text.charCodeAt(at) === code ? then(at + 1) : -1)
        return
      }
      const then = next
      next = (at) => (this.#text.startsWith(text, at) ? then(at + text.length) : -1)
    }
    for (const part of parts.toReversed()) {
      const single = part.kind === 'chars' ? part.set.single : undefined
      if (single !== undefined) {
        literal = String.fromCharCode(single) + literal
      } else {
        flush()
        next = this.#compile(part, next, follow)
      }
      follow = firstOf(part, follow)
    }
    flush()
    return next
  }

  #choice(options: readonly Pattern[], next: Step, follow: CharSet | undefined): Step {
    const steps = options.map((option) => this.#compile(option, next, follow))
    const firsts = options.map((option) => firstOf(option, follow))
    return (at) => {
      this.#spend(1)
      const code = this.#text.charCodeAt(at)
      for (let index = 0; index < steps.length; index++) {
        const first = firsts[index]
        if (first !== undefined && !first.has(code)) continue
        const end = steps[index]?.(at) ?? -1
        if (end >= 0) return end
      }
      return -1
    }
  }

  #repeat(repeat: Extract<Pattern, { kind: 'repeat' }>, next: Step, follow: CharSet | undefined): Step {
    const { part, min, max, greedy } = repeat
    if (max === 0) return next
    if (part.kind === 'chars') {
      if (greedy) return this.#run(part.set, min, max, next, follow)
      return this.#lazyRun(part.set, min, max, next, follow)
    }
    if (min === 0 && max === 1) return this.#optional(part, greedy, next, follow)
    return this.#loop(repeat, next, follow)
  }

  /** As many as there are, then one less and one less. */
  #run(set: CharSet, min: number, max: number, next: Step, follow: CharSet | undefined): Step {
    const { low } = set
    return (at) => {
      const text = this.#text
      const most = max > text.length - at ? text.length : at + max
      let end = at
      for (; end < most; end++) {
        const code = text.charCodeAt(end)
        if (code < 256 ? low[code] === 0 : !set.has(code)) break
      }
      this.#spend(1 + end - at)
      for (const least = at + min; end >= least; end--) {
        if (follow !== undefined && !follow.has(text.charCodeAt(end))) continue
        const found = next(end)
        if (found >= 0) return found
        this.#spend(1)
      }
      return -1
    }
  }

  #lazyRun(set: CharSet, min: number, max: number, next: Step, follow: CharSet | undefined): Step {
    return (at) => {
      const text = this.#text
      const least = at + min
      const most = max > text.length - at ? text.length : at + max
      for (let end = at; ; end++) {
        this.#spend(1)
        if (end >= least && (follow === undefined || follow.has(text.charCodeAt(end)))) {
          const found = next(end)
          if (found >= 0) return found
        }
        if (end >= most || !set.has(text.charCodeAt(end))) return -1
      }
    }
  }

  #optional(part: Pattern, greedy: boolean, next: Step, follow: CharSet | undefined): Step {
    const first = firstOf(part, follow)
    const [least] = lengthOf(part)
    let from = -1
    // An optional part that matched nothing was not there; with that a loop around it ends.
    const behind: Step = least > 0 ? next : (at) => (at === from ? -1 : next(at))
    const step = this.#compile(part, behind, follow)
    const taken: Step = (at) => {
      this.#spend(1)
      if (first !== undefined && !first.has(this.#text.charCodeAt(at))) return -1
      const before = from
      from = at
      const end = step(at)
      if (end < 0) from = before
      return end
    }
    if (!greedy) {
      return (at) => {
        const end = next(at)
        return end >= 0 ? end : taken(at)
      }
    }
    return (at) => {
      const end = taken(at)
      return end >= 0 ? end : next(at)
    }
  }

  /**
   * Any part, any number of times. Invariant of this and of every step that keeps something: on failure it
   * leaves what it found, so that whoever tries the next way finds that too.
   */
  #loop(
    { part, min, max, greedy }: Extract<Pattern, { kind: 'repeat' }>,
    next: Step,
    follow: CharSet | undefined,
  ): Step {
    let count = 0
    let from = -1
    const again: Step = (at) => {
      this.#spend(1)
      // Once round without a character, and that not because it had to: it would go on so for ever.
      if (at === from && count > min) return -1
      if (!greedy && count >= min) {
        const end = next(at)
        if (end >= 0) return end
      }
      if (count < max) {
        const before = count
        const began = from
        count++
        from = at
        const end = body(at)
        if (end >= 0) return end
        count = before
        from = began
      }
      return greedy && count >= min ? next(at) : -1
    }
    const first = firstOf(part, undefined)
    // Behind one turn comes another one, or what follows.
    const body = this.#compile(part, again, first && follow && first.with(follow))
    return (at) => {
      const before = count
      const began = from
      count = 0
      from = -1
      const end = again(at)
      if (end < 0) {
        count = before
        from = began
      }
      return end
    }
  }

  #capture(
    { field, type, part }: Extract<Pattern, { kind: 'capture' }>,
    next: Step,
    follow: CharSet | undefined,
  ): Step {
    const slot = 2 * this.#captures.push({ field, type }) - 2
    let start = -1
    const close: Step = (at) => {
      const places = this.#places
      const before = places[slot] ?? -1
      const beforeEnd = places[slot + 1] ?? -1
      places[slot] = start
      places[slot + 1] = at
      const end = next(at)
      if (end < 0) {
        places[slot] = before
        places[slot + 1] = beforeEnd
      }
      return end
    }
    const step = this.#compile(part, close, follow)
    return (at) => {
      const before = start
      start = at
      const end = step(at)
      if (end < 0) start = before
      return end
    }
  }

  #atomic(part: Pattern, next: Step): Step {
    const from = 2 * this.#captures.length
    const step = this.#compile(part, (at) => at, undefined)
    const to = 2 * this.#captures.length
    if (from === to) {
      return (at) => {
        const end = step(at)
        return end < 0 ? -1 : next(end)
      }
    }
    return (at) => {
      const before = this.#places.slice(from, to)
      const end = step(at)
      const found = end < 0 ? -1 : next(end)
      if (found < 0) this.#places.set(before, from)
      return found
    }
  }

  #lookAround({ behind, negated, part }: Extract<Pattern, { kind: 'look' }>, next: Step): Step {
    const from = 2 * this.#captures.length
    let wanted = -1
    const step = this.#compile(part, behind ? (at) => (at === wanted ? at : -1) : (at) => at, undefined)
    const to = 2 * this.#captures.length
    const [min, max] = lengthOf(part)
    const holds = (at: number): boolean => {
      if (!behind) return step(at) >= 0
      wanted = at
      for (let start = at - min; start >= Math.max(0, at - max); start--) {
        this.#spend(1)
        if (step(start) >= 0) return true
      }
      return false
    }
    return (at) => {
      const before = from === to ? undefined : this.#places.slice(from, to)
      if (holds(at) !== negated) {
        const end = next(at)
        if (end >= 0) return end
      }
      if (before !== undefined) this.#places.set(before, from)
      return -1
    }
  }

  #place(place: Place, next: Step): Step {
    const holds = this.#holds(place)
    return (at) => (holds(at) ? next(at) : -1)
  }

  #holds(place: Place): (at: number) => boolean {
    switch (place) {
      case 'start':
        return (at) => at === 0
      case 'end':
        return (at) => at === this.#text.length
      case 'line start':
        return (at) => at === 0 || this.#text.charCodeAt(at - 1) === NEWLINE
      case 'line end':
        return (at) => at === this.#text.length || this.#text.charCodeAt(at) === NEWLINE
      case 'last line end':
        return (at) =>
          at === this.#text.length || (at === this.#text.length - 1 && this.#text.charCodeAt(at) === NEWLINE)
      case 'word edge':
        return (at) => this.#isWordEdge(at)
      case 'no word edge':
        return (at) => !this.#isWordEdge(at)
    }
  }

  #isWordEdge(at: number): boolean {
    return wordChars.has(this.#text.charCodeAt(at - 1)) !== wordChars.has(this.#text.charCodeAt(at))
  }
}
