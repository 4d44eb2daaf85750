import { basename } from 'node:path'
import { isMainThread, threadId } from 'node:worker_threads'
import { refuse } from '../../options.ts'
import { fieldsText, printable } from '../../pretty.ts'
import type { LogRecord } from '../log-record.ts'
import { asText } from '../call.ts'
import { dateFormat, type Zone } from './date-format.ts'
import { lastName, objectText } from './object-text.ts'

/** Makes the text of one directive. */
export type Piece = (record: LogRecord) => string

/** What a directive is made for. */
export interface DirectiveUse {
  /** The name of the option, for refusals. */
  readonly option: string
  readonly braces: readonly string[]
  /** The place in the pattern, from 1. */
  readonly at: number
  /** What a date without a format has. */
  readonly dateFormat: string
  readonly zone: Zone
}

type Directive = (use: DirectiveUse) => Piece

/** What is not known, as log4j writes it. */
const UNKNOWN = '?'

const thread = isMainThread ? 'main' : `worker-${threadId}`

const level: Directive = () => {
  let last = ''
  let shown = ''
  return (record) => {
    if (record.level !== last) shown = (last = record.level).toUpperCase()
    return shown
  }
}

const date: Directive = ({ option, braces, at, dateFormat: fallback, zone }) => {
  const [format = '', place] = braces
  const name = `${option}, %d at character ${at}`
  const whose = place === undefined ? zone : readZone(name, place)
  const text = dateFormat(name, format === '' ? fallback : format, whose)
  return (record) => text(record.time)
}

function readZone(option: string, zone: string): Zone {
  if (/^(?:UTC|GMT|GMT[+-]0|Z)$/i.test(zone)) return 'utc'
  if (/^local$/i.test(zone)) return 'local'
  return refuse(option, 'UTC or local as the zone of a date', zone)
}

/** The name of the logger: all of it, its last parts, or where the number is negative without its first ones. */
const logger: Directive = ({ option, braces, at }) => {
  const [precision] = braces
  if (precision === undefined) return (record) => record.logger
  const parts = Number(precision)
  if (!Number.isInteger(parts) || parts === 0 || precision.trim() === '') {
    refuse(`${option}, %c at character ${at}`, 'a whole number of names in braces', precision)
  }
  return (record) => {
    const names = record.logger.split('::')
    return (parts > 0 ? names.slice(-parts) : names.slice(Math.min(-parts, names.length - 1))).join('::')
  }
}

const mapped: Directive = ({ braces }) => {
  const [key] = braces
  if (key === undefined || key === '') {
    return ({ mdc }) =>
      mdc === undefined
        ? '{}'
        : `{${Object.entries(mdc)
            .map(([name, value]) => `${printable(name)}=${printable(asText(value))}`)
            .join(', ')}}`
  }
  // Bound fields are what most have instead of an MDC.
  return (record) => printable(asText(record.mdc?.[key] ?? record.fields[key]))
}

const nested: Directive = () => (record) => (record.ndc === undefined ? '' : printable(record.ndc.join(' ')))

const message: Directive = () => (record) => printable(record.message)

const stack: Directive = () => (record) =>
  record.stackTrace === undefined ? '' : `${printable(record.stackTrace).trimEnd()}\n`

const place: Directive = () => (record) => {
  const { origin } = record
  return origin === undefined ? UNKNOWN : `${origin.function ?? ''}(${basename(origin.file)}:${origin.line})`
}

/** As Ruby writes the caller of something. */
function rubyPlace({ origin }: LogRecord, file: (path: string) => string): string {
  if (origin === undefined) return 'no trace'
  const within = origin.function === undefined ? '' : `:in \`${origin.function}'`
  return `${file(origin.file)}:${origin.line}${within}`
}

const objects: Directive = () => (record) => objectText(record)

const processId: Directive = () => (record) => String(record.pid)

/** The first name is the one that the others are short or long for. */
const log4j: readonly (readonly [names: string, directive: Directive])[] = [
  ['p level', level],
  ['c logger', logger],
  ['d date', date],
  ['m msg message', message],
  ['n', () => () => '\n'],
  ['l location', place],
  [
    'F file',
    () =>
      ({ origin }) =>
        origin === undefined ? UNKNOWN : basename(origin.file),
  ],
  [
    'L line',
    () =>
      ({ origin }) =>
        origin === undefined ? UNKNOWN : String(origin.line),
  ],
  [
    'M method',
    () =>
      ({ origin }) =>
        /[^.]*$/.exec(origin?.function ?? UNKNOWN)?.[0] ?? UNKNOWN,
  ],
  [
    'C class',
    () =>
      ({ origin }) =>
        /^(.*)\./.exec(origin?.function ?? '')?.[1] ?? UNKNOWN,
  ],
  ['t tn thread threadName', () => () => thread],
  [
    'r relative',
    () =>
      ({ time }) =>
        String(Math.max(0, Math.round(time - performance.timeOrigin))),
  ],
  ['x NDC', nested],
  ['X mdc MDC', mapped],
  ['h host', () => (record) => record.hostname],
  ['i pid processId', processId],
  ['f fields', () => (record) => fieldsText(record.fields)],
  ['ex exception throwable', stack],
  ['%', () => () => '%'],
]

const log4r: typeof log4j = [
  ['c', () => (record) => lastName(record)],
  ['C', () => (record) => record.logger],
  ['d', date],
  [
    'g',
    () =>
      ({ gdc }) =>
        printable(gdc ?? ''),
  ],
  ['t', () => (record) => rubyPlace(record, String)],
  ['T', () => (record) => rubyPlace(record, basename)],
  ['m', message],
  ['h', () => () => thread],
  ['p', processId],
  ['M', objects],
  ['l', level],
  ['x', nested],
  ['X', mapped],
  ['%', () => () => '%'],
]

/** Directives by all their names. */
export const directives = { log4j: byName(log4j), log4r: byName(log4r) } as const

function byName(table: typeof log4j): ReadonlyMap<string, Directive> {
  return new Map(
    table.flatMap(([names, directive]) => names.split(' ').map((name) => [name, directive] as const)),
  )
}

const withBraces: ReadonlySet<Directive> = new Set([date, logger, mapped])

export function takesBraces(directive: Directive | undefined): boolean {
  return directive !== undefined && withBraces.has(directive)
}

const withStack: ReadonlySet<Directive> = new Set([stack, objects])

/** Whether it shows the stack of an error. */
export function showsStack(directive: Directive | undefined): boolean {
  return directive !== undefined && withStack.has(directive)
}
