import type { FieldSource } from '../../record-field.ts'
import { refuse } from '../../options.ts'
import { parseTemplate } from '../../template.ts'
import { recordPieces, RecordTemplate } from '../record-template.ts'

/** Bytes of a name. */
const MAX_BYTES = 255
// https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-create
const ILLEGAL = /[\\/*?"<>|,#:\s\p{Cc}\p{Cs}]/gu
const ILLEGAL_FIRST = /^[-_+]+/

/** The name of an index or data stream, of fields and dates in UTC, by the record's own time. */
export class IndexName {
  readonly #template: RecordTemplate

  constructor(option: string, template: string) {
    const pieces = parseTemplate(template)
    const isLegal = pieces.every((piece, index) => {
      if ('field' in piece) return piece.field !== ''
      if ('date' in piece) return true
      const { literal } = piece
      const first = index === 0 && (ILLEGAL_FIRST.test(literal) || /^\.{1,2}$/.test(template))
      return (
        !first && literal === literal.toLowerCase() && !/[{}]/.test(literal) && literal === legal(literal)
      )
    })
    if (!isLegal || Buffer.byteLength(template) > MAX_BYTES)
      refuse(option, 'a name in small letters, which may have {fields} and {dates} in it', template)
    this.#template = new RecordTemplate(
      recordPieces(template, (value) => legal(value) || 'unknown'),
      'utc',
    )
  }

  of(record: FieldSource & { readonly timestamp: number }): string {
    const name = this.#template.text(record, record.timestamp).replace(ILLEGAL_FIRST, '')
    return /^\.*$/.test(name) ? 'unknown' : cut(name)
  }
}

/** `shop::db` is `shop.db`; what no index may have becomes `_`. */
function legal(value: string): string {
  return value.toLowerCase().replaceAll('::', '.').replace(ILLEGAL, '_')
}

function cut(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name
  // The rest of a character that was cut is gone with it.
  return Buffer.from(name).subarray(0, MAX_BYTES).toString().replace(/�$/, '')
}
