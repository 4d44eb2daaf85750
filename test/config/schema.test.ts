import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { checkConfig } from '../../src/config/load-config.ts'
import { configSchema } from '../../src/config/schema/config-schema.ts'
import { LogflumeError } from '../../src/errors.ts'
import { changed, configurations, oddities, paths } from './schema-samples.ts'

const validate = new Ajv({
  allErrors: false,
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
  strictTypes: false,
}).compile(configSchema)

/** Why a configuration is not taken; undefined: it is. */
function refusal(config: object): LogflumeError | undefined {
  try {
    checkConfig(config, { env: {} })
    return undefined
  } catch (thrown) {
    assert.ok(thrown instanceof LogflumeError, String(thrown))
    return thrown
  }
}

/** Options that the readers know in one object, as they tell them when one is misspelt. */
function known(config: object, option: string): string[] {
  const { message = '' } = refusal(config) ?? {}
  const [, names = ''] =
    new RegExp(`^${option.replaceAll(/[[\]]/g, '\\$&')}: no such option; there are (.*)$`).exec(message) ?? []
  assert.match(message, /no such option/)
  return names === '' ? [] : names.split(', ')
}

/** What only code can give. */
const functions = ['onDiagnostic']

const kafka = (more: object): object => ({ name: 'shop', kafka: { brokers: ['a:1'], ...more } })
const outputter = (more: object): object => ({ name: 'shop', outputters: [{ nope: 1, ...more }] })
const formatter = (more: object): object => ({
  name: 'shop',
  outputters: [{ type: 'console', formatter: { nope: 1, ...more } }],
})

/** One object of options each: a configuration with one misspelt in it, its name, and its schema's place. */
const objects: readonly (readonly [config: object, option: string, place: readonly (string | number)[]])[] = [
  [{ name: 'shop', nope: 1 }, 'nope', []],
  [{ name: 'shop', rotate: { nope: 1 } }, 'rotate.nope', ['rotate']],
  [{ name: 'shop', retain: { nope: 1 } }, 'retain.nope', ['retain']],
  [{ name: 'shop', diagnostics: { nope: 1 } }, 'diagnostics.nope', ['diagnostics']],
  [{ name: 'shop', loggers: [{ name: 'shop', nope: 1 }] }, 'loggers[0].nope', ['loggers', 'items']],
  [{ name: 'shop', mdc: { nope: 1 } }, 'mdc.nope', ['mdc', 'anyOf', 1]],
  [{ name: 'shop', redact: { paths: ['a'], nope: 1 } }, 'redact.nope', ['redact', 'anyOf', 1]],
  [kafka({ nope: 1 }), 'kafka.nope', ['kafka']],
  [kafka({ queue: { nope: 1 } }), 'kafka.queue.nope', ['kafka', 'queue']],
  [kafka({ createTopic: { nope: 1 } }), 'kafka.createTopic.nope', ['kafka', 'createTopic', 'anyOf', 1]],
  [
    kafka({ routes: [{ topic: 'a', nope: 1 }] }),
    'kafka.routes[0].nope',
    ['kafka', 'routes', 'items', 'anyOf', 0],
  ],
  [
    kafka({ routes: [{ drop: true, nope: 1 }] }),
    'kafka.routes[0].nope',
    ['kafka', 'routes', 'items', 'anyOf', 1],
  ],
  [kafka({ tls: { nope: 1 } }), 'kafka.tls.nope', ['kafka', 'tls', 'anyOf', 2]],
  [
    kafka({ sasl: { mechanism: 'plain', username: 'a', password: 'b', nope: 1 } }),
    'kafka.sasl.nope',
    ['kafka', 'sasl', 'anyOf', 0],
  ],
  ...['console', 'file', 'rollingFile', 'dateFile', 'journal'].map(
    (type, index) =>
      [
        outputter({ type, ...(type.toLowerCase().includes('file') && { file: 'a' }) }),
        `outputters[0].nope`,
        ['outputters', 'items', 'allOf', index, 'then'],
      ] as const,
  ),
  ...['pattern', 'pretty', 'json', 'basic', 'simple', 'object'].map(
    (type, index) =>
      [
        formatter({ type, ...(type === 'pattern' && { pattern: '%m' }) }),
        'outputters[0].formatter.nope',
        ['#formatter', 'anyOf', 1, 'allOf', index, 'then'],
      ] as const,
  ),
]

