import { wordChars, type CharSet } from './char-set.ts'
import { firstOf, lengthOf, type CaptureType, type Pattern, type Place } from './pattern.ts'

export interface Capture {
  readonly field: string
  readonly type: CaptureType
}

/** What a pattern became. */
export interface Program {
  /**
   * The body of a function of `sets`, `places` and `look`, which returns the search: `(text) => boolean`.
   * `places` gets start and end of each capture; `look` is called now and then, and gives the steps until
   * it is called again.
   */
  readonly code: string
  /** Tables of the code units below 256, then a test for all others. */
  readonly sets: readonly CharSet[]
  readonly captures: readonly Capture[]
}

/** Characters of a fixed text that are compared one by one. */
const SHORT = 8
/** Ranges of a set that are compared one by one. */
const FEW = 4

/**
 * Makes JavaScript of a pattern: a function for each of its parts, which takes a place in the text, calls that
 * of the part behind it, and returns where the match ends, or -1. All that can multiply counts its steps.
 * Nothing of the pattern's text gets into the code but numbers.
 *
 * Functions, and not closures made of a few kinds: V8 compiles calls of which it knows the function into one
 * another, which makes three times the speed.
 */
export function generate(pattern: Pattern): Program {
  const generator = new Generator()
  return generator.program(pattern)
}

class Generator {
  readonly #functions: string[] = []
  readonly #variables: string[] = []
  readonly #sets: CharSet[] = []
  readonly #captures: Capture[] = []

  program(pattern: Pattern): Program {
    const accept = this.#function('return at')
    const start = this.#part(pattern, accept, undefined)
    const first = firstOf(pattern, undefined)
    const skip =
      first === undefined
        ? ''
        : `const code = text.charCodeAt(at); if (!(${this.#test(first)})) { spend(1); continue }`
    const code = `
      let text = '', length = 0, left = 0
      ${this.#variables.map((name) => `let ${name} = -1`).join('\n')}
      function spend(steps) { if ((left -= steps) < 0) left = look() }
      ${this.#functions.join('\n')}
      return (given) => {
        text = given
        length = given.length
        left = look()
        for (let index = 0; index < places.length; index++) places[index] = -1
        for (let at = 0; at <= length; at++) {
          ${skip}
          spend(1)
          if (${start}(at) >= 0) return true
        }
        return false
      }`
    return { code, sets: this.#sets, captures: this.#captures }
  }

  #function(body: string): string {
    const name = `step${this.#functions.length}`
    this.#functions.push(`function ${name}(at) { ${body} }`)
    return name
  }

