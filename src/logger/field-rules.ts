import { refuse, type OptionReader } from '../options.ts'

/** How the fields of the MDC and the texts of the NDC stand in lines. */
export interface ContextOptions {
  /** Before the name of each field of the MDC, as in `labels.`. @default '' */
  readonly prefix?: string
  /** The only fields of the MDC that lines have. @default all */
  readonly keys?: readonly string[] | undefined
}

/** Options of what becomes of fields on their way into a line. */
export interface FieldOptions {
  /**
   * How the contexts stand in lines: the MDC's fields under their own names, the NDC as `tags`, the GDC as
   * `service.node.name`. `false`: not at all; formatters have them nevertheless.
   * @default {}
   */
  readonly mdc?: ContextOptions | false | undefined
  /**
   * Whether lines have the `trace.id` and `span.id` of the span that is active, where the process has
   * OpenTelemetry in it.
   * @default true
   */
  readonly otel?: boolean
}

/** The options, checked. One object for a tree of loggers. */
export interface FieldRules {
  /** Undefined: lines have nothing of the contexts. */
  readonly mdc: { readonly prefix: string; readonly keys: ReadonlySet<string> | undefined } | undefined
  readonly otel: boolean
}

/** Where there are no options. */
export const plainRules: FieldRules = { mdc: undefined, otel: false }

/** Takes these options out of the reader, which the caller ends. */
export function readRules(reader: OptionReader): FieldRules {
  return { mdc: readContext(reader), otel: reader.boolean('otel', true) }
}

function readContext(options: OptionReader): FieldRules['mdc'] {
  const value = options.raw('mdc')
  if (value === false) return undefined
  if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value)))
    refuse(options.at('mdc'), 'an object, or false', value)
  const reader = options.section('mdc')
  const prefix = reader.raw('prefix') ?? ''
  if (typeof prefix !== 'string') refuse(reader.at('prefix'), 'a text', prefix)
  const keys = reader.has('keys') ? new Set(reader.strings('keys')) : undefined
  reader.end()
  return { prefix, keys }
}
