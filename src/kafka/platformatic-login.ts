import type * as platformatic from '@platformatic/kafka'
import { LogflumeError } from '../errors.ts'
import type { SaslSettings } from '../kafka-security.ts'
import { bearerLogin } from '../oauthbearer.ts'

export type Platformatic = typeof platformatic

type Api = Parameters<platformatic.SASLCustomAuthenticator>[2]
type Answer = Awaited<ReturnType<Api['async']>>

/**
 * How @platformatic/kafka is to log in. By a function of ours, for the sake of its result: left to itself, the
 * library logs in again by a timer, among requests that the broker then refuses.
 *
 * @param onSession is told how many milliseconds a session lasts; 0: for ever.
 */
export function platformaticLogin(
  library: Platformatic,
  login: SaslSettings,
  onSession: (lifetime: number) => void,
): platformatic.SASLOptions {
  const mechanism = login.mechanism.toUpperCase() as Uppercase<typeof login.mechanism>
  return {
    mechanism,
    authenticate: (_mechanism, connection, api, _username, _password, _token, callback) => {
      logIn(library, login, connection, api).then(
        (answer) => {
          onSession(Number(answer.sessionLifetimeMs))
          callback(null, { ...answer, sessionLifetimeMs: 0n })
        },
        (cause: unknown) => callback(refused(cause, mechanism)),
      )
    },
  }
}

async function logIn(
  library: Platformatic,
  login: SaslSettings,
  connection: platformatic.Connection,
  api: Api,
): Promise<Answer> {
  switch (login.mechanism) {
    case 'plain':
      return library.saslPlain.authenticate(api, connection, login.username, login.password)
    case 'scram-sha-256':
    case 'scram-sha-512': {
      const algorithm = login.mechanism === 'scram-sha-256' ? 'SHA-256' : 'SHA-512'
      return library.saslScramSha.authenticate(api, connection, algorithm, login.username, login.password)
    }
    case 'oauthbearer': {
      let answer: Answer | undefined
      await bearerLogin(login, async (message) => {
        answer = await api.async(connection, Buffer.from(message))
        return answer.authBytes.toString()
      })
      if (answer === undefined) throw new Error('no answer')
      return answer
    }
  }
}

/** What the broker says about it is in the error of an error of the library. */
function refused(cause: unknown, mechanism: string): Error {
  if (cause instanceof LogflumeError) return cause
  for (let error = cause; error instanceof Error; error = error.cause) {
    const [said] = (error as { errors?: readonly { serverErrorMessage?: string | null }[] }).errors ?? []
    if (said?.serverErrorMessage == null) continue
    const message = `SASL ${mechanism} authentication failed: ${said.serverErrorMessage}`
    return new LogflumeError('KAFKA', message, { cause })
  }
  return cause instanceof Error ? cause : new Error(String(cause))
}
