import type { AuthenticationProviderArgs, KafkaConfig, Mechanism } from 'kafkajs'
import type { SecuritySettings } from './kafka-security.ts'
import { bearerLogin, type BearerLogin } from './oauthbearer.ts'

/** The settings in kafkajs' words. New objects at each call: kafkajs writes into them. */
export function kafkajsSecurity({ tls, sasl }: SecuritySettings): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  return {
    ...(tls && { ssl: { ...tls } }),
    ...(sasl && { sasl: 'username' in sasl ? { ...sasl } : bearer(sasl) }),
  }
}

function bearer(login: BearerLogin): Mechanism {
  const authenticationProvider = ({ saslAuthenticate }: AuthenticationProviderArgs) => ({
    authenticate: () =>
      bearerLogin(
        login,
        async (message) =>
          (await saslAuthenticate({
            request: { encode: () => sized(message) },
            response: { decode: (bytes) => bytes.subarray(4), parse: (bytes) => bytes.toString() },
          })) ?? '',
      ),
  })
  return { mechanism: 'oauthbearer', authenticationProvider }
}

function sized(message: string): Buffer {
  const bytes = Buffer.from(`\0\0\0\0${message}`)
  bytes.writeInt32BE(bytes.length - 4)
  return bytes
}
