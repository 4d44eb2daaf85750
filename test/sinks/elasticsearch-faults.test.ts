import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import type { Sink } from '../../src/consume/sink.ts'
import { elasticsearch, type ElasticsearchOptions } from '../../src/sinks/elasticsearch.ts'
import { makeRecord } from '../consume/make-record.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'
import { Authority } from '../kafka/certificates.ts'
import { startHttp, type Answer, type Answering, type SeenRequest } from './http-server.ts'
import { openSink, write, writeAll, writeContext } from './write.ts'

const SECRET = 'what-nobody-may-read'

function records(count: number): ConsumedRecord[] {
  return Array.from({ length: count }, (_, n) =>
    makeRecord({ '@timestamp': '2026-11-21T12:00:00.000Z', n, SECRET }, { offset: n }),
  )
}

/** Items of the documents of a request, by number. */
function items({ body }: SeenRequest, status: (n: number) => number): Answer {
  const lines = body.trimEnd().split('\n')
  const documents = lines.filter((_, index) => index % 2 === 1)
  const numbers = documents.map((line) => (JSON.parse(line) as { n: number }).n)
  const error = (n: number) => ({ type: `type_${status(n)}`, reason: `reason ${n}` })
  const create = (n: number) => ({ status: status(n), ...(status(n) >= 300 && { error: error(n) }) })
  return { body: { errors: true, items: numbers.map((n) => ({ create: create(n) })) } }
}

async function start(t: TestContext, answer: Answering, options: Partial<ElasticsearchOptions> = {}) {
  const server = await startHttp(t, answer)
  const sink: Sink = await openSink(t, elasticsearch({ node: server.url, index: 'logs', ...options }))
  return { ...server, sink }
}

const offsets = (of: readonly ConsumedRecord[]): number[] => of.map(({ place }) => Number(place.offset))

test('each document has its own verdict, and only what may be taken later is written again', async (t) => {
  const statuses = [201, 429, 400, 409, 503, 200, 404, 401, 500, 413]
  let healed = false
  const { sink, requests } = await start(t, (request) =>
    items(request, (n) => (healed && (statuses[n] ?? 0) !== 400 ? 201 : (statuses[n] ?? 201))),
  )
  const outcome = await write(sink, records(statuses.length))
  assert.deepEqual(offsets(outcome.retry), [1, 4, 7, 8])
  assert.deepEqual(offsets(outcome.rejected.map(({ record }) => record)), [2, 6, 9])
  assert.equal(outcome.error?.message, '429 type_429: reason 1')
  assert.equal(outcome.rejected[0]?.error.message, '400 type_400: reason 2')
  healed = true
  assert.deepEqual(await writeAll(sink, outcome.retry), [])
  assert.deepEqual(requests[1]?.body.match(/"n":\d+/g), ['"n":1', '"n":4', '"n":7', '"n":8'])
})

const failures: Record<string, [Answer | undefined, RegExp]> = {
  'the login is wrong': [
    { status: 401, body: { error: { type: 'security_exception', reason: 'no such user' } } },
    /^the server does not take the login: 401 security_exception: no such user$/,
  ],
  'there is no permission': [{ status: 403, body: 'no' }, /^the login has no permission: 403 no$/],
  'the server has too much to do': [{ status: 429, body: '' }, /^429$/],
  'a proxy has no server': [
    { status: 503, headers: { 'content-type': 'text/html' }, body: '<h1>Bad\n Gateway</h1>' },
    /^503 <h1>Bad Gateway<\/h1>$/,
  ],
  'a proxy says 200 in HTML': [
    { headers: { 'content-type': 'text/html' }, body: '<h1>Welcome</h1>' },
    /is no answer to a bulk: <h1>Welcome/,
  ],
  'the answer is empty': [{ body: '' }, /is no answer to a bulk/],
  'the answer is half': [
    { headers: { 'content-type': 'application/json' }, body: '{"items":[{"create"' },
    /JSON/,
  ],
  'the answer has too few items': [
    { body: { errors: false, items: [{ create: { status: 201 } }] } },
    /has 1 items for 3 documents/,
  ],
  'an item has no status': [
    { body: { errors: false, items: [{ create: {} }, { create: { status: 201 } }, {}] } },
    /has an item without status/,
  ],
  'the answer does not come': [undefined, /^TimeoutError/],
}
for (const [name, [answer, message]] of Object.entries(failures)) {
  test(`nothing is lost where ${name}`, async (t) => {
    let attempts = 0
    const { sink } = await start(
      t,
      (request) => (++attempts === 1 ? answer : items(request, () => 201)),
      answer === undefined ? { timeout: 200 } : {},
    )
    await assert.rejects(write(sink, records(3)), (error: Error & { code?: string; retryable?: boolean }) => {
      assert.deepEqual([error.code, error.retryable], ['SINK', true])
      assert.match(error.message, message)
      assert.doesNotMatch(JSON.stringify(error) + String(error.stack), new RegExp(SECRET))
      assert.equal(error.cause, undefined, 'the request is in the errors of clients')
      return true
    })
    assert.deepEqual(await write(sink, records(3)), { retry: [], error: undefined, rejected: [] })
  })
}

test('nobody listens', async (t) => {
  const sink = await openSink(t, elasticsearch({ node: 'http://127.0.0.1:1' }))
  await assert.rejects(write(sink, records(1)), { retryable: true, message: /ECONNREFUSED/ })
})

test('a request that fails half way leaves what is done, and the rest comes again in order', async (t) => {
  const { sink, requests } = await start(
    t,
    (request, index) => (index === 1 ? { status: 503 } : items(request, (n) => (n === 1 ? 400 : 201))),
    { bulk: { records: 2 } },
  )
  const outcome = await write(sink, records(6))
  assert.equal(requests.length, 2)
  assert.deepEqual(offsets(outcome.retry), [2, 3, 4, 5])
  assert.deepEqual(offsets(outcome.rejected.map(({ record }) => record)), [1])
  assert.match(outcome.error?.message ?? '', /^503/)
})

