import type { FieldSource } from '../record-field.ts'
import { refuse } from '../options.ts'
import { parseTemplate } from '../template.ts'
import { fileNamePart } from './file-name.ts'
import { RecordTemplate, type RecordPiece } from './record-template.ts'

/** Bytes of a name in a directory, on nearly every file system. */
const NAME_MAX = 255
/** Bytes: with fewer nobody recognises a value. */
const VALUE_MIN = 40

/** A path of fields and dates, as in `{service.name}/{log.logger}.{YYYYMMDD}`, that never leads out of its directory. */
export class PathTemplate {
  readonly #template: RecordTemplate

  constructor(option: string, template: string, zone: 'local' | 'utc') {
    const segments = template.split('/')
    if (segments.some((segment) => ['', '.', '..'].includes(segment)))
      refuse(option, 'a path inside, without empty, . or .. segments', template)
    const pieces = segments.flatMap((segment, index) => {
      const parsed = parseSegment(option, template, segment)
      return index === 0 ? parsed : [{ literal: '/' }, ...parsed]
    })
    this.#template = new RecordTemplate(pieces, zone)
  }

  /** The path for a record of this time, in milliseconds since 1970. */
  path(source: FieldSource, time: number): string {
    return this.#template.text(source, time)
  }
}

function parseSegment(option: string, template: string, segment: string): RecordPiece[] {
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
  return pieces.map((piece) =>
    'field' in piece ? { ...piece, part: (value) => fileNamePart(value, maxBytes) } : piece,
  )
}
