import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Authority } from '../kafka/certificates.ts'
import type { Certificate } from '../kafka/certificates.ts'
import { startKafka } from '../kafka/cluster.ts'
import type { KafkaCluster } from '../kafka/cluster.ts'

export const USER = 'alice'
/** With what a format in between might trip over. */
export const PASSWORD = 'päss word=1'

const LOGIN = 'org.apache.kafka.common.security'
const BEARER = `${LOGIN}.oauthbearer`

const plain = `${LOGIN}.plain.PlainLoginModule required user_${USER}="${PASSWORD}";`
const scram = `${LOGIN}.scram.ScramLoginModule required;`
const bearer = `${BEARER}.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`

const SCRAM_USERS = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
  (mechanism) => `${mechanism}=[name=${USER},password=${PASSWORD}]`,
)

/** Settings of a listener that takes all logins; sessions end after `lifetime` milliseconds. */
function logins(lifetime = 0): Record<string, string> {
  const reauth = Object.fromEntries(
    ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'].map((mechanism) => [
      `${mechanism}.connections.max.reauth.ms`,
      String(lifetime),
    ]),
  )
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'plain.sasl.jaas.config': plain,
    'scram-sha-256.sasl.jaas.config': scram,
    'scram-sha-512.sasl.jaas.config': scram,
    'oauthbearer.sasl.jaas.config': bearer,
    'oauthbearer.sasl.server.callback.handler.class': `${BEARER}.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler`,
    ...(lifetime > 0 && reauth),
  }
}

export interface SecuredKafka {
  readonly cluster: KafkaCluster
  readonly authority: Authority
  /** Signed by the brokers' authority. */
  readonly client: Certificate
}

/**
 * One broker with listeners TLS, MTLS (wants a client's certificate), LOGIN, LOGIN_TLS, and SHORT, whose
 * sessions last 3 s.
 */
export async function startSecuredKafka(): Promise<SecuredKafka & { stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'logflume-certificates-'))
  const authority = await Authority.create(folder)
  const broker = await authority.sign('broker', ['IP:127.0.0.1', 'DNS:localhost'])
  const client = await authority.sign('client', ['DNS:client'])
  const keystore = { 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': broker.file }
  const truststore = { 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': authority.file }
  const cluster = await startKafka({
    scram: SCRAM_USERS,
    listeners: [
      { name: 'TLS', protocol: 'SSL', config: keystore },
      {
        name: 'MTLS',
        protocol: 'SSL',
        config: { ...keystore, ...truststore, 'ssl.client.auth': 'required' },
      },
      { name: 'LOGIN', protocol: 'SASL_PLAINTEXT', config: logins() },
      { name: 'LOGIN_TLS', protocol: 'SASL_SSL', config: { ...keystore, ...logins() } },
      { name: 'SHORT', protocol: 'SASL_PLAINTEXT', config: logins(3_000) },
    ],
  })
  return {
    cluster,
    authority,
    client,
    async stop() {
      await cluster.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A token that says who it is for, and is not signed: good enough for a broker of a test. */
export function unsignedToken(subject: string, lifetime = 3_600): string {
  const now = Math.floor(Date.now() / 1000)
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + lifetime })}.`
}
