import { topicField } from '../topic.ts'
import { withContext, withSpan } from './ambient.ts'
import { called, readCall } from './call.ts'
import { contextOfCall } from './context.ts'
import { type FieldList, plainFields } from './fields.ts'
import { escape, flat, json } from './quote.ts'
import { thrownText } from './read-property.ts'
import type { LoggerSettings } from './settings.ts'
import { shorten } from './shorten.ts'
import { hasOpenTelemetry } from './span.ts'
import { LineStart } from './time.ts'

/** What of a line stays the same for a logger and a level: from behind the time up to the message. */
export function headText(
  { name, pid, hostname }: LoggerSettings,
  level: string,
  logger: string,
  topic?: string,
): string {
  const names = json({
    'log.level': level,
    'log.logger': logger,
    'service.name': name,
    'process.pid': pid,
    'host.hostname': hostname,
    message: '',
  })
  return flat(`",${topic === undefined ? '' : `${topicField(topic)},`}${names.slice(1, -2)}`)
}

/** Makes the lines of one logger tree. */
export class LineMaker {
  readonly #start: LineStart
  readonly #maxBytes: number
  /** A line of so many UTF-16 units cannot have more than `maxBytes`. */
  readonly #safeLength: number
  readonly #otel: boolean
  /** Whether there may be a span. Looked at once a millisecond, as the look costs more than all else of it. */
  #mayHaveSpan = false
  #lookedAt = ''

  constructor({ maxLineBytes, now, rules }: LoggerSettings) {
    this.#otel = rules.otel
    this.#start = new LineStart(now)
    this.#maxBytes = maxLineBytes
    this.#safeLength = Math.floor(maxLineBytes / 3)
  }

  /** The time of the last line, in milliseconds since 1970. */
  get time(): number {
    return this.#start.time
  }

  /** One line, whatever the arguments are. Never throws. */
  make(head: string, bound: FieldList, first: unknown, second: unknown, third: unknown): string {
    const start = this.#start.text()
    if (start !== this.#lookedAt) this.#look(start)
    const context = contextOfCall()
    const around = context === undefined ? bound : withContext(bound, context)
    const fields = this.#mayHaveSpan ? withSpan(around) : around
    const line = start + head + rest(fields, first, second, third)
    return line.length <= this.#safeLength ? line : shorten(line, this.#maxBytes)
  }

  #look(start: string): void {
    this.#lookedAt = start
    this.#mayHaveSpan = this.#otel && hasOpenTelemetry()
  }
}

/** A line from its message on: first the cheap way, and where that finds something odd, the patient one. */
function rest(bound: FieldList, start: unknown, second: unknown, third: unknown): string {
  const first = typeof start === 'function' ? called(start as () => unknown) : start
  try {
    const text = plainRest(bound, first, second, third)
    if (text !== undefined) return text
  } catch {
    // A getter or a Proxy threw: the patient way puts that in the line.
  }
  try {
    const { message, fields } = readCall(bound, [first, second, third])
    return ending(message, fields.text)
  } catch (thrown) {
    return ending(`[arguments that cannot be read: ${thrownText(thrown)}]`, bound.text)
  }
}

/** Undefined unless it is a message with or without plain fields, in pino's order or ours. */
function plainRest(bound: FieldList, first: unknown, second: unknown, third: unknown): string | undefined {
  if (third !== undefined) return undefined
  const swapped = typeof first === 'object'
  const message = swapped ? (second ?? '') : first
  const fields = swapped ? first : second
  if (typeof message !== 'string') return undefined
  if (fields === undefined) return ending(message, bound.text)
  if (typeof fields !== 'object' || fields === null) return undefined
  const text = plainFields(fields, bound)
  return text === undefined ? undefined : ending(message, bound.text + text)
}

function ending(message: string, fields: string): string {
  return `${escape(message)}${fields}}\n`
}
