import type { Fields } from '../record.ts'
import { TOPIC_FIELD, topicField } from '../topic.ts'
import { reservedNames } from './field.ts'
import { json } from './quote.ts'

const ending = ',"log.truncated":true}\n'

/**
 * A line of at most `maxBytes`; the line itself where it fits. Of one that does not, the message is cut
 * first, down to half of the room that it shares with the fields, and then the fields: text is cut, and of
 * objects and arrays as much is kept as fits. `log.truncated` says that this was done.
 */
export function shorten(line: string, maxBytes: number): string {
  if (Buffer.byteLength(line) <= maxBytes) return line
  const { message, ...others } = JSON.parse(line) as Fields
  const fixed = reservedNames.filter((name) => name in others).map((name) => entry(name, others[name]))
  const fields = Object.entries(others).filter(([name]) => !reservedNames.includes(name))

  const head = `{${fixed.join(',')},"message":`
  const room = maxBytes - Buffer.byteLength(head) - ending.length
  const fieldBytes = fields.reduce((sum, [name, value]) => sum + 1 + Buffer.byteLength(entry(name, value)), 0)
  const text = cut(String(message), Math.max(room - fieldBytes, Math.floor(room / 2)))
  const kept = properties(fields, room - Buffer.byteLength(text) - 1)
  return `${head}${text}${kept === '' ? '' : ','}${kept}${ending}`
}

function entry(name: string, value: unknown): string {
  if (name === TOPIC_FIELD) return topicField(String(value))
  return `${json(name)}:${json(value)}`
}

/** What of a value fits into `room` bytes; undefined where nothing of it does. */
function fit(value: unknown, room: number): string | undefined {
  const whole = json(value)
  if (Buffer.byteLength(whole) <= room) return whole
  if (room < 2) return undefined
  if (typeof value === 'string') return cut(value, room)
  if (Array.isArray(value)) return `[${elements(value, room - 2)}]`
  return typeof value === 'object' && value !== null
    ? `{${properties(Object.entries(value), room - 2)}}`
    : undefined
}

/** The elements up to the first that does not fit. */
function elements(values: readonly unknown[], room: number): string {
  let text = ''
  let left = room
  for (const value of values) {
    const comma = text === '' ? '' : ','
    const kept = fit(value, left - comma.length)
    if (kept === undefined) break
    text += comma + kept
    left -= comma.length + Buffer.byteLength(kept)
  }
  return text
}

/** The properties that fit. */
function properties(entries: readonly (readonly [string, unknown])[], room: number): string {
  let text = ''
  let left = room
  for (const [name, value] of entries) {
    const key = `${text === '' ? '' : ','}${json(name)}:`
    const kept = fit(value, left - Buffer.byteLength(key))
    if (kept === undefined) continue
    text += key + kept
    left -= Buffer.byteLength(key) + Buffer.byteLength(kept)
  }
  return text
}

/**
 * The longest start of a text whose JSON has at most `room` bytes. It never ends within a surrogate pair, as
 * half of one is longer in JSON than the whole.
 */
function cut(text: string, room: number): string {
  let fits = 0
  let tooLong = Math.min(text.length, room) + 1
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2)
    if (Buffer.byteLength(json(text.slice(0, middle))) <= room) fits = middle
    else tooLong = middle
  }
  return json(text.slice(0, fits))
}
