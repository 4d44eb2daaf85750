import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { toError } from './errors.ts'
import { OptionReader, refuse, refuseSecret } from './options.ts'

/** PEM text: what is in the file, and not the file's name. */
export type Pem = string | Uint8Array

export interface TlsOptions {
  /** Certificates of those who may sign a broker's. @default the ones that Node brings */
  readonly ca?: Pem | readonly Pem[]
  /** For brokers that ask who we are: our certificate, with those between it and their CA behind it. */
  readonly cert?: Pem
  /** The private key of `cert`. */
  readonly key?: Pem
  /** Of an encrypted `key`. */
  readonly passphrase?: string
  /** The name that a broker's certificate must hold. @default the host by which the broker is reached */
  readonly servername?: string
  /** False takes any certificate: encrypted, but with whom? @default true */
  readonly rejectUnauthorized?: boolean
}

interface PasswordLogin<Mechanism extends string> {
  readonly mechanism: Mechanism
  readonly username: string
  readonly password: string
}

type PasswordLogins = PasswordLogin<'plain'> | PasswordLogin<'scram-sha-256'> | PasswordLogin<'scram-sha-512'>

export type SaslOptions =
  | PasswordLogins
  | {
      readonly mechanism: 'oauthbearer'
      /** A token that does not change. */
      readonly token?: string
      /**
       * In place of `token`: a JavaScript module whose default export is a `TokenProvider`. A path is taken
       * from the working directory; `new URL('./token.js', import.meta.url)` is a file beside the caller.
       */
      readonly provider?: string | URL
    }

/** Called for each login, that is for each connection and again before a session ends. It may keep tokens. */
export type TokenProvider = () => Promise<{
  readonly value: string
  /** SASL extensions (KIP-342), as some clouds want them. */
  readonly extensions?: Readonly<Record<string, string>>
}>

/** How brokers are spoken to, for writing and for reading alike. */
export interface SecurityOptions {
  /** True: with what Node trusts. @default false */
  readonly tls?: boolean | TlsOptions
  /** @default none */
  readonly sasl?: SaslOptions
}

/** Checked, and made of what may be copied to another thread. */
export interface TlsSettings {
  readonly ca?: string[]
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  readonly servername?: string
  readonly rejectUnauthorized: boolean
}

export type SaslSettings =
  | PasswordLogins
  | { readonly mechanism: 'oauthbearer'; readonly token: string }
  | {
      readonly mechanism: 'oauthbearer'
      /** A URL. */
      readonly provider: string
    }

export interface SecuritySettings {
  readonly tls?: TlsSettings | undefined
  readonly sasl?: SaslSettings | undefined
}

/** `tls` and `sasl` of `reader`. No message shows a key, a password or a token. */
export function readSecurity(reader: OptionReader): SecuritySettings {
  return { tls: readTls(reader), sasl: readSasl(reader) }
}

function readTls(reader: OptionReader): TlsSettings | undefined {
  const value = reader.raw('tls')
  if (value === undefined || value === false) return undefined
  if (value === true) return { rejectUnauthorized: true }
  const at = reader.at('tls')
  if (!isOptions(value)) refuseSecret(at, 'true, false or an object', value)
  const tls = new OptionReader(at, value)
  const ca = readAuthorities(tls)
  const cert = readPem(tls, 'cert')
  const key = readPem(tls, 'key')
  const passphrase = readSecret(tls, 'passphrase')
  const settings: TlsSettings = {
    ...(ca && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(tls.has('servername') && { servername: tls.string('servername') }),
    rejectUnauthorized: tls.boolean('rejectUnauthorized', true),
  }
  tls.end()
  if ((cert === undefined) !== (key === undefined)) {
    refuse(at, "'cert' and 'key', both or none", cert === undefined ? 'key alone' : 'cert alone')
  }
  try {
    createSecureContext({ cert, key, passphrase })
  } catch (thrown) {
    refuse(at, "a 'key' that opens with 'passphrase' and belongs to 'cert'", toError(thrown).message)
  }
  return settings
}

function readAuthorities(tls: OptionReader): string[] | undefined {
  const value = tls.raw('ca')
  if (value === undefined) return undefined
  const given: readonly unknown[] = Array.isArray(value) ? value : [value]
  const texts = given.map((one) => pemText(tls.at('ca'), one))
  if (texts.length === 0) refuse(tls.at('ca'), 'a certificate at least', value)
  for (const text of texts) checkCertificates(tls.at('ca'), text)
  return texts
}

function readPem(tls: OptionReader, key: 'cert' | 'key'): string | undefined {
  if (!tls.has(key)) return undefined
  const text = pemText(tls.at(key), tls.raw(key))
  if (key === 'cert') checkCertificates(tls.at(key), text)
  else if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    refuseSecret(tls.at(key), 'a private key in PEM, the content of the file', text)
  }
  return text
}

function pemText(at: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  return refuseSecret(at, 'PEM as a string or Buffer', value)
}

/** OpenSSL takes authorities that it cannot read without a word, and trusts nobody then. */
function checkCertificates(at: string, text: string): void {
  const found = text.match(/-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----[^-]*-----END \1-----/g)
  if (found === null) {
    const mistaken = text.includes('-----BEGIN') ? refuseSecret : refuse // it may be the key
    return mistaken(at, 'certificates in PEM, the content of the file', text)
  }
  for (const one of found) {
    try {
      new X509Certificate(one)
    } catch (thrown) {
      refuse(at, 'certificates in PEM', `one that cannot be read: ${toError(thrown).message}`)
    }
  }
}

function readSasl(reader: OptionReader): SaslSettings | undefined {
  const value = reader.raw('sasl')
  if (value === undefined) return undefined
  const at = reader.at('sasl')
  if (!isOptions(value)) refuseSecret(at, 'an object', value)
  const sasl = new OptionReader(at, value)
  const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const
  const mechanism = sasl.oneOf('mechanism', mechanisms)
  const settings: SaslSettings =
    mechanism === 'oauthbearer'
      ? readBearer(sasl)
      : {
          mechanism,
          username: sasl.string('username'),
          password: readSecret(sasl, 'password') ?? refuse(sasl.at('password'), 'a password', undefined),
        }
  sasl.end()
  return settings
}

function readBearer(sasl: OptionReader): SaslSettings {
  const token = readSecret(sasl, 'token')
  const provider = readProvider(sasl)
  if (token !== undefined && provider === undefined) return { mechanism: 'oauthbearer', token }
  if (provider !== undefined && token === undefined) return { mechanism: 'oauthbearer', provider }
  return refuse(sasl.at('token'), "a 'token' or a 'provider'", token === undefined ? 'none' : 'both')
}

/** A URL, since the module is loaded by another thread, which does not know who asked. */
function readProvider(sasl: OptionReader): string | undefined {
  const value = sasl.raw('provider')
  if (value === undefined) return undefined
  const at = sasl.at('provider')
  if (typeof value === 'function') {
    refuse(at, "a module's path, since a function cannot go to the worker thread", value)
  }
  if (!(value instanceof URL) && (typeof value !== 'string' || value === '')) {
    refuse(at, 'the path or URL of a module', value)
  }
  const text = String(value)
  const url = /^(file|data):/.test(text) ? text : pathToFileURL(resolve(text)).href
  if (url.startsWith('file:') && !existsSync(fileURLToPath(url))) refuse(at, 'a file that is there', text)
  return url
}

function readSecret(reader: OptionReader, key: string): string | undefined {
  const value = reader.raw(key)
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') refuseSecret(reader.at(key), 'a non-empty string', value)
  return value
}

function isOptions(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
