import { globalLevels } from '../../logger/global.ts'
import { anyOf, bool, definitions, integer, list, object, oneOf, ref, text, type Schema } from './kit.ts'
import { kafka } from './kafka-schema.ts'
import { formatter, outputters } from './outputter-schema.ts'

const MIB = 1024 ** 2
const GIB = 1024 ** 3

const rotate = object('When a segment of the journal is followed by the next.', {
  maxBytes: integer('Bytes at which a segment is full.', { min: 4096 }, 64 * MIB),
  every: oneOf('What begins a new segment besides.', ['day', 'hour', 'never'], 'day'),
  zone: oneOf('Whose days and hours.', ['local', 'utc'], 'local'),
  onSighup: bool('Whether SIGHUP begins a new segment.', false),
})

const retain = object('How long closed segments are kept.', {
  days: integer('Days.', { min: 1, max: 36_500 }, 14),
  bytes: integer('Bytes that one journal may have on disk.', { min: 65_536 }, 10 * GIB),
  segments: integer('Segments that one journal may have.', { min: 2 }),
  minFree: integer('Bytes that shall stay free on the disk.', {}, 0),
  compress: oneOf(
    'How closed segments are compressed; zstd needs Node 22.15.',
    ['none', 'gzip', 'zstd'],
    'none',
  ),
})

const names = (description: string): Schema => list(description, ref('outputterName'))

const loggers = list(
  'Loggers by name.',
  object(
    '',
    {
      name: ref('loggerName'),
      level: ref('level', 'The lowest level that gives lines; by default that of the logger above.'),
      trace: bool('Whether its lines say where their calls are; by default as the logger above.', false),
      additive: bool('Whether its records go to the outputters of those above, the journal included.', true),
      outputters: names('Names of its own outputters.'),
      topic: text('Where its lines go in Kafka.', '^[A-Za-z0-9._-]{1,249}$'),
    },
    { required: ['name'] },
  ),
)

const paths = list('Paths of fields, as user.password or users[*].token.', text(''), { minItems: 1 })

/** What becomes of fields on their way into a line. */
const fields = {
  mdc: anyOf('How the contexts stand in lines; false: not at all.', [
    { const: false },
    object('', {
      prefix: { description: 'Before the name of each field of the MDC.', type: 'string' },
      keys: list('The only fields of the MDC that lines have.', text(''), { minItems: 1 }),
    }),
  ]),
  otel: bool('Whether lines have the trace.id and span.id of the active span of OpenTelemetry.', true),
  redact: anyOf('What lines do not have.', [
    paths,
    object(
      '',
      {
        paths,
        censor: { description: 'What stands there instead.', type: 'string', default: '[Redacted]' },
        remove: bool('Whether it is left out instead.', false),
      },
      { required: ['paths'] },
    ),
  ]),
  serializers: {
    description:
      'By the names of fields: a function of code, by its name in types.serializers; false: as it is.',
    type: 'object',
    additionalProperties: anyOf('', [{ const: false }, { type: 'string', minLength: 1 }]),
  },
}

const ofJournal = ['dir', 'rotate', 'retain', 'maxBufferBytes', 'flush', 'fsync', 'kafka']

/** The schema of a configuration file. A test holds it to what the readers of options take. */
export const configSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'logflume',
  definitions: { ...definitions, formatter },
  ...object(
    'A configuration of logflume, as loadConfig() takes it.',
    {
      $schema: { type: 'string', minLength: 1 },
      name: text(
        "The service: service.name of each line, the root of the tree, the start of the journal's file names.",
        '^[\\w-][\\w.-]{0,99}$',
      ),
      level: ref('level', 'The lowest level that gives lines. info, where it is not said.'),
      levels: {
        description: 'Levels of your own by their ranks; info is 30, warn 40.',
        type: 'object',
        propertyNames: { pattern: '^[A-Za-z_$][\\w$]{0,31}$' },
        additionalProperties: integer('', { min: 1 }),
      },
      globalLevel: oneOf('The lowest level that gives lines in the whole process.', globalLevels),
      base: { description: 'Fields of each line.', type: 'object' },
      maxLineBytes: integer('The most bytes that a line can have.', { min: 4096, max: MIB }, MIB / 4),
      trace: bool('Whether each line says where its call is.', false),
      ...fields,
      journal: bool('False: only outputters, no directory and no Kafka.', true),
      dir: text('Directory of the journal.', undefined, 'logs'),
      rotate,
      retain,
      maxBufferBytes: integer(
        'Bytes of lines that may wait in memory.',
        { min: 65_536, max: 256 * MIB },
        16 * MIB,
      ),
      flush: oneOf('When lines go to the kernel.', ['tick', 'line', 'async']),
      fsync: anyOf(
        'When the disk is told to keep what the kernel has: never, after each write, or ms after it.',
        [{ enum: ['never', 'write'] }, { type: 'integer', minimum: 1, maximum: 3_600_000 }, ref('reference')],
        'never',
      ),
      kafka,
      outputters,
      loggers,
      diagnostics: object("The library's own trouble.", {
        level: oneOf('The lowest level that is told.', ['info', 'warn', 'error', 'off'], 'warn'),
        outputters: names('Where it is told.'),
      }),
      variables: { description: 'What #{name} stands for.', type: 'object' },
    },
    {
      if: { required: ['journal'], properties: { journal: { const: false } } },
      then: { properties: Object.fromEntries(ofJournal.map((name) => [name, false])) },
    },
  ),
}
