import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from 'logflume'
import { createConsumer, defineSink } from 'logflume/consumer'
import { readSecurity } from '../../src/kafka-security.ts'
import type { SecurityOptions } from '../../src/kafka-security.ts'
import { connectKafka } from '../../src/kafka/connect.ts'
import type { KafkaClient, KafkaPort } from '../../src/kafka/port.ts'
import { encodeBatch } from '../../src/kafka/record-batch.ts'
import { OptionReader } from '../../src/options.ts'
import { Authority } from '../kafka/certificates.ts'
import { readTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { persist } from './persist.ts'
import { PASSWORD, startSecuredKafka, unsignedToken, USER } from './secured-kafka.ts'

let kafka: Awaited<ReturnType<typeof startSecuredKafka>>
before(async () => {
  kafka = await startSecuredKafka()
})
after(() => kafka.stop())

/** A port over a client, to a listener. */
type Open = (t: TestContext, listener: string, security: SecurityOptions) => KafkaPort

function openWith(client: KafkaClient, ...[t, listener, security]: Parameters<Open>): KafkaPort {
  const port = connectKafka[client]({
    brokers: kafka.cluster.addresses(listener),
    clientId: 'security',
    createTopic: { partitions: 1, replicationFactor: 1 },
    requestTimeout: 10_000,
    connectionTimeout: 5_000,
    ...readSecurity(new OptionReader('kafka', security)),
  })
  t.after(() => port.close())
  return port
}

async function writesTo(topic: string, port: KafkaPort): Promise<void> {
  await port.partitions(topic)
  const { id, epoch } = await port.initProducerId()
  const header = { producerId: id, producerEpoch: epoch, baseSequence: 0, timestamp: Date.now() }
  const { bytes } = encodeBatch(Buffer.from('a line\n'), header)
  await persist(() => port.produce(topic, 0, bytes))
  assert.equal((await readTopic(kafka.cluster.brokers, topic)).length, 1)
}

/** Why nothing can be asked over a connection of that kind. */
async function reasonOf(port: KafkaPort): Promise<string> {
  const error: unknown = await port.partitions('t').catch((thrown: unknown) => thrown)
  assert.ok(error instanceof Error)
  assert.equal('kafkaCode' in error && error.kafkaCode, undefined)
  return error.message
}

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'logflume-security-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function until(holds: () => boolean, what: () => unknown, patience = 30_000): Promise<void> {
  const end = Date.now() + patience
  while (!holds()) {
    await sleep(20)
    if (Date.now() > end) assert.fail(`not within ${patience} ms: ${JSON.stringify(what())}`)
  }
}

