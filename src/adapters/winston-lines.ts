import { isError } from '../logger/error.ts'
import { FieldList } from '../logger/fields.ts'
import { headText, LineMaker } from '../logger/line.ts'
import { readProperty, thrownText } from '../logger/read-property.ts'
import type { LoggerSettings } from '../logger/settings.ts'
import type { Fields } from '../record.ts'

/** winston's record: what the call gave, under its own names. */
export type Info = Readonly<Record<string | symbol, unknown>>

// The symbols of winston's `triple-beam`. `info.level` may have been coloured since, this one has not.
const LEVEL = Symbol.for('level')
const SPLAT = Symbol.for('splat')

/** More names of levels than anybody has: then they come from data, and are not kept. */
const MOST_LEVELS = 100

/** Makes the lines of one winston transport. */
export class WinstonLines {
  readonly #settings: LoggerSettings
  readonly #lines: LineMaker
  readonly #bound: FieldList
  /** The starts of lines by the level's name. */
  readonly #heads = new Map<string, string>()
  /** Milliseconds since 1970, of the line that is being made. */
  #time = 0

  constructor(settings: LoggerSettings) {
    this.#settings = settings
    // Behind a slow transport winston hands on an info later, when something else is going on around it.
    const rules = { ...settings.rules, mdc: undefined, otel: false }
    this.#lines = new LineMaker({ ...settings, rules, now: () => this.#time })
    this.#bound = new FieldList(undefined, rules)
    this.#bound.add(settings.base)
  }

  /** One line, whatever the info has. Never throws. */
  make(info: Info): string {
    this.#time = this.#settings.now()
    try {
      return this.#make(info)
    } catch (thrown) {
      const message = `[info that cannot be read: ${thrownText(thrown)}]`
      return this.#lines.make(this.#head('error'), this.#bound, message, undefined, undefined)
    }
  }

  #make(info: Info): string {
    const time = timeOf(info.timestamp)
    const error = errorOf(info)
    const fields = Object.create(null) as Fields
    for (const key of Object.keys(info)) {
      if (key === 'level' || key === 'message' || (key === 'timestamp' && time !== undefined)) continue
      const value = readProperty(info, key)
      if (error === undefined || !isPartOf(error, key, value)) fields[key] = value
    }
    if (time !== undefined) this.#time = time
    const level = info[LEVEL] ?? info.level
    const head = this.#head(typeof level === 'string' ? level : 'info')
    if (error === undefined) return this.#lines.make(head, this.#bound, info.message, fields, undefined)
    const message = isError(info.message) ? info.message.message : info.message
    return this.#lines.make(head, this.#bound, withoutFields(error, info), message, fields)
  }

  #head(level: string): string {
    const known = this.#heads.get(level)
    if (known !== undefined) return known
    if (this.#heads.size >= MOST_LEVELS) this.#heads.clear()
    const head = headText(this.#settings, level, this.#settings.name)
    this.#heads.set(level, head)
    return head
  }
}

/** The form that `format.timestamp()` makes. */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

function timeOf(timestamp: unknown): number | undefined {
  if (typeof timestamp !== 'string' || !ISO_TIME.test(timestamp)) return undefined
  const time = Date.parse(timestamp)
  return Number.isNaN(time) ? undefined : time
}

/**
 * The error that a call was about. winston puts it in one of several places: `logger.error(error)` makes it
 * the info, `log({ message: error })` keeps it as the message, `logger.error('text', error)` in `SPLAT`, its
 * handlers of exceptions under `error`; of a child logger and `format.errors()` only the stack's text remains.
 */
function errorOf(info: Info): Error | undefined {
  const splat = info[SPLAT]
  const places = [
    info,
    info.message,
    info.error,
    info.err,
    ...(Array.isArray(splat) ? (splat as unknown[]) : []),
  ]
  const error = places.find(isError)
  if (error !== undefined || typeof info.stack !== 'string') return error
  const { message, stack, cause } = info
  // As in `TypeError: text` and `Error [CODE]: text`.
  const [, name = 'Error'] = /^([\w$.]+)(?: \[\w+\])?(?::|\n|$)/.exec(stack) ?? []
  return Object.assign(Object.create(Error.prototype) as Error, {
    name,
    message: String(message),
    stack,
    cause,
  })
}

/** Whether a field of the info is told by the error's own fields already. */
function isPartOf(error: Error, key: string, value: unknown): boolean {
  return (
    value === error ||
    (key === 'stack' && value === error.stack) ||
    (key === 'cause' && value === error.cause)
  )
}

/** winston makes an error's own properties, as `code`, fields of the info: then they stand in the line once. */
function withoutFields(error: Error, info: Info): Error {
  const own = Object.entries(error)
  const areFields = error instanceof Error && own.every(([key, value]) => info[key] === value)
  return areFields ? (Object.create(error) as Error) : error
}
