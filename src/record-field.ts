import type { Place } from './record.ts'

/** Where the values of fields come from. */
export interface FieldSource {
  get(name: string): unknown
  readonly place?: Place
}

/** As `get`, but `kafka.topic`, `kafka.partition` and `kafka.offset` are the place where there is no such field. */
export function readField(source: FieldSource, name: string): unknown {
  const value = source.get(name)
  if (value !== undefined || source.place === undefined) return value
  switch (name) {
    case 'kafka.topic':
      return source.place.topic
    case 'kafka.partition':
      return source.place.partition
    case 'kafka.offset':
      return source.place.offset
    default:
      return undefined
  }
}

/** A value as text; undefined for what has none, as objects. */
export function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}
