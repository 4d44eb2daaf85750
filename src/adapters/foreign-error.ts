import { json } from '../logger/quote.ts'
import type { Fields } from '../record.ts'

/** What the serialisers of pino and bunyan, and ours, call the parts that ECS has names for. */
const ECS_NAMES: ReadonlyMap<string, string> = new Map([
  ['type', 'type'],
  ['name', 'type'],
  ['message', 'message'],
  ['stack', 'stack_trace'],
  ['stack_trace', 'stack_trace'],
])

/**
 * The fields of a serialised error, `,"error.type":` and so on, each with its JSON; none where it is no object
 * with a message or a stack.
 */
export function errorEntries(name: string, text: string): readonly (readonly [string, string])[] {
  if (!text.startsWith('{')) return []
  const error = JSON.parse(text) as Fields
  if (typeof error.message !== 'string' && typeof error.stack !== 'string') return []
  // Of both pino and bunyan: the latter has `name` where the former has `type`, beside which it is just a property.
  const ecsName = (key: string): string =>
    key === 'name' && 'type' in error ? key : (ECS_NAMES.get(key) ?? key)
  return Object.keys(error).map((key) => [`,${json(`${name}.${ecsName(key)}`)}:`, json(error[key])])
}
