import type { AuthenticationProviderArgs, KafkaConfig, Mechanism } from 'kafkajs'
import { LogflumeError } from './errors.ts'
import type { SaslSettings, SecuritySettings, TokenProvider } from './kafka-security.ts'

/** What ends a message, and parts of one. https://www.rfc-editor.org/rfc/rfc7628#section-3.1 */
const SEPARATOR = '\x01'

/** The settings in kafkajs' words. New objects at each call: kafkajs writes into them. */
export function kafkajsSecurity({ tls, sasl }: SecuritySettings): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  return {
    ...(tls && { ssl: { ...tls } }),
    ...(sasl && { sasl: 'username' in sasl ? { ...sasl } : bearer(sasl) }),
  }
}

/**
 * OAUTHBEARER. Not kafkajs' own, which does not read the broker's answer, takes a refused token for a good
 * one, and meets a closed connection instead of the reason later on.
 */
function bearer(login: Exclude<SaslSettings, { username: string }>): Mechanism {
  const authenticationProvider = ({ saslAuthenticate }: AuthenticationProviderArgs) => ({
    authenticate: async () => {
      const say = async (message: string): Promise<string> =>
        (await saslAuthenticate({
          request: { encode: () => sized(message) },
          response: { decode: (bytes) => bytes.subarray(4), parse: (bytes) => bytes.toString() },
        })) ?? ''
      const token = 'token' in login ? { value: login.token } : await ask(login.provider)
      const extensions = Object.entries(token.extensions ?? {}).map(([name, value]) => `${name}=${value}`)
      const parts = ['n,,', `auth=Bearer ${token.value}`, ...extensions, '', '']
      const refusal = await say(parts.join(SEPARATOR))
      if (refusal === '') return
      await say(SEPARATOR).catch(() => undefined) // which is how a client takes note of a refusal
      throw new LogflumeError('KAFKA', `SASL OAUTHBEARER authentication failed: ${refusal}`, {
        retryable: true,
      })
    },
  })
  return { mechanism: 'oauthbearer', authenticationProvider }
}

async function ask(provider: string): Promise<Awaited<ReturnType<TokenProvider>>> {
  const wrong = (why: string): LogflumeError =>
    new LogflumeError('KAFKA', `the token provider ${provider} ${why}`, { retryable: true })
  const { default: tokenProvider } = (await import(provider)) as { default?: unknown }
  if (typeof tokenProvider !== 'function') throw wrong('has no function as its default export')
  const token = (await (tokenProvider as () => unknown)()) as Awaited<ReturnType<TokenProvider>> | undefined
  if (typeof token?.value !== 'string' || token.value === '') throw wrong('gave no { value: string }')
  return token
}

function sized(message: string): Buffer {
  const bytes = Buffer.from(`\0\0\0\0${message}`)
  bytes.writeInt32BE(bytes.length - 4)
  return bytes
}
