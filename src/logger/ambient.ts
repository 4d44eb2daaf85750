import type { Fields } from '../record.ts'
import type { Context } from './context.ts'
import type { FieldRules } from './field-rules.ts'
import { FieldList } from './fields.ts'
import { activeSpan } from './span.ts'

/** The bound fields of a logger over those of the contexts. The list itself where these have none. */
export function withContext(bound: FieldList, context: Context): FieldList {
  return context.under.get(bound) ?? context.under.set(bound, underContext(bound, context))
}

function underContext(bound: FieldList, context: Context): FieldList {
  const own =
    context.own.get(bound.rules) ?? context.own.set(bound.rules, contextFields(context, bound.rules))
  if (bound.isEmpty) return own
  return own.isEmpty ? bound : bound.over(own)
}

/** The same over the fields of the active span. */
export function withSpan(list: FieldList): FieldList {
  const span = activeSpan()
  return span === undefined ? list : (span.under.get(list) ?? span.under.set(list, list.over(span.fields)))
}

function contextFields({ mdc, ndc, gdc }: Context, rules: FieldRules): FieldList {
  const list = new FieldList(undefined, rules)
  if (rules.mdc === undefined) return list
  const { prefix, keys } = rules.mdc
  if (gdc !== undefined) list.add({ 'service.node.name': gdc })
  if (ndc.length > 0) list.add({ tags: ndc })
  list.add(prefix === '' && keys === undefined ? mdc : inLine(mdc, prefix, keys))
  return list
}

function inLine(mdc: Readonly<Fields>, prefix: string, keys: ReadonlySet<string> | undefined): Fields {
  const entries = Object.entries(mdc).filter(([key]) => keys === undefined || keys.has(key))
  return Object.fromEntries(entries.map(([key, value]) => [prefix + key, value]))
}

/** The MDC as formatters show it: what a line would say of it. */
export function mappedFields(context: Context, rules: FieldRules): Readonly<Fields> {
  return context.shown.get(rules) ?? context.shown.set(rules, shownFields(context.mdc, rules))
}

function shownFields(mdc: Readonly<Fields>, rules: FieldRules): Readonly<Fields> {
  const list = new FieldList(undefined, rules)
  list.add(mdc)
  const shown = Object.keys(mdc).map((key) => [key, list.value(key)] as const)
  return Object.freeze(Object.fromEntries(shown.filter(([, value]) => value !== undefined)))
}
