import { anyOf, bool, integer, list, object, oneOf, ref, text, type Schema } from './kit.ts'

const texts: Schema = {
  type: 'object',
  propertyNames: { minLength: 1 },
  additionalProperties: { type: 'string' },
}

const topic = (description: string): Schema => text(description, '^([A-Za-z0-9._-]|\\{[A-Za-z]+\\})+$')

const level: Schema = anyOf('This level, or it and those above it.', [
  ref('lineLevel'),
  object('', { min: ref('lineLevel') }, { required: ['min'] }),
])

const conditions = {
  level,
  logger: text('This logger and those below it, as shop::db.'),
  match: text('Text that the line has, as it stands in its JSON.', '^[^\\n]+$'),
}

const routes = list('Topics for some of the lines; the first that matches decides.', {
  anyOf: [
    object(
      '',
      { ...conditions, topic: topic('Where such lines go.'), drop: { const: false } },
      { required: ['topic'] },
    ),
    object(
      '',
      { ...conditions, drop: { const: true, description: 'Such lines stay on disk.' } },
      { required: ['drop'] },
    ),
  ],
})

const login = (mechanism: string): Schema =>
  object(
    '',
    { mechanism: { const: mechanism }, username: text('Who.'), password: text('Better a reference.') },
    { required: ['mechanism', 'username', 'password'] },
  )

const bearer = (key: string, schema: Schema): Schema =>
  object('', { mechanism: { const: 'oauthbearer' }, [key]: schema }, { required: ['mechanism', key] })

const sasl = anyOf('How it logs in.', [
  login('plain'),
  login('scram-sha-256'),
  login('scram-sha-512'),
  bearer('token', text('A token that does not change.')),
  bearer('provider', text('A module whose default export gives tokens.')),
])

const tls = anyOf(
  'True: TLS with what Node trusts.',
  [
    { type: 'boolean' },
    ref('reference'),
    object(
      '',
      {
        ca: { anyOf: [ref('pem'), { type: 'array', items: ref('pem'), minItems: 1 }] },
        cert: ref('pem'),
        key: ref('pem'),
        passphrase: text('Of an encrypted key.'),
        servername: text("The name that a broker's certificate must hold."),
        rejectUnauthorized: bool('False takes any certificate.', true),
      },
      { dependencies: { cert: ['key'], key: ['cert'] } },
    ),
  ],
  false,
)

const port = '[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5]'

export const kafka: Schema = object(
  'Where the lines are forwarded to.',
  {
    brokers: list("'host:port' of some brokers.", text('', `^([^\\s:]+|\\[[0-9a-fA-F:]+\\]):(${port})$`), {
      minItems: 1,
    }),
    client: oneOf('The library that keeps the connections.', ['kafkajs', '@platformatic/kafka'], 'kafkajs'),
    topic: topic('Where lines go that no route has another topic for.'),
    routes,
    clientId: text('How this process names itself to the brokers.'),
    createTopic: anyOf('How a missing topic is made; false: it is not.', [
      { const: false },
      object('', {
        partitions: integer('', { min: 1, max: 10_000 }, 4),
        replicationFactor: integer('', { min: 1, max: 100 }, 2),
        config: texts,
      }),
    ]),
    compression: oneOf('zstd needs Node 22.15.', ['none', 'gzip', 'zstd', 'lz4', 'snappy'], 'none'),
    acks: oneOf('Who must have a line before it counts.', ['all', 'leader', 'none'], 'all'),
    partition: anyOf(
      "The journal's own, one after the other, or this one.",
      [
        { enum: ['journal', 'spread'] },
        { type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 },
        ref('reference'),
      ],
      'journal',
    ),
    key: text('A field; lines of one value go to one partition.'),
    delivery: oneOf('', ['exactly-once', 'at-least-once'], 'exactly-once'),
    leaderTimeout: integer('ms after which a partition without a leader is left.', { min: 100 }, 30_000),
    headers: { description: 'Headers of each record.', ...texts },
    batchBytes: integer('Bytes of lines that make one batch.', { min: 1024, max: 64 * 1024 ** 2 }, 900_000),
    linger: integer('ms that the first line after a pause waits.', { max: 60_000 }, 2),
    queue: object('What may be in memory between journal and Kafka.', {
      maxBytes: integer('', { min: 1024 }, 8 * 1024 ** 2),
      maxRecords: integer('', { min: 1 }, 100_000),
    }),
    requestTimeout: integer('ms.', { min: 100, max: 600_000 }, 10_000),
    connectionTimeout: integer('ms.', { min: 100, max: 600_000 }, 3_000),
    idleTimeout: integer('ms without lines after which connections are closed.', { min: 100 }, 30_000),
    tls,
    sasl,
  },
  {
    required: ['brokers'],
    if: { required: ['key'] },
    then: { properties: { partition: { anyOf: [{ const: 'journal' }, ref('reference')] } } },
  },
)
