import { readField, toText, type FieldSource } from '../record-field.ts'
import { formatDate, parseTemplate, type TemplatePiece } from '../template.ts'

/** A piece of a template whose fields know how their values may be written. */
export type RecordPiece =
  Exclude<TemplatePiece, { field: string }> | { readonly field: string; readonly part: FieldPart }

/** A value as a legal part of what the template makes. */
export type FieldPart = (value: string) => string

/** All zones of the world differ by multiples of a quarter of an hour. */
const QUARTER = 15 * 60 * 1000
/** Texts that are remembered. */
const MAX_TEXTS = 10_000

/** The pieces of a template where every field is written in the same way. */
export function recordPieces(template: string, part: FieldPart): RecordPiece[] {
  return parseTemplate(template).map((piece) => ('field' in piece ? { ...piece, part } : piece))
}

/** Texts of a record's fields and dates, as in `logs-{service.name}-{YYYYMMDD}`. */
export class RecordTemplate {
  readonly #pieces: readonly RecordPiece[]
  readonly #fields: readonly string[]
  readonly #zone: 'local' | 'utc'
  #quarter = Number.NaN
  #date = new Date(0)
  /** Texts of this quarter, by the values in them. */
  readonly #texts = new Map<string, string>()
  #lastValues: readonly string[] = []
  #lastText: string | undefined

  constructor(pieces: readonly RecordPiece[], zone: 'local' | 'utc') {
    this.#pieces = pieces
    this.#fields = pieces.flatMap((piece) => ('field' in piece ? [piece.field] : []))
    this.#zone = zone
  }

  /** The text for a record of this time, in milliseconds since 1970. */
  text(source: FieldSource, time: number): string {
    const quarter = Math.floor(time / QUARTER)
    if (quarter !== this.#quarter) this.#enter(quarter)
    const values = this.#fields.map((field) => toText(readField(source, field)) ?? '')
    // Lines of one logger come in runs.
    if (this.#lastText !== undefined && values.every((value, index) => value === this.#lastValues[index]))
      return this.#lastText
    this.#lastValues = values
    return (this.#lastText = this.#remembered(values))
  }

  #enter(quarter: number): void {
    this.#quarter = quarter
    this.#date = new Date(quarter * QUARTER)
    this.#texts.clear()
    this.#lastText = undefined
  }

  #remembered(values: readonly string[]): string {
    // With the lengths, so that no two lists of values have the same key.
    const key = values.map((value) => `${value.length}:${value}`).join('')
    const known = this.#texts.get(key)
    if (known !== undefined) return known
    const text = this.#make(values)
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear()
    this.#texts.set(key, text)
    return text
  }

  #make(values: readonly string[]): string {
    let value = 0
    return this.#pieces
      .map((piece) => {
        if ('literal' in piece) return piece.literal
        if ('date' in piece) return formatDate(piece.date, this.#date, this.#zone)
        return piece.part(values[value++] ?? '')
      })
      .join('')
  }
}
