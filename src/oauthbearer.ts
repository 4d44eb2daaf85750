import { LogflumeError } from './errors.ts'
import type { SaslSettings, TokenProvider } from './kafka-security.ts'

/** What ends a message, and parts of one. https://www.rfc-editor.org/rfc/rfc7628#section-3.1 */
const SEPARATOR = '\x01'

export type BearerLogin = Exclude<SaslSettings, { username: string }>

/** Sends a message of the login, and resolves with what the broker says to it. */
type Say = (message: string) => Promise<string>

/**
 * The conversation of OAUTHBEARER. Not the client libraries' own, which do not read the broker's answer, take
 * a refused token for a good one, and meet a closed connection instead of the reason later on.
 */
export async function bearerLogin(login: BearerLogin, say: Say): Promise<void> {
  const token = 'token' in login ? { value: login.token } : await ask(login.provider)
  const extensions = Object.entries(token.extensions ?? {}).map(([name, value]) => `${name}=${value}`)
  const parts = ['n,,', `auth=Bearer ${token.value}`, ...extensions, '', '']
  const refusal = await say(parts.join(SEPARATOR))
  if (refusal === '') return
  await say(SEPARATOR).catch(() => undefined) // which is how a client takes note of a refusal
  throw new LogflumeError('KAFKA', `SASL OAUTHBEARER authentication failed: ${refusal}`, { retryable: true })
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