/** The schema at a place: words of JSON schema, and names of options between them. */
function schemaAt(place: readonly (string | number)[]): Readonly<Record<string, unknown>> {
  const { definitions } = configSchema as { readonly definitions: Readonly<Record<string, unknown>> }
  return place.reduce<Readonly<Record<string, unknown>>>((schema, step) => {
    if (step === '#formatter') return definitions.formatter as typeof schema
    const properties = schema.properties as Readonly<Record<string, unknown>> | undefined
    const isWord = typeof step === 'number' || ['items', 'anyOf', 'allOf', 'then'].includes(step)
    return (
      isWord ? (schema as Readonly<Record<string | number, unknown>>)[step] : properties?.[step]
    ) as typeof schema
  }, configSchema)
}

for (const [config, option, place] of objects) {
  test(`the schema has the options that the readers take: ${option} in ${JSON.stringify(config)}`, () => {
    const ofSchema = Object.keys(schemaAt(place).properties as object)
    // By the type, and by what is taken apart before the readers see it.
    const elsewhere = option.startsWith('outputters') ? ['type'] : option === 'nope' ? ['variables'] : []
    const moved = option.includes('outputters[0].nope') ? ['level', 'onlyAt', 'name'] : []
    const patterns = option.endsWith('formatter.nope')
      ? ['pattern']
      : place.includes('routes')
        ? ['topic']
        : []
    const ofReaders = known(config, option).filter((name) => !functions.includes(name))
    const skipped = [...elsewhere, ...moved, ...patterns]
    const compared = (names: readonly string[]): string[] =>
      names.filter((name) => !skipped.includes(name)).toSorted()
    assert.deepEqual(compared(ofSchema), compared(ofReaders))
  })
}

test('what the schema takes, the readers take', () => {
  fc.assert(
    fc.property(configurations, (config) => {
      assert.equal(validate(config), true, JSON.stringify(validate.errors))
      assert.equal(refusal(config)?.message, undefined)
    }),
    { numRuns: 300 },
  )
})

test('what is wrong for the one is wrong for the other', () => {
  const wrong = configurations.chain((config) =>
    fc.tuple(fc.constant(config), fc.constantFrom(...paths(config)), fc.constantFrom(...oddities)),
  )
  fc.assert(
    fc.property(wrong, ([config, path, value]) => {
      if (isBeyondSchema(path, value)) return
      const changedConfig = changed(config, path, value) as object
      const refused = refusal(changedConfig)
      assert.equal(
        validate(changedConfig),
        refused === undefined,
        `${path.join('.')}: ${refused?.message ?? 'taken'} / ${JSON.stringify(validate.errors?.[0])}`,
      )
    }),
    { numRuns: 1000 },
  )
})

/** What no schema can say: whether a name is one that is there, whether a text is a pattern. */
function isBeyondSchema(path: readonly string[], value: unknown): boolean {
  const key = path.findLast((one) => !/^\d+$/.test(one)) ?? ''
  if (typeof value === 'string' && value !== '') return namesAndPatterns.includes(key)
  return (
    ['base', 'variables', 'levels', 'journal', 'serializers'].includes(path[0] ?? '') ||
    path.join() === 'outputters'
  )
}

const namesAndPatterns = [
  'name',
  'type',
  'formatter',
  'level',
  'min',
  'onlyAt',
  'outputters',
  'datePattern',
  'provider',
  'req',
]

test('references may stand for values of any type', () => {
  const config = {
    name: '${NAME:-shop}',
    maxLineBytes: '${SIZE:-5000}',
    trace: '#{trace}',
    flush: '${FLUSH:-line}',
    fsync: '${FSYNC:-1000}',
    variables: { trace: true },
  }
  assert.equal(validate(config), true)
  assert.equal(refusal(config), undefined)
})

test('the file that editors get is this schema', () => {
  const file = new URL(import.meta.resolve('logflume/config.schema.json'))
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(JSON.stringify(configSchema)))
})