test('a request that is too large is halved, and a document that is too large alone is a dead letter', async (t) => {
  const { sink, requests } = await start(t, (request) =>
    request.body.length > 400 ? { status: 413, body: 'too large' } : items(request, () => 201),
  )
  const large = makeRecord({ n: 99, text: 'x'.repeat(500) }, { offset: 99 })
  const outcome = await write(sink, [...records(7), large, ...records(3)])
  assert.deepEqual(outcome.retry, [])
  assert.deepEqual(offsets(outcome.rejected.map(({ record }) => record)), [99])
  assert.match(outcome.rejected[0]?.error.message ?? '', /^413 too large/)
  const taken = requests.filter(({ body }) => body.length <= 400)
  assert.deepEqual(
    taken.flatMap(({ body }) => [...body.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n))),
    [0, 1, 2, 3, 4, 5, 6, 0, 1, 2],
  )
})

test('bulks are cut by bytes and by count, and sent compressed', async (t) => {
  const { sink, requests } = await start(t, (request) => items(request, () => 201), {
    bulk: { bytes: 400, records: 3 },
  })
  const large = makeRecord({ '@timestamp': 0, n: 99, text: 'x'.repeat(500) }, { offset: 99 })
  await write(sink, [...records(7), large])
  assert.deepEqual(
    requests.map(({ body }) => body.trimEnd().split('\n').length / 2),
    [3, 3, 1, 1],
  )
  for (const { headers } of requests) assert.equal(headers['content-encoding'], 'gzip')
  const plain = await start(t, (request) => items(request, () => 201), { gzip: false })
  await write(plain.sink, records(1))
  assert.equal(plain.requests[0]?.headers['content-encoding'], undefined)
  const action = '{"create":{"_index":"logs","_id":"logs-2-0"}}'
  assert.equal(plain.requests[0]?.body, `${action}\n${records(1)[0]?.text}\n`)
})

test('who we are is said as the server wants it', async (t) => {
  const logins = [
    [{ username: 'me', password: 'a:b ü' }, `Basic ${Buffer.from('me:a:b ü').toString('base64')}`],
    [{ apiKey: 'id:key' }, `ApiKey ${Buffer.from('id:key').toString('base64')}`],
    [{ apiKey: 'aWQ6a2V5' }, 'ApiKey aWQ6a2V5'],
    [{ bearer: 'token' }, 'Bearer token'],
  ] as const
  for (const [auth, header] of logins) {
    const { sink, requests } = await start(t, (request) => items(request, () => 201), { auth })
    await write(sink, records(1))
    assert.equal(requests[0]?.headers.authorization, header)
  }
})

test('over TLS, with a certificate of ours, to the one that its authority knows', async (t) => {
  const authority = await Authority.create(await temporaryDirectory(t))
  const [{ cert, key }, mine] = await Promise.all([
    authority.sign('server', ['IP:127.0.0.1']),
    authority.sign('client', ['DNS:client']),
  ])
  const { ca } = authority
  const tls = { cert, key, ca, requestCert: true, rejectUnauthorized: true }
  const server = await startHttp(t, (request) => items(request, () => 201), tls)
  const put = async (own?: ConnectionOptions) => {
    const sink = await openSink(t, elasticsearch({ node: server.url, ...(own && { tls: own }) }))
    return write(sink, records(1))
  }
  assert.deepEqual((await put({ ca, cert: mine.cert, key: mine.key })).retry, [])
  await assert.rejects(put({ ca }), { retryable: true })
  await assert.rejects(put(), { retryable: true, message: /certificate/ })
  assert.equal(server.requests.length, 1)
})

test('a write that nobody waits for any more ends', async (t) => {
  const { sink } = await start(t, () => undefined)
  const stop = new AbortController()
  const pending = write(sink, records(1), writeContext(stop.signal))
  setImmediate(() => stop.abort())
  await assert.rejects(pending)
})

for (const [options, message] of [
  [{}, /^client: expected either a client or `node`/],
  [{ node: 'ftp://me:secret@host/x' }, /^node: expected http: or https: URLs, got "ftp:\/\/…@host/],
  [{ node: [] }, /^node: /],
  [{ client: {} as never }, /^client: expected a client of/],
  [{ node: 'http://a', index: 'Logs' }, /^index: expected a name in small letters/],
  [{ node: 'http://a', index: '-logs' }, /^index: /],
  [{ node: 'http://a', index: 'lo gs' }, /^index: /],
  [{ node: 'http://a', index: 'logs-{' }, /^index: /],
  [{ node: 'http://a', index: 'a', dataStream: 'b' }, /^dataStream: expected either/],
  [{ node: 'http://a', dataStream: 'b', op: 'index' }, /^op: expected 'create'/],
  [{ node: 'http://a', auth: 'secret' as never }, /^auth: expected .* type string, not shown$/],
  [{ node: 'http://a', auth: { bearer: 'secret\n' } }, /^auth.bearer: expected .* not shown$/],
  [{ node: 'http://a', bulk: { bytes: 0 } }, /^bulk.bytes: /],
  [{ node: 'http://a', batch: { time: 0 } }, /^batch.time: /],
  [{ node: 'http://a', indices: 'a' } as never, /^indices: no such option/],
] as const satisfies readonly [ElasticsearchOptions, RegExp][]) {
  test(`refused: ${JSON.stringify(options)}`, () => {
    assert.throws(() => elasticsearch(options), { code: 'INVALID_OPTION', message })
  })
}
