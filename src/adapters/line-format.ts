import { refuse, type OptionReader } from '../options.ts'

/**
 * How the lines of another logger are kept.
 *
 * - `'ecs'`: in the names that logflume's own lines have, so that consumers, Kibana and others read both
 *   alike. `time` becomes `@timestamp` (ISO 8601, whichever form it had), `level` the level's name in
 *   `log.level`, `msg` `message`, `err` `error.type`, `error.message`, `error.stack_trace` and so on, `pid`
 *   `process.pid`, `hostname` `host.hostname`, `name` `log.logger`; `service.name` is the option `name`. Other
 *   fields keep their names, but for those of the line's own: they are kept as `field.<name>`.
 * - an object: the same, but with your names for the fields that it names. `false` leaves a field out.
 */
export type LineFormat = 'ecs' | FieldNames

/** Names in the line by the other logger's names, as in `{ level: 'severity', orderId: 'order.id', pid: false }`. */
export type FieldNames = Readonly<Record<string, string | false>>

/**
 * Takes the option `format` out of the reader.
 *
 * @param unchanged what the option is called that keeps lines as they are, which is the default.
 * @returns undefined where lines are kept as they are.
 */
export function readFormat(reader: OptionReader, unchanged: string): FieldNames | undefined {
  const value = reader.raw('format') ?? unchanged
  if (value === unchanged) return undefined
  if (value === 'ecs') return {}
  const option = reader.at('format')
  if (typeof value !== 'object' || Array.isArray(value))
    refuse(option, `'${unchanged}', 'ecs' or an object of names`, value)
  const names: Record<string, string | false> = Object.create(null) as Record<string, string | false>
  for (const [key, name] of Object.entries<unknown>({ ...value })) {
    if (name !== false && (typeof name !== 'string' || name === ''))
      refuse(`${option}.${key}`, 'a name, or false to leave the field out', name)
    names[key] = name
  }
  return names
}
