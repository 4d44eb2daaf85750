import { toError } from './errors.ts'
import type { Fields } from './record.ts'

/** What is shown of a record, by the ECS names of its line. */
export interface ShownRecord {
  /** Milliseconds since 1970. */
  readonly timestamp: number
  get(name: string): unknown
  /** All of its line. */
  toJSON(): Readonly<Fields>
}

const RESET = '\u001b[0m'
const DIM = '\u001b[2m'
const CYAN = '\u001b[36m'
const COLORS: Readonly<Record<string, string>> = {
  trace: DIM,
  debug: '\u001b[34m',
  info: '\u001b[32m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
  fatal: '\u001b[1;31m',
}
/** Fields that have their own place in the line, or are the same in all lines. */
const ELSEWHERE = new Set([
  '@timestamp',
  'log.level',
  'log.logger',
  'message',
  'service.name',
  'process.pid',
  'host.hostname',
  'ecs.version',
  'error.stack_trace',
])
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/
const CONTROLS = new RegExp(CONTROL, 'g')
const INDENT = '\n    '

/** A record for people to read: `14:05:01.123 INFO  shop::db order placed orderId=17 ms=12.5`. */
export function pretty(record: ShownRecord, colors: boolean): string {
  const paint = (color: string, text: string): string => (colors && text !== '' ? color + text + RESET : text)
  const level = toText(record.get('log.level'))
  const logger = toText(record.get('log.logger') ?? record.get('service.name'))
  const fields = ownFields(record.toJSON()).map(
    ([name, value]) => `${paint(DIM, `${printable(name)}=`)}${formatValue(value)}`,
  )
  const line = [
    paint(DIM, formatTime(record.timestamp)),
    paint(COLORS[level] ?? '', level.toUpperCase().padEnd(5)),
    paint(CYAN, logger),
    indented(toText(record.get('message'))),
    ...fields,
  ]
  const stack = toText(record.get('error.stack_trace'))
  return line.filter((part) => part !== '').join(' ') + (stack === '' ? '' : INDENT + indented(stack))
}

function ownFields(line: Readonly<Fields>): [string, unknown][] {
  return Object.entries(line).filter(([name]) => !ELSEWHERE.has(name))
}

/** The fields of a line as text, `orderId=17 name="a b"`, without those that every line has. */
export function fieldsText(line: Readonly<Fields>): string {
  return ownFields(line)
    .map(([name, value]) => `${printable(name)}=${formatValue(value)}`)
    .join(' ')
}

function toText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? printable(value) : formatValue(value)
}

function formatValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return printable(value)
  try {
    return printable(JSON.stringify([value]).slice(1, -1))
  } catch (thrown) {
    return `[${printable(toError(thrown).message)}]`
  }
}

/** What a log line holds must not move the cursor or colour the terminal. */
export function printable(text: string): string {
  if (!CONTROL.test(text)) return text
  return text.replace(CONTROLS, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function indented(text: string): string {
  return text.trimEnd().replaceAll('\n', INDENT)
}

function formatTime(time: number): string {
  const date = new Date(time)
  const two = (number: number): string => String(number).padStart(2, '0')
  const seconds = `${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`
  return `${two(date.getHours())}:${two(date.getMinutes())}:${seconds}`
}
