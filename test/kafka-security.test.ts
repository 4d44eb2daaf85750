import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { LogflumeError } from '../src/errors.ts'
import { readSecurity } from '../src/kafka-security.ts'
import { OptionReader } from '../src/options.ts'
import { Authority } from './kafka/certificates.ts'
import type { Certificate } from './kafka/certificates.ts'

let folder: string
let authority: Authority
let client: Certificate
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logflume-security-'))
  authority = await Authority.create(folder)
  client = await authority.sign('client', ['DNS:client'])
})
after(() => rm(folder, { recursive: true, force: true }))

const read = (options: object) => {
  const reader = new OptionReader('kafka', options)
  const settings = readSecurity(reader)
  reader.end()
  return settings
}

function message(options: object): string {
  try {
    read(options)
  } catch (error) {
    assert.ok(error instanceof LogflumeError)
    assert.equal(error.code, 'INVALID_OPTION')
    return error.message
  }
  assert.fail('it was taken')
}

test('what is read may be copied to another thread and is the same there', () => {
  const { ca } = authority
  const { cert, key } = client
  const tls = { ca: Buffer.from(ca), cert: Buffer.from(cert), key, servername: 'broker' }
  const sasl = { mechanism: 'scram-sha-512', username: 'alice', password: 'secret' }
  const settings = read({ tls, sasl })
  assert.deepEqual(settings, {
    tls: { ca: [ca], cert, key, servername: 'broker', rejectUnauthorized: true },
    sasl,
  })
  assert.deepEqual(structuredClone(settings), settings)
  assert.deepEqual(read({ tls: true }).tls, { rejectUnauthorized: true })
  for (const options of [{}, { tls: false }])
    assert.deepEqual(read(options), { tls: undefined, sasl: undefined })
})

test('a PEM that is none is told by name, without showing a key', async () => {
  const { ca } = authority
  const { cert, key } = client
  const pem = 'certificates in PEM'
  assert.match(
    message({ tls: { ca: './ca.pem' } }),
    new RegExp(`^kafka\\.tls\\.ca: expected ${pem}, the content of the file, got "\\./ca\\.pem"`),
  )
  assert.match(
    message({ tls: { ca: [ca, ca.replace(/\n[A-Za-z0-9+/]{9}/, '\nxxxxxxxxx')] } }),
    /^kafka\.tls\.ca: .* cannot be read/,
  )
  assert.match(message({ tls: { ca: [] } }), /^kafka\.tls\.ca: expected a certificate at least/)
  assert.match(message({ tls: { ca: 7 } }), /^kafka\.tls\.ca: expected PEM as a string or Buffer/)
  assert.match(message({ tls: { cert: 'x', key } }), /^kafka\.tls\.cert: /)
  assert.match(message({ tls: { cert, key: 'my key' } }), /^kafka\.tls\.key: expected a private key in PEM/)
  assert.match(message({ tls: { cert } }), /^kafka\.tls: expected 'cert' and 'key', both or none/)
  const other = await authority.sign('other', ['DNS:other'])
  assert.match(
    message({ tls: { cert, key: other.key } }),
    /^kafka\.tls: expected a 'key' that .* belongs to 'cert', got .*mismatch/,
  )
  const swapped = [
    { ca: key },
    { cert: key, key: cert },
    { cert, key: `${key.slice(0, 60)}-----END PRIVATE KEY-----` },
  ]
  for (const tls of swapped) assert.ok(!message({ tls }).includes(key.split('\n')[1]!.slice(0, 20)))
})

test('a login that is incomplete is told by name, without showing a password', () => {
  const login = { mechanism: 'plain', username: 'alice', password: 'secret' }
  assert.match(
    message({ sasl: { ...login, mechanism: 'gssapi' } }),
    /^kafka\.sasl\.mechanism: expected one of plain/,
  )
  assert.match(
    message({ sasl: { ...login, password: undefined } }),
    /^kafka\.sasl\.password: expected a password/,
  )
  assert.match(message({ sasl: { ...login, username: '' } }), /^kafka\.sasl\.username: /)
  assert.match(message({ sasl: { ...login, realm: 'x' } }), /^kafka\.sasl\.realm: no such option/)
  const numeric = message({ sasl: { ...login, password: 123_456 } })
  assert.equal(
    numeric,
    'kafka.sasl.password: expected a non-empty string, got a value of type number, not shown',
  )
  assert.ok(!message({ sasl: 'alice:secret' }).includes('secret'))
})

test('a token, or a module that is there', async () => {
  const oauthbearer = (options: object) => read({ sasl: { mechanism: 'oauthbearer', ...options } }).sasl
  const refused = (options: object) => message({ sasl: { mechanism: 'oauthbearer', ...options } })
  const provider = join(folder, 'token.mjs')
  await writeFile(provider, 'export default async () => ({ value: "token" })')
  const mechanism = 'oauthbearer'
  const url = pathToFileURL(provider)
  assert.deepEqual(oauthbearer({ token: 'x' }), { mechanism, token: 'x' })
  assert.deepEqual(oauthbearer({ provider }), { mechanism, provider: url.href })
  assert.deepEqual(oauthbearer({ provider: url }), { mechanism, provider: url.href })
  assert.match(refused({}), /^kafka\.sasl\.token: expected a 'token' or a 'provider', got "none"/)
  assert.match(refused({ token: 'x', provider }), /got "both"/)
  assert.match(
    refused({ provider: './not-there.js' }),
    /^kafka\.sasl\.provider: expected a file that is there/,
  )
  assert.match(refused({ provider: () => 'x' }), /cannot go to the worker thread/)
})
