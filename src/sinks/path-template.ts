import { refuse } from '../options.ts'
import { formatDate, parseTemplate } from '../template.ts'
import { fileNamePart } from './file-name.ts'

type Piece =
  | { readonly literal: string }
  | { readonly date: string }
  /** `maxBytes`: what the value may take of its segment. */
  | { readonly field: string; readonly maxBytes: number }

/** Where the values come from. */
export interface PathSource {
  get(name: string): unknown
}

/** Bytes of a name in a directory, on nearly every file system. */
const NAME_MAX = 255
/** Bytes: with fewer nobody recognises a value. */
const VALUE_MIN = 40
/** All zones of the world differ by multiples of a quarter of an hour. */
const QUARTER = 15 * 60 * 1000
/** Paths that are remembered. */
const MAX_PATHS = 10_000
/** A path of fields and dates, as in `{service.name}/{log.logger}.{YYYYMMDD}`, that never leads out of its directory. */
export class PathTemplate {
  readonly #pieces: readonly Piece[]
  readonly #fields: readonly string[]
  readonly #zone: 'local' | 'utc'
  #quarter = Number.NaN
  #date = new Date(0)
  /** Paths of this quarter, by the values in them. */
  readonly #paths = new Map<string, string>()
  #lastValues: readonly string[] = []
  #lastPath: string | undefined

  constructor(option: string, template: string, zone: 'local' | 'utc') {
    const segments = template.split('/')
    if (segments.some((segment) => ['', '.', '..'].includes(segment)))
      refuse(option, 'a path inside of `dir`, without empty, . or .. segments', template)
    this.#pieces = segments.flatMap((segment, index) => {
      const pieces = parseSegment(option, template, segment)
      return index === 0 ? pieces : [{ literal: '/' }, ...pieces]
    })
    this.#fields = this.#pieces.flatMap((piece) => ('field' in piece ? [piece.field] : []))
    this.#zone = zone
  }

  /** The path for a record of this time, in milliseconds since 1970. */
  path(source: PathSource, time: number): string {
    const quarter = Math.floor(time / QUARTER)
    if (quarter !== this.#quarter) this.#enter(quarter)
    const values = this.#fields.map((field) => toText(source.get(field)))
    // Lines of one logger come in runs.
    if (this.#lastPath !== undefined && values.every((value, index) => value === this.#lastValues[index]))
      return this.#lastPath
    this.#lastValues = values
    return (this.#lastPath = this.#remembered(values))
  }

  #enter(quarter: number): void {
    this.#quarter = quarter
    this.#date = new Date(quarter * QUARTER)
    this.#paths.clear()
    this.#lastPath = undefined
  }

  #remembered(values: readonly string[]): string {
    // With the lengths, so that no two lists of values have the same key.
    const key = values.map((value) => `${value.length}:${value}`).join('')
    const known = this.#paths.get(key)
    if (known !== undefined) return known
    const path = this.#make(values)
    if (this.#paths.size >= MAX_PATHS) this.#paths.clear()
    this.#paths.set(key, path)
    return path
  }

  #make(values: readonly string[]): string {
    let value = 0
    return this.#pieces
      .map((piece) => {
        if ('literal' in piece) return piece.literal
        if ('date' in piece) return formatDate(piece.date, this.#date, this.#zone)
        return fileNamePart(values[value++] ?? '', piece.maxBytes)
      })
      .join('')
  }
}

function parseSegment(option: string, template: string, segment: string): Piece[] {
  const pieces = parseTemplate(segment)
  const isWrong = pieces.some((piece) =>
    'literal' in piece ? /[{}\\:*?"<>|\p{Cc}]/u.test(piece.literal) : 'field' in piece && piece.field === '',
  )
  if (isWrong)
    refuse(option, 'a path of {fields}, {dates} and characters that are legal in file names', template)
  const fixed = pieces.map((piece) =>
    'literal' in piece ? piece.literal : 'date' in piece ? piece.date : '',
  )
  const fields = pieces.filter((piece) => 'field' in piece).length
  const maxBytes = Math.floor((NAME_MAX - Buffer.byteLength(fixed.join(''))) / Math.max(1, fields))
  if (maxBytes < VALUE_MIN) refuse(option, 'a path with shorter or fewer parts between slashes', template)
  return pieces.map((piece) => ('field' in piece ? { ...piece, maxBytes } : piece))
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