  #variable(): string {
    const name = `kept${this.#variables.length}`
    this.#variables.push(name)
    return name
  }

  /** Whether `code` is in a set; NaN, which stands behind the end of a text, is in none. */
  #test(set: CharSet): string {
    const { ranges } = set
    if (ranges.length === 0) return 'false'
    if (ranges.length <= FEW) {
      return ranges
        .map(([from, to]) => {
          if (from === to) return `code === ${from}`
          if (from === 0) return `code <= ${to}`
          return to === 0xffff ? `code >= ${from}` : `(code >= ${from} && code <= ${to})`
        })
        .join(' || ')
    }
    let index = this.#sets.indexOf(set)
    if (index === -1) index = this.#sets.push(set) - 1
    return `(code < 256 ? sets[${index}].low[code] === 1 : sets[${index}].has(code))`
  }

  /** `follow`: what the next one may begin with; undefined where that is not known. */
  #part(pattern: Pattern, next: string, follow: CharSet | undefined): string {
    switch (pattern.kind) {
      case 'chars':
        return this.#chars([pattern.set], next)
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
        return this.#look(pattern, next)
      case 'place':
        return this.#function(`return ${holds(pattern.at)} ? ${next}(at) : -1`)
    }
  }

  #chars(sets: readonly CharSet[], next: string): string {
    const singles = sets.map(({ single }) => single)
    if (sets.length > SHORT && !singles.includes(undefined)) {
      const text = JSON.stringify(String.fromCharCode(...singles.map(Number)))
      return this.#function(`return text.startsWith(${text}, at) ? ${next}(at + ${sets.length}) : -1`)
    }
    const tests = sets.map(
      (set, index) => `code = text.charCodeAt(at + ${index}); if (!(${this.#test(set)})) return -1`,
    )
    return this.#function(`let code; ${tests.join('; ')}; return ${next}(at + ${sets.length})`)
  }

  #sequence(parts: readonly Pattern[], next: string, follow: CharSet | undefined): string {
    let chars: CharSet[] = []
    const flush = (): void => {
      if (chars.length > 0) next = this.#chars(chars, next)
      chars = []
    }
    for (const part of parts.toReversed()) {
      if (part.kind === 'chars') chars.unshift(part.set)
      else {
        flush()
        next = this.#part(part, next, follow)
      }
      follow = firstOf(part, follow)
    }
    flush()
    return next
  }

  #choice(options: readonly Pattern[], next: string, follow: CharSet | undefined): string {
    const tries = options.map((option) => {
      const step = this.#part(option, next, follow)
      const first = firstOf(option, follow)
      const go = `end = ${step}(at); if (end >= 0) return end`
      return first === undefined ? go : `if (${this.#test(first)}) { ${go} }`
    })
    return this.#function(
      `spend(1); const code = text.charCodeAt(at); let end; ${tries.join('; ')}; return -1`,
    )
  }

  #repeat(repeat: Extract<Pattern, { kind: 'repeat' }>, next: string, follow: CharSet | undefined): string {
    const { part, min, max, greedy } = repeat
    if (max === 0) return next
    if (part.kind === 'chars') return this.#run(part.set, repeat, next, follow)
    if (min === 0 && max === 1) return this.#optional(part, greedy, next, follow)
    const first = firstOf(part, undefined)
    const inside = first && follow && first.with(follow)
    if (greedy && hasOneEnd(part, inside)) return this.#turns(repeat, next, follow, inside)
    return this.#loop(repeat, next, follow)
  }

  #run(
    set: CharSet,
    { min, max, greedy }: Extract<Pattern, { kind: 'repeat' }>,
    next: string,
    follow: CharSet | undefined,
  ): string {
    const most = max === Infinity ? 'length' : `Math.min(length, at + ${max})`
    const fits = follow === undefined ? '' : `code = text.charCodeAt(end); if (${this.#test(follow)}) `
    const go = `{ found = ${next}(end); if (found >= 0) return found }`
    const test = this.#test(set)
    if (!greedy) {
      return this.#function(`
        const most = ${most}; let code, found
        for (let end = at; ; end++) {
          spend(1)
          if (end >= at + ${min}) { ${fits}${go} }
          code = text.charCodeAt(end)
          if (end >= most || !(${test})) return -1
        }`)
    }
    // Where what follows cannot begin with one of the set, it can only stand behind the last of them.
    const isDecided = follow !== undefined && set.isApartFrom(follow)
    return this.#function(`
      const most = ${most}; let end = at, code, found
      for (; end < most; end++) { code = text.charCodeAt(end); if (!(${test})) break }
      if (end < at + ${min}) return -1
      spend(1 + end - at)
      ${isDecided ? `return ${next}(end)` : `for (; end >= at + ${min}; end--) { ${fits}${go}; spend(1) } return -1`}`)
  }

  #optional(part: Pattern, greedy: boolean, next: string, follow: CharSet | undefined): string {
    const first = firstOf(part, follow)
    const [least] = lengthOf(part)
    const from = this.#variable()
    // An optional part that matched nothing was not there; with that a loop around it ends.
    const behind = least > 0 ? next : this.#function(`return at === ${from} ? -1 : ${next}(at)`)
    const step = this.#part(part, behind, follow)
    const taken = this.#function(`
      spend(1)
      ${first === undefined ? '' : `const code = text.charCodeAt(at); if (!(${this.#test(first)})) return -1`}
      ${least > 0 ? `return ${step}(at)` : `const before = ${from}; ${from} = at; const end = ${step}(at); if (end < 0) ${from} = before; return end`}`)
    const [one, other] = greedy ? [taken, next] : [next, taken]
    return this.#function(`const end = ${one}(at); return end >= 0 ? end : ${other}(at)`)
  }

  /** A part that has one end at most wherever it begins, one time after the other. */
  #turns(
    { part, min, max }: Extract<Pattern, { kind: 'repeat' }>,
    next: string,
    follow: CharSet | undefined,
    inside: CharSet | undefined,
  ): string {
    const first = firstOf(part, undefined)
    const body = this.#part(part, this.#function('return at'), inside)
    const begins =
      first === undefined ? '' : `code = text.charCodeAt(end); if (!(${this.#test(first)})) break`
    const fits = follow === undefined ? '' : `code = text.charCodeAt(end); if (${this.#test(follow)}) `
    // Where what follows cannot begin as another turn does, it can only stand behind the last one.
    const isDecided = first !== undefined && follow !== undefined && first.isApartFrom(follow)
    const leave = isDecided
      ? `return ${next}(end)`
      : `for (; ; count--) {
          ${fits}{ const found = ${next}(end); if (found >= 0) return found }
          spend(1)
          if (count === ${min}) return -1
          end = ends[count - 1]
        }`
    return this.#function(`
      ${isDecided ? '' : 'const ends = []'}
      let end = at, count = 0, code, to
      for (; ${max === Infinity ? '' : `count < ${max}`}; count++) {
        spend(1)
        ${begins}
        to = ${body}(end)
        if (to < 0 || (to === end && count >= ${min})) break
        ${isDecided ? '' : 'ends.push(end)'}
        end = to
      }
      if (count < ${min}) return -1
      ${leave}`)
  }

  /**
   * Any part, any number of times. Invariant of this and of every function that keeps something: on failure
   * it leaves what it found, so that whoever tries the next way finds that too.
   */
  #loop(
    { part, min, max, greedy }: Extract<Pattern, { kind: 'repeat' }>,
    next: string,
    follow: CharSet | undefined,
  ): string {
    const count = this.#variable()
    const from = this.#variable()
    const first = firstOf(part, undefined)
    // Called before it is there: functions know each other by name.
    const again = this.#function('')
    const slot = this.#functions.length - 1
    // Behind one turn comes another one, or what follows.
    const body = this.#part(part, again, first && follow && first.with(follow))
    const leaves = follow === undefined ? '' : ` && (${this.#test(follow)})`
    const leave = `if (${count} >= ${min}${leaves}) { end = ${next}(at); if (end >= 0) return end }`
    const goesOn = [
      ...(max === Infinity ? [] : [`${count} < ${max}`]),
      ...(first === undefined ? [] : [`(${this.#test(first)})`]),
    ]
    // A turn without a character, and that not because it had to be: it would go on so for ever.
    this.#functions[slot] = `function ${again}(at) {
      spend(1)
      const code = text.charCodeAt(at)
      let end
      if (at === ${from} && ${count} > ${min}) return -1
      ${greedy ? '' : leave}
      if (${goesOn.join(' && ') || 'true'}) {
        const before = ${count}, began = ${from}
        ${count}++
        ${from} = at
        end = ${body}(at)
        if (end >= 0) return end
        ${count} = before
        ${from} = began
      }
      ${greedy ? leave : ''}
      return -1
    }`
    return this.#function(`
      const before = ${count}, began = ${from}
      ${count} = 0
      ${from} = -1
      const end = ${again}(at)
      if (end < 0) { ${count} = before; ${from} = began }
      return end`)
  }

  #capture(
    { field, type, part }: Extract<Pattern, { kind: 'capture' }>,
    next: string,
    follow: CharSet | undefined,
  ): string {
    const slot = 2 * this.#captures.push({ field, type }) - 2
    const start = this.#variable()
    const close = this.#function(`
      const before = places[${slot}], beforeEnd = places[${slot + 1}]
      places[${slot}] = ${start}
      places[${slot + 1}] = at
      const end = ${next}(at)
      if (end < 0) { places[${slot}] = before; places[${slot + 1}] = beforeEnd }
      return end`)
    const step = this.#part(part, close, follow)
    return this.#function(
      `const before = ${start}; ${start} = at; const end = ${step}(at); if (end < 0) ${start} = before; return end`,
    )
  }

  /** A part behind which nothing is tried, and the places that it may capture. */
  #alone(
    part: Pattern,
    accept: string,
  ): { readonly step: string; readonly save: string; readonly restore: string } {
    const from = 2 * this.#captures.length
    const step = this.#part(part, this.#function(accept), undefined)
    const to = 2 * this.#captures.length
    if (from === to) return { step, save: '', restore: '' }
    return {
      step,
      save: `const saved = places.slice(${from}, ${to})`,
      restore: `places.set(saved, ${from})`,
    }
  }

  #atomic(part: Pattern, next: string): string {
    const { step, save, restore } = this.#alone(part, 'return at')
    return this.#function(`
      ${save}
      let end = ${step}(at)
      if (end >= 0) end = ${next}(end)
      if (end < 0) { ${restore} }
      return end`)
  }

  #look({ behind, negated, part }: Extract<Pattern, { kind: 'look' }>, next: string): string {
    const wanted = this.#variable()
    const { step, save, restore } = this.#alone(
      part,
      behind ? `return at === ${wanted} ? at : -1` : 'return at',
    )
    const [min, max] = lengthOf(part)
    const found = behind
      ? `${wanted} = at
        const least = ${max === Infinity ? 0 : `Math.max(0, at - ${max})`}
        for (let start = at - ${min}; start >= least && !found; start--) { spend(1); found = ${step}(start) >= 0 }`
      : `found = ${step}(at) >= 0`
    return this.#function(`
      ${save}
      let found = false
      ${found}
      const end = found === ${negated} ? -1 : ${next}(at)
      if (end < 0) { ${restore} }
      return end`)
  }
}

/** Whether a part, wherever it begins, can end in one place only, with what may follow; and captures nothing. */
function hasOneEnd(part: Pattern, follow: CharSet | undefined): boolean {
  switch (part.kind) {
    case 'chars':
    case 'place':
      return true
    case 'sequence': {
      let next = follow
      return part.parts.toReversed().every((one) => {
        const has = hasOneEnd(one, next)
        next = firstOf(one, next)
        return has
      })
    }
    case 'choice': {
      const firsts = part.options.map((option) => firstOf(option, follow))
      const areApart = firsts.every((a, index) =>
        firsts.slice(index + 1).every((b) => a !== undefined && b !== undefined && a.isApartFrom(b)),
      )
      return areApart && part.options.every((option) => hasOneEnd(option, follow))
    }
    case 'repeat': {
      if (!part.greedy) return false
      const first = firstOf(part.part, undefined)
      if (first === undefined || follow === undefined || !first.isApartFrom(follow))
        return part.min === part.max && part.part.kind === 'chars'
      return hasOneEnd(part.part, first.with(follow))
    }
    case 'atomic':
    case 'look':
      return !captures(part.part)
    case 'capture':
      return false
  }
}

function captures(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'chars':
    case 'place':
      return false
    case 'sequence':
      return pattern.parts.some(captures)
    case 'choice':
      return pattern.options.some(captures)
    case 'capture':
      return true
    case 'repeat':
    case 'atomic':
    case 'look':
      return captures(pattern.part)
  }
}

/** Whether a place is of that kind. */
function holds(place: Place): string {
  const word = (at: string): string =>
    `((code) => ${wordChars.ranges.map(([from, to]) => `(code >= ${from} && code <= ${to})`).join(' || ')})(text.charCodeAt(${at}))`
  const isWordEdge = `${word('at - 1')} !== ${word('at')}`
  switch (place) {
    case 'start':
      return '(at === 0)'
    case 'end':
      return '(at === length)'
    case 'line start':
      return '(at === 0 || text.charCodeAt(at - 1) === 10)'
    case 'line end':
      return '(at === length || text.charCodeAt(at) === 10)'
    case 'last line end':
      return '(at === length || (at === length - 1 && text.charCodeAt(at) === 10))'
    case 'word edge':
      return `(${isWordEdge})`
    case 'no word edge':
      return `!(${isWordEdge})`
  }
}
