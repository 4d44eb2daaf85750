import { CharSet, classes, dot, escapes } from './char-set.ts'
import type { CaptureType, Pattern } from './pattern.ts'

/** What a pattern cannot be read for; `at` counts characters from 1. */
export class PatternError extends Error {
  constructor(what: string, at: number, source: string) {
    super(`${what} at character ${at + 1} of ${source}`)
  }
}

/** Gives the pattern of a name, as in `%{NAME}`; undefined where there is none. */
export type FindPattern = (name: string) => Pattern | undefined

interface Flags {
  readonly ignoreCase: boolean
  readonly newlinesToo: boolean
  readonly extended: boolean
}

const controls: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  f: '\f',
  v: '\v',
  a: '\u0007',
  e: '\u001b',
}
const types: Readonly<Record<string, CaptureType>> = {
  string: 'string',
  int: 'int',
  integer: 'int',
  long: 'int',
  float: 'float',
  double: 'float',
  boolean: 'boolean',
}
/** Repetitions of a counted part; more are a mistake, or an attempt on memory. */
const MOST = 100_000

/** Reads a regular expression as Logstash's engine does (Oniguruma, in Ruby's syntax), with `%{NAME:field}`. */
export function parsePattern(source: string, find: FindPattern): Pattern {
  return new Parser(source, find).all()
}

class Parser {
  readonly #source: string
  readonly #find: FindPattern
  #at = 0
  #flags: Flags = { ignoreCase: false, newlinesToo: false, extended: false }

  constructor(source: string, find: FindPattern) {
    this.#source = source
    this.#find = find
  }

  all(): Pattern {
    const pattern = this.#choice()
    if (this.#at < this.#source.length) this.#refuse("a ')' without its '('")
    return pattern
  }

  #refuse(what: string): never {
    throw new PatternError(what, this.#at, this.#source)
  }

  #takes(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  /** Takes what matches here; the expression has to be sticky. */
  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at
    const found = expression.exec(this.#source) ?? undefined
    this.#at += found?.[0].length ?? 0
    return found
  }

  #choice(): Pattern {
    const flags = this.#flags // `(?i)` lasts to the end of its group
    const options = [this.#sequence()]
    while (this.#takes('|')) options.push(this.#sequence())
    this.#flags = flags
    return options.length === 1 && options[0] !== undefined ? options[0] : { kind: 'choice', options }
  }

  #sequence(): Pattern {
    const parts: Pattern[] = []
    while (this.#at < this.#source.length && !'|)'.includes(this.#source.charAt(this.#at))) {
      if (this.#flags.extended && this.#match(/\s+|#.*/y) !== undefined) continue
      const part = this.#atom()
      if (part !== undefined) parts.push(this.#repeats(part))
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'sequence', parts }
  }

  #repeats(part: Pattern): Pattern {
    for (;;) {
      const counts = this.#counts()
      if (counts === undefined) return part
      const [min, max, isInterval] = counts
      const greedy = !this.#takes('?')
      part = { kind: 'repeat', part, min, max, greedy }
      if (!isInterval && greedy && this.#takes('+')) part = { kind: 'atomic', part }
    }
  }

  #counts(): readonly [min: number, max: number, isInterval: boolean] | undefined {
    if (this.#takes('*')) return [0, Infinity, false]
    if (this.#takes('+')) return [1, Infinity, false]
    if (this.#takes('?')) return [0, 1, false]
    const start = this.#at
    const found = this.#match(/\{(?:(\d+)(,)?(\d+)?|,(\d+))\}/y)
    if (found === undefined) return undefined
    const [, least, comma, most, mostOnly] = found
    const min = Number(least ?? 0)
    const max = Number(mostOnly ?? most ?? (comma === undefined ? min : Infinity))
    if (min > max || min > MOST || (max > MOST && max !== Infinity)) {
      this.#at = start
      this.#refuse(`a count in the right order and of at most ${MOST}`)
    }
    return [min, max, true]
  }

  /** Undefined for what is only a remark, or a flag for those behind it. */
  #atom(): Pattern | undefined {
    const char = this.#source.charAt(this.#at)
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return this.#chars(this.#class())
      case '.':
        this.#at++
        return { kind: 'chars', set: dot(this.#flags.newlinesToo) }
      case '^':
        this.#at++
        return { kind: 'place', at: 'line start' }
      case '$':
        this.#at++
        return { kind: 'place', at: 'line end' }
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
        return this.#refuse(`nothing that '${char}' could repeat`)
      default:
        if (char === '%' && this.#source.startsWith('%{', this.#at)) return this.#reference()
        this.#at++
        return this.#char(char)
    }
  }

  #chars(set: CharSet): Pattern {
    return { kind: 'chars', set: this.#flags.ignoreCase ? set.anyCase : set }
  }

  #char(char: string): Pattern {
    const code = char.charCodeAt(0)
    return this.#chars(new CharSet([[code, code]]))
  }

  /** `%{NAME}`, `%{NAME:field}`, `%{NAME:[nested][field]:int}`. */
  #reference(): Pattern {
    const start = this.#at
    const found = this.#match(/%\{([\w-]+)(?::([\w@.[\]-]+))?(?::(\w+))?\}/y)
    if (found === undefined) return this.#refuse('%{NAME}, %{NAME:field} or %{NAME:field:type} is expected')
    const [, name = '', field, typeName] = found
    const type = typeName === undefined ? 'string' : types[typeName]
    const part = this.#find(name)
    if (part === undefined || type === undefined) {
      this.#at = start
      return this.#refuse(
        part === undefined ? `no pattern is named ${name},` : `no type is named ${typeName ?? ''},`,
      )
    }
    return field === undefined ? part : { kind: 'capture', field: fieldName(field), type, part }
  }

  #group(): Pattern | undefined {
    const start = this.#at
    if (this.#match(/\(\?#[^)]*\)/y) !== undefined) return undefined
    const flags = this.#match(/\(\?([imx]*)(?:-([imx]+))?([:)])/y)
    if (flags !== undefined) return this.#flagGroup(flags, start)
    const look = this.#match(/\(\?(<?)([=!])/y)
    if (look !== undefined) {
      const part = this.#inside(start)
      return { kind: 'look', behind: look[1] === '<', negated: look[2] === '!', part }
    }
    if (this.#takes('(?>')) return { kind: 'atomic', part: this.#inside(start) }
    const name = this.#match(/\(\?(?:P?<([\w@.[\]-]+)>|'([\w@.[\]-]+)')/y)
    if (name !== undefined) {
      const field = fieldName(name[1] ?? name[2] ?? '')
      return { kind: 'capture', field, type: 'string', part: this.#inside(start) }
    }
    if (this.#source.startsWith('(?', this.#at)) this.#refuse('a group of an unknown kind')
    this.#at++
    return this.#inside(start)
  }

  #flagGroup([, on = '', off = '', end]: RegExpExecArray, start: number): Pattern | undefined {
    const outer = this.#flags
    const is = (flag: string, before: boolean): boolean =>
      on.includes(flag) || (before && !off.includes(flag))
    this.#flags = {
      ignoreCase: is('i', outer.ignoreCase),
      newlinesToo: is('m', outer.newlinesToo),
      extended: is('x', outer.extended),
    }
    if (end === ')') return undefined
    const part = this.#inside(start)
    this.#flags = outer
    return part
  }

  #inside(start: number): Pattern {
    const part = this.#choice()
    if (!this.#takes(')')) {
      this.#at = start
      this.#refuse("a '(' without its ')'")
    }
    return part
  }

  #escape(): Pattern {
    const char = this.#source.charAt(this.#at + 1)
    const place = ({ b: 'word edge', B: 'no word edge', A: 'start', z: 'end', Z: 'last line end' } as const)[
      char
    ]
    if (place !== undefined) {
      this.#at += 2
      return { kind: 'place', at: place }
    }
    if (/[1-9kgGKRX]/.test(char)) this.#refuse(`\\${char}, which is not supported,`)
    return this.#chars(this.#escaped())
  }

  /** An escape that stands for characters, inside of a class or outside. */
  #escaped(): CharSet {
    const start = this.#at
    const code = this.#match(
      /\\(?:x\{([\da-fA-F]{1,4})\}|x([\da-fA-F]{1,2})|u([\da-fA-F]{4})|0([0-7]{0,2}))/y,
    )
    if (code !== undefined) {
      const hex = code[1] ?? code[2] ?? code[3]
      return one(hex === undefined ? parseInt(code[4] === '' ? '0' : (code[4] ?? '0'), 8) : parseInt(hex, 16))
    }
    const property = this.#match(/\\([pP])\{(\^?)(\w+)\}/y)
    if (property !== undefined) {
      const set = classes[(property[3] ?? '').toLowerCase()]
      if (set === undefined) {
        this.#at = start
        this.#refuse('a property of an unknown name')
      }
      return (property[1] === 'P') === (property[2] === '^') ? set : set.negated
    }
    const char = this.#source.charAt(start + 1)
    if (char === '') this.#refuse("a '\\' with nothing behind it")
    this.#at = start + 2
    const known = escapes[char]
    if (known !== undefined) return known
    const control = controls[char]
    if (control === undefined && /[a-zA-Z]/.test(char)) {
      this.#at = start
      this.#refuse(`\\${char}, which is not supported,`)
    }
    return one((control ?? char).charCodeAt(0))
  }

