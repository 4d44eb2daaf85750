import type { ConsumedRecord } from '../consume/record.ts'
import { NEWLINE } from '../lines.ts'

const [OPEN, CLOSE, SPACE] = [0x7b, 0x7d, 0x20] // { } and the first character that is no control

/**
 * A record's bytes where they look like one JSON object in one line, as they came; else its fields as such
 * a line. Nothing is parsed where nothing was changed.
 */
export function jsonLine(record: ConsumedRecord): Buffer {
  const { bytes } = record
  return isObjectLine(bytes) ? bytes : record.with(record.toJSON()).bytes
}

function isObjectLine(bytes: Buffer): boolean {
  let start = 0
  let end = bytes.length - 1
  while (start < end && isSpace(bytes[start])) start++
  while (end > start && isSpace(bytes[end])) end--
  return bytes[start] === OPEN && bytes[end] === CLOSE && !bytes.includes(NEWLINE)
}

function isSpace(byte = SPACE): boolean {
  return byte <= SPACE
}