for (const client of ['kafkajs', '@platformatic/kafka'] as const)
  describe(client, () => {
    const open: Open = (...where) => openWith(client, ...where)
    const reason = (...where: Parameters<Open>): Promise<string> => reasonOf(open(...where))

    test('TLS: a broker of our authority is taken, by address and by name', async (t) => {
      const tls = { ca: kafka.authority.ca }
      await writesTo(uniqueTopic('tls'), open(t, 'TLS', { tls }))
      await writesTo(uniqueTopic('tls'), open(t, 'TLS', { tls: { ca: [Buffer.from(kafka.authority.ca)] } }))
      await writesTo(uniqueTopic('tls'), open(t, 'TLS', { tls: { ...tls, servername: 'localhost' } }))
    })

    test('TLS: a broker of another authority is refused with the reason', async (t) => {
      const other = await Authority.create(await folderFor(t))
      const [address] = kafka.cluster.addresses('TLS')
      const said = await reason(t, 'TLS', { tls: { ca: other.ca } })
      assert.match(said, new RegExp(`^partitions of t: ${address}: .*certificate`))
      assert.match(await reason(t, 'TLS', { tls: true }), /certificate/)
      const misnamed = await reason(t, 'TLS', { tls: { ca: kafka.authority.ca, servername: 'elsewhere' } })
      assert.match(misnamed, /elsewhere/)
      await writesTo(uniqueTopic('any'), open(t, 'TLS', { tls: { rejectUnauthorized: false } }))
    })

    test('TLS: a broker that wants our certificate gets it, and refuses who has none', async (t) => {
      const { ca } = kafka.authority
      const { cert, key } = kafka.client
      await writesTo(uniqueTopic('mtls'), open(t, 'MTLS', { tls: { ca, cert, key } }))
      assert.match(await reason(t, 'MTLS', { tls: { ca } }), /wants a certificate of ours/)
    })

    test('a port that is spoken to in another way says what to look at', async (t) => {
      const tls = { ca: kafka.authority.ca }
      for (const [listener, security] of [
        ['LOGIN', { tls }],
        ['TLS', {}],
        ['LOGIN', {}],
      ] as const) {
        assert.match(
          await reason(t, listener, security),
          /closed the connection before .* look at tls and sasl/,
        )
      }
      const sasl = { mechanism: 'plain', username: USER, password: PASSWORD } as const
      assert.match(await reason(t, 'TLS', { tls, sasl }), /SASL state/)
    })

    const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
    for (const mechanism of mechanisms) {
      test(`SASL ${mechanism}: with the password, not with another one`, async (t) => {
        const sasl = { mechanism, username: USER, password: PASSWORD }
        await writesTo(uniqueTopic('sasl'), open(t, 'LOGIN', { sasl }))
        await writesTo(uniqueTopic('sasl'), open(t, 'LOGIN_TLS', { sasl, tls: { ca: kafka.authority.ca } }))
        const said = await reason(t, 'LOGIN', { sasl: { ...sasl, password: 'another one' } })
        assert.match(said, /SASL .* authentication failed/)
        assert.ok(!said.includes('another one'), 'no message shows a password')
      })
    }

    test('SASL oauthbearer: with a token, or with a module that brings one', async (t) => {
      const token = unsignedToken(USER)
      await writesTo(uniqueTopic('bearer'), open(t, 'LOGIN', { sasl: { mechanism: 'oauthbearer', token } }))
      const provider = join(await folderFor(t), 'token.mjs')
      await writeFile(
        provider,
        `export default async () => ({ value: '${token}', extensions: { team: 'shop' } })`,
      )
      await writesTo(
        uniqueTopic('bearer'),
        open(t, 'LOGIN_TLS', {
          sasl: { mechanism: 'oauthbearer', provider },
          tls: { ca: kafka.authority.ca },
        }),
      )
    })

    test('SASL oauthbearer: a token that the broker refuses, and a module without one, say so', async (t) => {
      const expired = unsignedToken(USER, -60)
      assert.match(
        await reason(t, 'LOGIN', { sasl: { mechanism: 'oauthbearer', token: expired } }),
        /SASL OAUTHBEARER authentication failed: .*invalid_token/,
      )
      const modules = {
        'export default async () => { throw new Error("no network") }': /no network/,
        'export default async () => undefined': /gave no \{ value: string \}/,
        'export const token = 1': /has no function as its default export/,
      }
      for (const [source, said] of Object.entries(modules)) {
        const provider = `data:text/javascript,${encodeURIComponent(source)}`
        assert.match(await reason(t, 'LOGIN', { sasl: { mechanism: 'oauthbearer', provider } }), said)
      }
    })

    for (const mechanism of ['scram-sha-512', 'oauthbearer'] as const) {
      test(`${mechanism}: batches go on in order beyond the end of a session, on one connection`, async (t) => {
        const folder = await folderFor(t)
        const calls = join(folder, 'calls')
        const provider = join(folder, 'token.mjs')
        await writeFile(
          provider,
          `import { appendFileSync } from 'node:fs'
export default async () => { appendFileSync(${JSON.stringify(calls)}, '.'); return { value: '${unsignedToken(USER)}' } }`,
        )
        const sasl =
          mechanism === 'oauthbearer'
            ? { mechanism, provider }
            : { mechanism, username: USER, password: PASSWORD }
        const port = open(t, 'SHORT', { sasl })
        const topic = uniqueTopic('session')
        await port.partitions(topic)
        const { id, epoch } = await port.initProducerId()
        let sequence = 0
        const batch = (): Buffer => {
          const header = {
            producerId: id,
            producerEpoch: epoch,
            baseSequence: sequence,
            timestamp: Date.now(),
          }
          return encodeBatch(Buffer.from(`${sequence++}\n`), header).bytes
        }
        const send = (): Promise<unknown> => port.produce(topic, 0, batch())
        const first = batch()
        await persist(() => port.produce(topic, 0, first))
        // Five at a time without a pause: one refusal, or one that overtakes another, would be an error here.
        for (const end = Date.now() + 6_000; Date.now() < end;) {
          await Promise.all([send(), send(), send(), send(), send(), port.initProducerId()])
        }
        await sleep(3_500) // idle until the session is over
        await send()
        const values = (await readTopic(kafka.cluster.brokers, topic)).map(({ value }) => Number(value))
        assert.equal(values.length, sequence)
        assert.ok(
          values.every((value, index) => value === index),
          'in order',
        )
        if (mechanism === 'oauthbearer') {
          const asked = (await readFile(calls, 'utf8')).length
          assert.ok(asked >= 4 && asked <= 8, `a token for each login, ${asked} of them`)
        }
      })
    }
  })

