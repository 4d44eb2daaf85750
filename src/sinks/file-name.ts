import { createHash } from 'node:crypto'

/** Hex digits of the hash that stands for what was cut off a name. */
const HASH_DIGITS = 16
const UNSAFE = /::|[%~/\\:*?"<>|\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
/** Hidden, `..`, taken for an option by a shell; cut off by Windows. */
const UNSAFE_EDGES = /^[.\- ]|[. ]$/g
const RESERVED_ON_WINDOWS = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i

/**
 * A value as a part of a file's name: legal everywhere, never a path, at most `maxBytes` long, and another
 * one for each value. The `::` between loggers becomes `~`: `shop::db` is in `shop~db.20261121`. What else
 * may not be in a name, and `%` and `~` themselves, become `%` and their bytes in hex, as in a URL. An empty
 * value is called `unknown`.
 */
export function fileNamePart(value: string, maxBytes: number): string {
  if (value === '') return 'unknown'
  const name = value
    .replace(UNSAFE, (found) => (found === '::' ? '~' : escape(found)))
    .replace(UNSAFE_EDGES, escape)
    .replace(RESERVED_ON_WINDOWS, (found) => escape(found.charAt(0)) + found.slice(1))
  return Buffer.byteLength(name) <= maxBytes ? name : shorten(name, maxBytes)
}

function escape(character: string): string {
  // Half of a surrogate pair has no bytes in UTF-8.
  if (/\p{Cs}/u.test(character)) return `%u${character.charCodeAt(0).toString(16).toUpperCase()}`
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')
}

/** `%~` is in no other name. */
function shorten(name: string, maxBytes: number): string {
  const hash = `%~${createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS)}`
  let room = maxBytes - hash.length
  let head = ''
  for (const character of name) {
    room -= Buffer.byteLength(character)
    if (room < 0) break
    head += character
  }
  return head + hash
}
