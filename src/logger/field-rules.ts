import { refuse, type OptionReader } from '../options.ts'
import { readRedact, type RedactOptions, type Redactor } from './redact.ts'

/** Makes of a field's value what stands in the line. */
export type Serializer = (value: unknown) => unknown

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
  /**
   * What lines do not have, wherever it comes from: the call, a child, `base`, the MDC, an error. Paths, or an
   * object with them. The objects of the call stay as they are.
   * @default nothing
   */
  readonly redact?: readonly string[] | RedactOptions | undefined
  /**
   * Functions by the names of fields, which make of a value what stands in the line, as in
   * `{ user: ({ id }) => ({ id }) }`. Where `req`, `request`, `res`, `response` or `reply` hold a request or a
   * response of Node, Express, Fastify or `fetch`, lines have `http.request.method` and so on instead; a function
   * replaces that, and `false` has the object as it is.
   * @default {}
   */
  // The value is what the application logs under that name: it knows the type, the compiler does not.
  readonly serializers?: Readonly<Record<string, ((value: never) => unknown) | false>> | undefined
}

/** The options, checked. One object for a tree of loggers. */
export interface FieldRules {
  /** Undefined: lines have nothing of the contexts. */
  readonly mdc: { readonly prefix: string; readonly keys: ReadonlySet<string> | undefined } | undefined
  readonly otel: boolean
  readonly redactor: Redactor | undefined
  /** `false`: the value as it is. Undefined: there are none. */
  readonly serializers: ReadonlyMap<string, Serializer | false> | undefined
}

/** Where there are no options. */
export const plainRules: FieldRules = {
  mdc: undefined,
  otel: false,
  redactor: undefined,
  serializers: undefined,
}

/** Takes these options out of the reader, which the caller ends. */
export function readRules(reader: OptionReader): FieldRules {
  const mdc = readContext(reader)
  return {
    mdc,
    otel: reader.boolean('otel', true),
    redactor: readRedact(reader, mdc?.prefix ?? ''),
    serializers: readSerializers(reader.at('serializers'), reader.raw('serializers') ?? {}),
  }
}

function readSerializers(option: string, value: unknown): FieldRules['serializers'] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse(option, 'an object of functions by names of fields', value)
  const all = Object.entries<unknown>({ ...value }).map(([key, serializer]) => {
    if (serializer !== false && typeof serializer !== 'function')
      refuse(`${option}.${key}`, 'a function, or false', serializer)
    return [key, serializer as Serializer | false] as const
  })
  return all.length === 0 ? undefined : new Map(all)
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