test('the whole way: a logger writes over TLS with SCRAM, a consumer reads over the same', async (t) => {
  const topic = uniqueTopic('whole')
  const security = {
    brokers: kafka.cluster.addresses('LOGIN_TLS'),
    tls: { ca: kafka.authority.ca },
    sasl: { mechanism: 'scram-sha-512', username: USER, password: PASSWORD },
  } as const
  const log = createLogger({ name: 'shop', dir: await folderFor(t), kafka: { ...security, topic } })
  for (let order = 0; order < 100; order++) log.info('order placed', { order })
  const stats = await log.close({ timeout: 20_000 })
  assert.deepEqual([stats.forwarded, stats.kafka.error], [100, undefined])

  const read: unknown[] = []
  const stop = new AbortController()
  const sink = defineSink({
    name: 'memory',
    write: (records) => {
      for (const record of records) read.push(record.fields.order)
      if (read.length >= 100) stop.abort()
      return Promise.resolve()
    },
  })
  const consumer = createConsumer({ from: { ...security, topics: [topic], group: topic }, sinks: [sink] })
  await consumer.run({ signal: AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]) })
  assert.deepEqual(
    read,
    Array.from({ length: 100 }, (_, order) => order),
  )
})

test('a wrong password shows in stats(), and heals once the broker knows it', async (t) => {
  const topic = uniqueTopic('password')
  const username = uniqueTopic('user')
  const log = createLogger({
    name: 'shop',
    dir: await folderFor(t),
    kafka: {
      brokers: kafka.cluster.addresses('LOGIN'),
      topic,
      sasl: { mechanism: 'scram-sha-256', username, password: 'later' },
    },
    onDiagnostic: () => undefined,
  })
  t.after(async () => {
    await log.close({ timeout: 0 })
  })
  log.info('waits')
  const state = () => log.stats().kafka
  await until(() => state().state === 'retrying', state)
  assert.match(state().error ?? '', /SASL SCRAM SHA256 authentication failed/)

  const node = kafka.cluster.node(1)
  const user = ['--entity-type', 'users', '--entity-name', username]
  const alter = [
    '--bootstrap-server',
    node.broker,
    '--alter',
    '--add-config',
    'SCRAM-SHA-256=[password=later]',
  ]
  await node.tool('kafka.admin.ConfigCommand', [...alter, ...user])
  await until(() => log.stats().forwarded === 1, state)
  assert.deepEqual([state().state, state().error], ['connected', undefined])
})
