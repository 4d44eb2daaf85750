import { OptionReader, refuse } from '../../options.ts'
import type { Fields } from '../../record.ts'
import type { LogRecord } from '../log-record.ts'
import { json } from '../quote.ts'
import type { Formatter } from './formatter.ts'

/** New names by those of ECS, as in `{ '@timestamp': 'time', message: 'msg' }`; `false` leaves one out. */
export type NameMap = Readonly<Record<string, string | false>>

export interface JsonOptions {
  /**
   * `ecs`: the line of the journal. `pino`: as pino writes it, `level` and `time` being numbers, and an error
   * in `err`. Or a map of your own over ECS names. @default 'ecs'
   */
  readonly names?: 'ecs' | 'pino' | NameMap
}

/**
 * One JSON object a line.
 *
 * @throws LogflumeError INVALID_OPTION, also where two names become one.
 */
export function jsonFormatter(options: JsonOptions = {}): Formatter {
  const reader = new OptionReader('options', options)
  const names = reader.raw('names') ?? 'ecs'
  reader.end()
  if (names === 'ecs') return (record) => record.line
  if (names === 'pino') return (record) => `${json(pinoObject(record))}\n`
  const map = readMap(names)
  return (record) => `${json(renamed(JSON.parse(record.line) as Fields, map))}\n`
}

function readMap(names: unknown): ReadonlyMap<string, string | false> {
  if (typeof names !== 'object' || names === null || Array.isArray(names)) {
    refuse('names', "'ecs', 'pino' or an object of names by ECS names", names)
  }
  const taken = new Set<unknown>()
  const map = new Map<string, string | false>()
  for (const [name, to] of Object.entries<unknown>({ ...names })) {
    if (to !== false && (typeof to !== 'string' || to === '')) refuse(`names.${name}`, 'a name or false', to)
    if (to !== false && taken.has(to)) refuse(`names.${name}`, 'another name than the ones before', to)
    taken.add(to)
    map.set(name, to)
  }
  return map
}

/** A field of the record that has one of the new names is kept as `field.<name>`. */
function renamed(line: Fields, map: ReadonlyMap<string, string | false>): Fields {
  const used = new Set(map.values())
  const object = Object.create(null) as Fields
  for (const [name, value] of Object.entries(line)) {
    const to = map.get(name) ?? free(name, used)
    if (to !== false) object[to] = value
  }
  return object
}

const pinoNames: ReadonlySet<string | false> = new Set([
  'level',
  'time',
  'pid',
  'hostname',
  'name',
  'msg',
  'err',
])

function pinoObject({ rank, time, pid, hostname, logger, message, fields }: LogRecord): Fields {
  const object = Object.assign(Object.create(null) as Fields, {
    level: rank,
    time,
    pid,
    hostname,
    name: logger,
  })
  const err: Fields = {}
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith('error.')) err[name === 'error.stack_trace' ? 'stack' : name.slice(6)] = value
    else object[free(name, pinoNames)] = value
  }
  if (Object.keys(err).length > 0) object.err = err
  object.msg = message
  return object
}

/** `field.<name>` where the name is used for something else, so that two never become one. */
function free(name: string, used: ReadonlySet<string | false>): string {
  return used.has(name.replace(/^(field\.)+/, '')) ? `field.${name}` : name
}