  /** `[...]`. */
  #class(): CharSet {
    const start = this.#at++
    const negated = this.#takes('^')
    let set = new CharSet([])
    for (let first = true; ; first = false) {
      if (this.#at >= this.#source.length) {
        this.#at = start
        this.#refuse("a '[' without its ']'")
      }
      if (this.#source.startsWith('&&', this.#at)) this.#refuse('&&, which is not supported,')
      if (!first && this.#takes(']')) return negated ? set.negated : set
      set = set.with(this.#classPart())
    }
  }

  #classPart(): CharSet {
    const posix = this.#match(/\[:(\^?)(\w+):\]/y)
    if (posix !== undefined) {
      const named = classes[posix[2] ?? '']
      if (named === undefined) this.#refuse(`no class is named ${posix[2] ?? ''},`)
      return posix[1] === '^' ? named.negated : named
    }
    if (this.#source.startsWith('[', this.#at)) return this.#class()
    const from = this.#classChar()
    const low = from.single
    if (low === undefined || !/^-[^\]]/.test(this.#source.slice(this.#at, this.#at + 2))) return from
    const dash = this.#at++
    if (this.#source.startsWith('[', this.#at)) {
      this.#at = dash // `a-[b]`: the dash is one
      return from
    }
    const high = this.#classChar().single
    if (high === undefined) {
      this.#at = dash
      return from
    }
    if (high < low) {
      this.#at = dash
      this.#refuse('a range that ends before it begins')
    }
    return new CharSet([[low, high]])
  }

  #classChar(): CharSet {
    if (!this.#source.startsWith('\\', this.#at)) return one(this.#source.charCodeAt(this.#at++))
    if (this.#takes('\\b')) return one(8)
    return this.#escaped()
  }
}

function one(code: number): CharSet {
  return new CharSet([[code, code]])
}

/** `[source][ip]` is `source.ip`. */
function fieldName(name: string): string {
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1).replaceAll('][', '.') : name
}
