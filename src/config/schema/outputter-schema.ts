import { anyOf, bool, integer, list, object, oneOf, ref, text, type Schema } from './kit.ts'

/** By its `type`: what is known is checked, a kind of your own is not. */
function kinds(known: Readonly<Record<string, Schema>>): Schema {
  return {
    type: 'object',
    required: ['type'],
    properties: {
      type: {
        description: 'Or a kind of your own.',
        type: 'string',
        minLength: 1,
        examples: Object.keys(known),
      },
    },
    allOf: Object.entries(known).map(([type, schema]) => ({
      if: { properties: { type: { const: type } } },
      // Draft 7 knows the properties of one object only, so each names all that it has.
      then: { ...schema, properties: { type: { const: type }, ...(schema.properties as Schema) } },
    })),
  }
}

const zone = oneOf('Whose clock.', ['local', 'utc'], 'local')

export const formatter: Schema = anyOf('A name alone will do where it needs no options.', [
  { type: 'string', minLength: 1, examples: ['pretty', 'json', 'basic', 'simple', 'object'] },
  kinds({
    pattern: object(
      'What the pattern says.',
      {
        pattern: ref('pattern'),
        directives: oneOf('Whose letters.', ['log4j', 'log4r'], 'log4j'),
        datePattern: ref('datePattern', 'Of a %d without one.'),
        zone,
        stack: bool('Whether the stack of an error follows its record.', true),
      },
      { required: ['pattern'] },
    ),
    pretty: object('For people.', { colors: bool('', false) }),
    json: object('One JSON object a line.', {
      names: anyOf(
        'Whose names, or new names by those of ECS; false leaves one out.',
        [
          { enum: ['ecs', 'pino'] },
          {
            type: 'object',
            additionalProperties: { anyOf: [{ const: false }, { type: 'string', minLength: 1 }] },
          },
        ],
        'ecs',
      ),
    }),
    basic: object("Log4r's BasicFormatter.", {
      trace: bool('Whether the place of the call is shown.', false),
      depth: integer('Lines of a stack.', {}, 7),
    }),
    simple: object("Log4r's SimpleFormatter.", {}),
    object: object("Log4r's ObjectFormatter.", {
      trace: bool('Whether the place of the call is shown.', false),
    }),
  }),
])

const levels = {
  level: ref('level', 'The lowest level that it takes.'),
  onlyAt: list('The only levels that it takes.', ref('level'), { minItems: 1 }),
}

const all = {
  name: text('By it loggers name it; once in a tree.'),
  ...levels,
  formatter: ref('formatter', 'Makes the text of a record.'),
}

const files = {
  ...all,
  file: text('Path of the file.'),
  maxBufferBytes: integer('Bytes that may wait in memory.', { min: 1024 }, 16 * 1024 ** 2),
  reopenOnSighup: bool('Whether SIGHUP opens the file again.', false),
}

const ofFile = { required: ['file'] }

export const outputters: Schema = list(
  'What the records go to besides the journal.',
  kinds({
    console: object('The console.', {
      ...all,
      stream: oneOf('', ['stdout', 'stderr'], 'stderr'),
      colors: bool('Whether it has colours. By default where it is a terminal that has them.', false),
    }),
    file: object(
      'A file that grows, or that logrotate takes care of.',
      { ...files, truncate: bool('Whether what an earlier process left in it goes.', false) },
      ofFile,
    ),
    rollingFile: object(
      'A file that is rolled by size, by time, or both.',
      {
        ...files,
        maxBytes: integer('Bytes at which it is rolled.', { min: 1 }, 10 * 1024 ** 2),
        every: oneOf('What rolls it besides.', ['never', 'minute', 'hour', 'day', 'month'], 'never'),
        keep: integer('Rolled files that are kept.', { min: 1, max: 1000 }, 5),
      },
      ofFile,
    ),
    dateFile: object(
      'A file with the date in its name.',
      {
        ...files,
        datePattern: ref('datePattern'),
        zone,
        keep: integer('Files that are kept; by default all.', { min: 1 }),
      },
      ofFile,
    ),
    journal: object('Levels of the journal, which is there without being listed.', levels),
  }),
)
