import { runInThisContext } from 'node:vm'
import { Finder } from './line-scan.ts'

/** How a line's key is found: a field of it, or the source of a function `(line: string) => string | undefined`. */
export type KeySettings = { readonly field: string } | { readonly source: string }

/** The key of the line from byte `from` up to its newline at `to`. */
export type KeyOf = (lines: Buffer, from: number, to: number) => Buffer | undefined

export function keyReader(settings: KeySettings, onThrow: (thrown: unknown) => void): KeyOf {
  return 'field' in settings ? fieldReader(settings.field) : functionReader(settings.source, onThrow)
}

/**
 * The function that a source text makes; of what was around it where it was written, it sees nothing.
 *
 * @throws where the text makes none.
 */
export function compile(source: string): (line: string) => unknown {
  let made: unknown
  try {
    made = runInThisContext(`(${source})`)
  } catch {
    // A method's source is no expression by itself.
    made = Object.values(runInThisContext(`({${source}})`) as object)[0]
  }
  if (typeof made !== 'function') throw new TypeError('no function')
  return made as (line: string) => unknown
}

function functionReader(source: string, onThrow: (thrown: unknown) => void): KeyOf {
  const key = compile(source)
  return (lines, from, to) => {
    try {
      const found = key(lines.toString('utf8', from, to))
      return typeof found === 'string' ? Buffer.from(found) : undefined
    } catch (thrown) {
      onThrow(thrown)
      return undefined
    }
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** A text, or a number or a boolean as its text; other values are no keys. */
function fieldReader(field: string): KeyOf {
  const finder = new Finder(`${JSON.stringify(field)}:`)
  let known: Buffer | undefined
  return (lines, from, to) => {
    if (lines !== known) finder.begin((known = lines))
    let at = finder.endIn(from, to)
    // The same name may stand in an object within the line, before the line's own.
    if (at !== -1 && !isTopLevel(lines, from, at)) at = ownField(lines, from, to, field)
    return at === -1 ? undefined : valueAt(lines, at, to)
  }
}

/** Whether `at` is within the outermost braces only, and in no text. */
function isTopLevel(lines: Buffer, from: number, at: number): boolean {
  let depth = 0
  for (let place = from; place < at; place++) {
    const byte = lines[place]
    if (byte === QUOTE) {
      for (place++; place < at && lines[place] !== QUOTE; place++) if (lines[place] === BACKSLASH) place++
    } else if (byte === 0x7b || byte === 0x5b) depth++
    else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return depth === 1
}

function ownField(lines: Buffer, from: number, to: number, field: string): number {
  const name = `${JSON.stringify(field)}:`
  const line = lines.subarray(from, to)
  for (let at = line.indexOf(name); at !== -1; at = line.indexOf(name, at + 1)) {
    const end = at + Buffer.byteLength(name)
    if (isTopLevel(line, 0, end)) return from + end
  }
  return -1
}

function valueAt(lines: Buffer, at: number, to: number): Buffer | undefined {
  let end = at
  if (lines[at] !== QUOTE) {
    while (end < to && lines[end] !== 0x2c && lines[end] !== 0x7d) end++
    const text = lines.toString('latin1', at, end).trim()
    return /^(?:-?\d[\d.eE+-]*|true|false)$/.test(text) ? Buffer.from(text) : undefined
  }
  let isEscaped = false
  for (end++; end < to && lines[end] !== QUOTE; end++) {
    if (lines[end] !== BACKSLASH) continue
    isEscaped = true
    end++
  }
  if (end >= to) return undefined
  // A copy: the lines move on while the key is looked at.
  if (!isEscaped) return Buffer.from(lines.subarray(at + 1, end))
  try {
    return Buffer.from(JSON.parse(lines.toString('utf8', at, end + 1)) as string)
  } catch {
    return undefined
  }
}
