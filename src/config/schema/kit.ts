/** A JSON schema of draft 7, the one that editors know best. */
export type Schema = Readonly<Record<string, unknown>>

/** What all schemas here refer to. */
export const definitions: Readonly<Record<string, Schema>> = {
  reference: {
    description: 'A reference, as ${NAME}, ${NAME:-default}, ${file:path}, #{ENV.NAME} or #{variable}.',
    type: 'string',
    pattern: '[$#]\\{',
  },
  level: {
    description: 'trace, debug, info, warn, error, fatal, one of your own, or off.',
    type: 'string',
    minLength: 1,
    examples: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'off'],
  },
  lineLevel: {
    description: 'trace, debug, info, warn, error, fatal, or one of your own.',
    type: 'string',
    minLength: 1,
    examples: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
  },
  outputterName: { description: 'The name of one of the outputters.', type: 'string', minLength: 1 },
  loggerName: {
    description: "The whole name, as shop::db; the root's is the `name` of the configuration.",
    type: 'string',
    minLength: 1,
  },
  pattern: {
    description: "As '%d [%p] %c - %m%n'.",
    type: 'string',
  },
  datePattern: {
    description: "Letters of strftime, or of SimpleDateFormat where it has no %, as 'yyyy-MM-dd'.",
    type: 'string',
    minLength: 1,
  },
  pem: { description: 'PEM: what is in the file.', type: 'string', pattern: '-----BEGIN|[$#]\\{' },
}

export function ref(name: string, description?: string): Schema {
  const reference = { $ref: `#/definitions/${name}` }
  return description === undefined ? reference : { description, allOf: [reference] }
}

/** Where a value is no text, a reference may stand for it. */
function orReference(description: string, schema: Schema, fallback: unknown): Schema {
  return {
    description,
    ...(fallback !== undefined && { default: fallback }),
    anyOf: [schema, ref('reference')],
  }
}

interface Bounds {
  readonly min?: number
  readonly max?: number
}

export function integer(description: string, { min = 0, max }: Bounds = {}, fallback?: number): Schema {
  const bounds = { minimum: min, maximum: max ?? Number.MAX_SAFE_INTEGER }
  return orReference(description, { type: 'integer', ...bounds }, fallback)
}

export function bool(description: string, fallback: boolean): Schema {
  return orReference(description, { type: 'boolean' }, fallback)
}

export function oneOf(description: string, values: readonly unknown[], fallback?: unknown): Schema {
  return orReference(description, { enum: values }, fallback)
}

export function text(description: string, pattern?: string, fallback?: string): Schema {
  return {
    description,
    type: 'string',
    minLength: 1,
    ...(pattern !== undefined && { pattern: `${pattern}|[$#]\\{` }),
    ...(fallback !== undefined && { default: fallback }),
  }
}

export function list(description: string, items: Schema, more: Schema = {}): Schema {
  return { description, type: 'array', items, ...more }
}

export function object(
  description: string,
  properties: Readonly<Record<string, Schema>>,
  more: Schema = {},
): Schema {
  return { description, type: 'object', properties, additionalProperties: false, ...more }
}

export function anyOf(description: string, schemas: readonly Schema[], fallback?: unknown): Schema {
  return { description, ...(fallback !== undefined && { default: fallback }), anyOf: schemas }
}
