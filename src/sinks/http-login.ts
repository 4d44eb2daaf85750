import { OptionReader, refuseSecret } from '../options.ts'

/** Who we are to a server over HTTP. */
export type HttpLogin =
  | { readonly username: string; readonly password: string }
  /** Elasticsearch's: its `encoded` form, or id and key with a colon between them. */
  | { readonly apiKey: string }
  | { readonly bearer: string }

/** The `authorization` header of an option; undefined where the option is not there. No message shows a secret. */
export function readLogin(reader: OptionReader, key: string): string | undefined {
  const value = reader.raw(key)
  if (value === undefined) return undefined
  const at = reader.at(key)
  if (typeof value !== 'object' || value === null)
    refuseSecret(at, '{ username, password }, { apiKey } or { bearer }', value)
  const login = new OptionReader(at, value)
  const header = toHeader(login)
  login.end()
  return header
}

function toHeader(login: OptionReader): string {
  if (login.has('bearer')) return `Bearer ${secret(login, 'bearer')}`
  if (login.has('apiKey')) {
    const key = secret(login, 'apiKey')
    return `ApiKey ${key.includes(':') ? base64(key) : key}`
  }
  return `Basic ${base64(`${login.string('username')}:${secret(login, 'password')}`)}`
}

function secret(login: OptionReader, key: string): string {
  const value = login.raw(key)
  // What a header cannot hold would be in the error that says so.
  if (typeof value !== 'string' || value === '' || /[^\x20-\x7e]/.test(key === 'password' ? '' : value))
    refuseSecret(login.at(key), 'a non-empty string', value)
  return value
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
