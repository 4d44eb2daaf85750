import { FieldList } from './fields.ts'
import { Recent } from './recent.ts'

/** A span, and its fields under those of a call. */
interface SpanFields {
  readonly span: object
  readonly fields: FieldList
  readonly under: Recent<FieldList, FieldList>
}

/** What of @opentelemetry/api 1.x is looked at. */
interface OpenTelemetry {
  readonly context?: { active(): { getValue(key: symbol): Span | undefined } }
}

interface Span {
  spanContext(): { readonly traceId: string; readonly spanId: string }
}

/**
 * Where all copies of @opentelemetry/api 1.x in a process keep what is registered with them, and the key by which
 * a context has its span. Looked at here, as importing the package would tie us to one copy of it, and to its
 * being installed.
 */
const API = Symbol.for('opentelemetry.js.api.1')
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN')

const shared = globalThis as { readonly [API]?: OpenTelemetry }

export function hasOpenTelemetry(): boolean {
  return shared[API] !== undefined
}

/** Calls come in rows from the same span. */
let last: SpanFields | undefined

/** The span that is active, where there is one and it has ids. Never throws. */
export function activeSpan(): SpanFields | undefined {
  try {
    const span = shared[API]?.context?.active().getValue(SPAN)
    if (span === undefined) return undefined
    if (span !== last?.span) last = { span, fields: fieldsOf(span), under: new Recent() }
    return last.fields.isEmpty ? undefined : last
  } catch {
    return undefined // a context manager or a span of somebody's own
  }
}

/** None where the ids are none: those of a span that is not recorded can be all zeros. */
function fieldsOf(span: Span): FieldList {
  const { traceId, spanId } = span.spanContext()
  const fields = new FieldList()
  if (/^(?!0+$)[\da-f]{32}$/i.test(traceId) && /^(?!0+$)[\da-f]{16}$/i.test(spanId))
    fields.add({ 'trace.id': traceId, 'span.id': spanId })
  return fields
}
