import type { Document, LineCounter } from 'yaml'
import { LogflumeError, toError } from '../errors.ts'
import { isObject, isReadable, refuseOption } from '../options.ts'
import { yaml } from './yaml.ts'

/** Replaces a text of a configuration, which is there under the name of that option. */
export type Replace = (option: string, text: string, isTyped: boolean) => unknown

/** A configuration before anything in it was looked at. */
export interface ConfigSource {
  /** The section of that name, with its texts replaced. */
  section(name: string, replace: Replace): unknown
  /** All but that section, with its texts replaced. */
  others(name: string, replace: Replace): unknown
  /** Where an option is, for messages; an empty text where nobody can tell. */
  place(option: string): string
}

/** Names of options that stay texts, also where they look like numbers. */
const TEXTS: ReadonlySet<string> = new Set(['username', 'password', 'passphrase', 'token'])

const DEEPEST = 64

/** The option `key` within the one that is called `option`. */
function inside(option: string, key: string | number): string {
  if (typeof key === 'number') return `${option}[${key}]`
  return option === '' ? key : `${option}.${key}`
}

/** The text of a file, YAML or JSON, which is YAML as well. */
export class TextSource implements ConfigSource {
  readonly #document: Document.Parsed
  readonly #lines: LineCounter
  readonly #isJson: boolean

  /** @throws LogflumeError INVALID_OPTION where it is no YAML. */
  constructor(text: string, isJson: boolean) {
    const { LineCounter, parseDocument } = yaml()
    this.#isJson = isJson
    this.#lines = new LineCounter()
    // Without the lines themselves, which may have secrets in them.
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge: true })
    const [problem] = [...this.#document.errors, ...this.#document.warnings]
    if (problem === undefined) return
    const { message, pos } = problem
    throw new LogflumeError('INVALID_OPTION', `${message}${this.#at(pos[0])}`)
  }

  #at(offset: number): string {
    const { line, col } = this.#lines.linePos(offset)
    return ` (line ${line}, column ${col})`
  }

  section(name: string, replace: Replace): unknown {
    this.#replace((top) => top === name, replace)
    return this.#value(name)
  }

  others(name: string, replace: Replace): unknown {
    this.#replace((top) => top !== name, replace)
    const value = this.#value()
    return isObject(value) ? without(value, name) : value
  }

  #value(name?: string): unknown {
    try {
      const whole: unknown = this.#document.toJS({ maxAliasCount: 100 })
      return name === undefined ? whole : isObject(whole) ? whole[name] : undefined
    } catch (thrown) {
      throw new LogflumeError('INVALID_OPTION', toError(thrown).message, { cause: thrown })
    }
  }

  #replace(wanted: (top: string) => boolean, replace: Replace): void {
    const { isScalar, visit } = yaml()
    visit(this.#document, {
      Pair: (_, pair, path) => {
        const isTop = path.length === 2 // the document, its map
        if (isTop && isScalar(pair.key) && !wanted(String(pair.key.value))) return visit.SKIP
        return undefined
      },
      Scalar: (key, node, path) => {
        if (key === 'key' || typeof node.value !== 'string') return
        const keys = keysOf([...path, node])
        const option = keys.reduce<string>(inside, '')
        const isTyped = (this.#isJson || node.type === 'PLAIN') && !TEXTS.has(String(keys.at(-1)))
        node.value = replace(option, node.value, isTyped || isNamed(node.value, keys))
      },
    })
  }

  place(option: string): string {
    let node: unknown = this.#document.contents
    let rest = option
    while (rest !== '') {
      const step = next(node, rest)
      if (step === undefined) break
      node = step.node
      rest = step.rest
    }
    if (rest === option) return '' // it is missing in the outermost object
    const { range } = (node ?? {}) as { readonly range?: readonly number[] | null }
    return range?.[0] === undefined ? '' : this.#at(range[0])
  }
}

/** `#` begins a comment where it has no quotes, so that these say nothing. */
function isNamed(text: string, keys: readonly (string | number)[]): boolean {
  return text.startsWith('#{') && !TEXTS.has(String(keys.at(-1)))
}

/** The names and numbers by which the last of these nodes is reached. */
function keysOf(path: readonly unknown[]): (string | number)[] {
  const { isScalar, isSeq } = yaml()
  return path.flatMap<string | number>((node, index) => {
    const child = path[index + 1]
    if (isSeq(node)) return [node.items.indexOf(child)]
    const { key } = (node ?? {}) as { readonly key?: unknown }
    return isScalar(key) ? [String(key.value)] : []
  })
}

/** The node that an option's name leads to first; names may have dots in them, so the longest key counts. */
function next(node: unknown, option: string): { readonly node: unknown; readonly rest: string } | undefined {
  const { isMap, isScalar, isSeq } = yaml()
  if (isSeq(node)) {
    const [whole, index] = /^\[(\d+)\]\.?/.exec(option) ?? []
    const item = node.items[Number(index)]
    return whole === undefined || item === undefined
      ? undefined
      : { node: item, rest: option.slice(whole.length) }
  }
  if (!isMap(node)) return undefined
  const [found] = node.items
    .flatMap(({ key, value }) => (isScalar(key) ? [{ name: String(key.value), key, value }] : []))
    .filter(({ name }) => option.startsWith(name) && /^(?:[.[]|$)/.test(option.slice(name.length)))
    .sort((a, b) => b.name.length - a.name.length)
  if (found === undefined) return undefined
  const rest = option.slice(found.name.length).replace(/^\./, '')
  return { node: found.value ?? found.key, rest }
}

/** An object in hand. It is not changed. */
export class ObjectSource implements ConfigSource {
  readonly #value: unknown

  constructor(value: unknown) {
    this.#value = value
  }

  section(name: string, replace: Replace): unknown {
    return isObject(this.#value) ? replaced(this.#value[name], name, replace) : undefined
  }

  others(name: string, replace: Replace): unknown {
    return replaced(isObject(this.#value) ? without(this.#value, name) : this.#value, '', replace)
  }

  place(): string {
    return ''
  }
}

function without(value: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== name))
}

/** A copy of plain objects and arrays; anything else is what it is. */
function replaced(value: unknown, option: string, replace: Replace, depth = 0): unknown {
  if (typeof value === 'string') return replace(option, value, !TEXTS.has(option.replace(/^.*\./s, '')))
  if (depth > DEEPEST) refuseOption(option, `nested more than ${DEEPEST} times`)
  if (!isReadable(value)) return value // whoever reads the option refuses it
  if (Array.isArray(value))
    return value.map((one: unknown, index) => replaced(one, inside(option, index), replace, depth + 1))
  if (!isPlain(value)) return value
  const entries = Object.entries(value).map(
    ([key, one]) => [key, replaced(one, inside(option, key), replace, depth + 1)] as const,
  )
  return Object.fromEntries(entries)
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
