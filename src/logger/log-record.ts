import type { Fields } from '../record.ts'
import { mappedFields } from './ambient.ts'
import type { Context } from './context.ts'
import { isError } from './error.ts'
import { reservedNames } from './field.ts'
import type { Level } from './level.ts'
import { originOf, type Boundary, type CallOrigin } from './origin.ts'
import { readProperty } from './read-property.ts'
import type { LoggerSettings } from './settings.ts'
import { timeLength } from './time.ts'

/** One log event, as formatters and outputters get it. What of it costs something is made when it is asked for. */
export interface LogRecord {
  /** Milliseconds since 1970. */
  readonly time: number
  /** The level's name. */
  readonly level: string
  readonly rank: number
  /** The whole name of the logger, `shop::db`. */
  readonly logger: string
  /** The name of the tree, `shop`. */
  readonly service: string
  readonly pid: number
  readonly hostname: string
  readonly message: string
  /** The bound fields and the call's, as they are in the line: an error is spread to `error.*`. */
  readonly fields: Readonly<Fields>
  /** The error that the call was given, itself; `fields` has what the line says of it. */
  readonly error: Error | undefined
  /** The stack of the error with its causes, also where the error was bound. */
  readonly stackTrace: string | undefined
  /**
   * Where the call is in the code. Found when it is first asked for, which has to be while the call lasts: in
   * a formatter, say. Undefined where that is not known.
   */
  readonly origin: CallOrigin | undefined
  /** The record as the journal has it: one JSON object in ECS names, with its '\n'. */
  readonly line: string
  /** The mapped diagnostic context, where there is one. */
  readonly mdc?: Readonly<Fields> | undefined
  /** The nested diagnostic context, the outermost first. */
  readonly ndc?: readonly string[] | undefined
  /** The global diagnostic context. */
  readonly gdc?: string | undefined
}

/** What a record is made of: the line, and what the call had in hand. */
export interface RecordSource {
  readonly settings: LoggerSettings
  readonly level: Level
  readonly logger: string
  readonly time: number
  readonly line: string
  /** Characters of the line between its time and its message. */
  readonly headLength: number
  readonly parts: readonly unknown[]
  /** The method that the application called. */
  readonly boundary: Boundary
  readonly origin: CallOrigin | undefined
  /** What the contexts held; undefined where none is used. */
  readonly context: Context | undefined
}

/** The record of one call. All that it says is read from the line, so that the two never differ. */
export class CallRecord implements LogRecord {
  readonly #source: RecordSource
  #message: string | undefined
  #fields: Readonly<Fields> | undefined
  #origin: CallOrigin | undefined

  constructor(source: RecordSource) {
    this.#source = source
    this.#origin = source.origin
  }

  get time(): number {
    return this.#source.time
  }

  get level(): string {
    return this.#source.level.name
  }

  get rank(): number {
    return this.#source.level.rank
  }

  get logger(): string {
    return this.#source.logger
  }

  get service(): string {
    return this.#source.settings.name
  }

  get pid(): number {
    return this.#source.settings.pid
  }

  get hostname(): string {
    return this.#source.settings.hostname
  }

  get line(): string {
    return this.#source.line
  }

  get message(): string {
    return (this.#message ??= messageIn(this.line, timeLength + this.#source.headLength))
  }

  get fields(): Readonly<Fields> {
    if (this.#fields !== undefined) return this.#fields
    const fields = JSON.parse(this.line) as Fields
    for (const name of reservedNames) if (name !== 'log.truncated') Reflect.deleteProperty(fields, name)
    return (this.#fields = fields)
  }

  get error(): Error | undefined {
    for (const part of this.#source.parts) {
      const found = errorIn(part)
      if (found !== undefined) return found
    }
    return undefined
  }

  get stackTrace(): string | undefined {
    // Within a text the quotes would be escaped, so this finds no field that is none.
    if (!this.line.includes(',"error.stack_trace":')) return undefined
    const stack = this.fields['error.stack_trace']
    return typeof stack === 'string' ? stack : undefined
  }

  get origin(): CallOrigin | undefined {
    return (this.#origin ??= originOf(this.#source.boundary))
  }

  get mdc(): Readonly<Fields> | undefined {
    const { context, settings } = this.#source
    return context === undefined ? undefined : mappedFields(context, settings.rules)
  }

  get ndc(): readonly string[] | undefined {
    return this.#source.context?.ndc
  }

  get gdc(): string | undefined {
    return this.#source.context?.gdc
  }
}

/** The message of a line, which starts at `from`. */
function messageIn(line: string, from: number): string {
  let end = line.indexOf('"', from)
  const plain = line.slice(from, end)
  if (!plain.includes('\\')) return plain
  while (isEscaped(line, end)) end = line.indexOf('"', end + 1)
  return JSON.parse(line.slice(from - 1, end + 1)) as string
}

function isEscaped(line: string, at: number): boolean {
  let backslashes = 0
  while (line.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++
  return backslashes % 2 === 1
}

function errorIn(part: unknown): Error | undefined {
  if (typeof part !== 'object' || part === null) return undefined
  if (isError(part)) return part
  return [readProperty(part, 'err'), readProperty(part, 'error')].find(isError)
}
