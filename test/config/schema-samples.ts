import fc from 'fast-check'
import type { Schema } from '../../src/config/schema/kit.ts'
import { configSchema } from '../../src/config/schema/config-schema.ts'

// Configurations that a schema takes, made from it. What a schema cannot say is decided here: by the name of
// a definition, or of an option.

const levels = fc.constantFrom('trace', 'debug', 'info', 'warn', 'error', 'fatal')

const byDefinition: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  level: fc.oneof(levels, fc.constant('off')),
  lineLevel: levels,
  loggerName: fc.constantFrom('shop', 'shop::db', 'shop::db::pool'),
  outputterName: fc.constant('o0'),
  pattern: fc.constantFrom('%m', '%d{ISO8601} [%p] %c - %m', ''),
  datePattern: fc.constantFrom('%Y-%m-%d', 'yyyy-MM'),
}

const byOption: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  name: fc.constantFrom('shop'),
  levels: fc.constantFrom({}, { audit: 35 }, { audit: 35, warn: 41 }),
  base: fc.constantFrom({}, { team: 'a', list: [1, { b: true }] }),
  variables: fc.constantFrom({}, { a: 1 }),
  prefix: fc.constantFrom('', 'labels.'),
  serializers: fc.constantFrom({}, { req: false }),
  paths: fc.constantFrom(['user.password'], ['users[*].token', 'a']),
  redact: fc.constantFrom(['a'], { paths: ['a.b'], censor: 'x' }, { paths: ['a'], remove: true }),
  compress: fc.constantFrom('none', 'gzip'),
  compression: fc.constantFrom('none', 'gzip', 'lz4', 'snappy'),
  topic: fc.constantFrom('logs', 'a.b', 'x-{service}-{logger}-{YYYYMMDD}'),
  tls: fc.constantFrom(true, false, {}, { servername: 'a', rejectUnauthorized: false }),
  provider: fc.constant(import.meta.filename),
  names: fc.constantFrom('ecs', 'pino', { message: 'msg' }, { 'process.pid': false }),
}

/** Any value that a schema takes. */
function sample(schema: Schema, option = ''): fc.Arbitrary<unknown> {
  const { $ref, anyOf, allOf } = schema
  const own = byOption[option]
  if (own !== undefined) return own
  if (typeof $ref === 'string') return defined($ref.replace(/.*\//, ''))
  if (schema.properties !== undefined && Array.isArray(allOf)) return kind(allOf as Conditional[])
  if (Array.isArray(allOf)) return sample(allOf[0] as Schema)
  if (Array.isArray(anyOf)) {
    // References are another test's.
    const others = (anyOf as Schema[]).filter((one) => !String(one.$ref).endsWith('/reference'))
    return fc.oneof(...others.map((one) => sample(one)))
  }
  if ('const' in schema) return fc.constant(schema.const)
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]))
  return byType(schema)
}

const defined = (name: string): fc.Arbitrary<unknown> =>
  byDefinition[name] ?? sample((configSchema.definitions as Readonly<Record<string, Schema>>)[name]!)

interface Conditional {
  readonly then: Schema
}

const kind = (kinds: readonly Conditional[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    ...kinds.map(({ then }) =>
      sample({ ...then, required: ['type', ...((then.required ?? []) as string[])] }),
    ),
  )

function byType(schema: Schema): fc.Arbitrary<unknown> {
  const {
    minimum = 0,
    maximum = Number.MAX_SAFE_INTEGER,
    minItems = 0,
  } = schema as Readonly<Record<string, number>>
  switch (schema.type) {
    case 'integer':
      return fc.integer({ min: minimum, max: maximum })
    case 'boolean':
      return fc.boolean()
    case 'string':
      return text(schema)
    case 'array':
      return fc.array(sample(schema.items as Schema), { minLength: minItems, maxLength: 3 })
    case 'object':
      return schema.properties === undefined
        ? fc.constantFrom({}, { a: 'b' })
        : object(schema as Schema & { readonly properties: Readonly<Record<string, Schema>> })
    default:
      throw new Error(`no samples for ${JSON.stringify(schema)}`)
  }
}

function text({ pattern, examples }: Schema): fc.Arbitrary<unknown> {
  if (Array.isArray(examples)) return fc.constantFrom(...(examples as unknown[]))
  if (typeof pattern !== 'string') return fc.constantFrom('a', 'logs/app.log')
  return fc.stringMatching(new RegExp(pattern.replace('|[$#]\\{', '')), { maxLength: 40 })
}

function object({
  properties,
  required = [],
}: Schema & { readonly properties: Readonly<Record<string, Schema>> }): fc.Arbitrary<object> {
  const arbitraries = Object.entries(properties).map(([key, schema]) => [key, sample(schema, key)] as const)
  return fc.record(Object.fromEntries(arbitraries), {
    requiredKeys: required as string[],
    noNullPrototype: true,
  })
}

type Config = Record<string, unknown> & {
  outputters?: Record<string, unknown>[]
  loggers?: Record<string, unknown>[]
  kafka?: Record<string, unknown>
}

/** Configurations that are right, also by what no schema says: names that are there and are there once. */
export const configurations = (sample({ ...configSchema, required: ['name'] }) as fc.Arbitrary<Config>).map(
  ({ outputters = [], loggers = [], kafka, ...others }) => {
    const config: Config = { ...others, outputters: named(outputters, others.journal !== false) }
    config.loggers = once(loggers, 'name').map((logger) => ({
      ...logger,
      ...(logger.topic !== undefined && { topic: 'logs' }),
    }))
    if (config.outputters?.some(({ name }) => name === 'o0') !== true) {
      config.loggers = config.loggers.map((one) => ({ ...one, outputters: [] }))
      if (config.diagnostics !== undefined) config.diagnostics = {}
    }
    if (others.journal === false) for (const name of ofJournal) Reflect.deleteProperty(config, name)
    else if (kafka !== undefined)
      config.kafka = { ...kafka, ...(kafka.key !== undefined && { partition: 'journal' }) }
    return config
  },
)

const ofJournal = ['dir', 'rotate', 'retain', 'maxBufferBytes', 'flush', 'fsync', 'kafka']

/** With names of their own, and the journal once. */
function named(
  outputters: readonly Record<string, unknown>[],
  hasJournal: boolean,
): Record<string, unknown>[] {
  const journal = outputters.find(({ type }) => type === 'journal')
  const others = outputters
    .filter(({ type }) => type !== 'journal')
    .map((one, index) => ({ ...one, name: `o${index}` }))
  return hasJournal && journal !== undefined ? [...others, journal] : others
}

function once(all: readonly Record<string, unknown>[], key: string): Record<string, unknown>[] {
  return [...new Map(all.map((one) => [one[key], one])).values()]
}

/** What no option takes, or few do. */
export const oddities = [-1, 1.5, 1e300, true, false, '', 'nope', [], ['x', 1], {}, { a: [] }] as const

/** The paths of all values within one. */
export function paths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, one]) => paths(one, [...path, key]))].filter(
    ({ length }) => length > 0,
  )
}

/** A copy with another value at a path. */
export function changed(value: unknown, [key = '', ...rest]: readonly string[], to: unknown): unknown {
  const copy: unknown = structuredClone(value)
  const inner = (copy as Record<string, unknown>)[key]
  return Object.assign(copy as object, { [key]: rest.length === 0 ? to : changed(inner, rest, to) })
}
