import { crc32 } from '@node-rs/crc32'

/** A row of a file that is only appended to: eight hex digits of a checksum, a space, the text, a newline. */
export function checkedRow(text: string): string {
  return `${checksum(text)} ${text}\n`
}

/** The text of a row without its newline; undefined where the row is empty, torn or damaged. */
export function textOfRow(row: string): string | undefined {
  const text = row.slice(9)
  return text !== '' && checksum(text) === row.slice(0, 8) ? text : undefined
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
