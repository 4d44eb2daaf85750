import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import { http, type HttpOptions } from '../../src/sinks/http.ts'
import { httpVerdict, retryAfter } from '../../src/sinks/http-verdict.ts'
import { makeRecord } from '../consume/make-record.ts'
import { freePort } from '../kafka/ports.ts'
import { startHttp, type Answering, type SeenRequest } from './http-server.ts'
import { write, writeAll, writeContext } from './write.ts'

const DONE = { retry: [], error: undefined, rejected: [] }

function records(count: number): ConsumedRecord[] {
  return Array.from({ length: count }, (_, n) => makeRecord({ n }, { offset: n }))
}

async function start(t: TestContext, answer: Answering, options: Partial<HttpOptions> = {}) {
  const server = await startHttp(t, answer)
  return { ...server, sink: http({ url: `${server.url}/logs?a=1`, ...options }) }
}

test('lines, an array, or text; compressed or not; with whatever headers', async (t) => {
  const options: Partial<HttpOptions>[] = [
    {},
    { format: 'json', method: 'PUT', auth: { bearer: 'token' } },
    { format: 'lines', gzip: true, headers: (some) => ({ 'idempotency-key': some[0]?.id ?? '' }) },
  ]
  const seen = await Promise.all(
    options.map(async (more): Promise<SeenRequest | undefined> => {
      const { sink, requests } = await start(t, () => ({ status: 204 }), more)
      assert.deepEqual(await write(sink, [makeRecord({ a: 'ü' }), makeRecord('text')]), DONE)
      return requests[0]
    }),
  )
  assert.deepEqual(
    seen.map((request) => [request?.method, request?.path, request?.headers['content-type'], request?.body]),
    [
      ['POST', '/logs?a=1', 'application/x-ndjson', '{"a":"ü"}\n{"message":"text"}\n'],
      ['PUT', '/logs?a=1', 'application/json', '[{"a":"ü"},{"message":"text"}]'],
      ['POST', '/logs?a=1', 'text/plain; charset=utf-8', '{"a":"ü"}\ntext\n'],
    ],
  )
  assert.equal(seen[1]?.headers.authorization, 'Bearer token')
  assert.equal(seen[2]?.headers['content-encoding'], 'gzip')
  assert.equal(seen[2].headers['idempotency-key'], 'logs-2-7')
})

test('what statuses mean', () => {
  const statuses = [200, 204, 301, 400, 401, 403, 404, 408, 413, 422, 429, 500, 503]
  assert.deepEqual(Object.fromEntries(statuses.map((status) => [status, httpVerdict(status)])), {
    200: 'done',
    204: 'done',
    301: 'retry',
    400: 'refused',
    401: 'retry',
    403: 'retry',
    404: 'retry',
    408: 'retry',
    413: 'refused',
    422: 'refused',
    429: 'retry',
    500: 'retry',
    503: 'retry',
  })
  const now = Date.parse('Sat, 21 Nov 2026 12:00:00 GMT')
  assert.equal(retryAfter('7', now), 7000)
  assert.equal(retryAfter('Sat, 21 Nov 2026 12:00:09 GMT', now), 9000)
  assert.equal(retryAfter('Sat, 21 Nov 2026 11:00:00 GMT', now), 0)
  assert.equal(retryAfter('soon', now), undefined)
  assert.equal(retryAfter(null, now), undefined)
})

test('of a request that is refused the records at fault are dead letters, the others arrive', async (t) => {
  const { sink, requests } = await start(
    t,
    ({ body }) => (body.includes('"n":5') ? { status: 422, body: 'n is\n 5' } : {}),
    { request: { records: 8 } },
  )
  const { retry, rejected } = await write(sink, records(10))
  assert.deepEqual(retry, [])
  assert.deepEqual(
    rejected.map(({ record, error }) => [record.get('n'), error.message]),
    [[5, 'the server answers 422 Unprocessable Entity: n is 5']],
  )
  const arrived = requests.filter(({ body }) => !body.includes('"n":5')).map(({ body }) => body)
  assert.deepEqual(
    arrived.join(''),
    records(10)
      .filter((_, n) => n !== 5)
      .map(({ text }) => `${text}\n`)
      .join(''),
  )
})

for (const [answer, message] of [
  [{ status: 503, body: '<h1>Bad Gateway</h1>' }, /^the server answers 503 .*: <h1>Bad Gateway<\/h1>$/],
  [{ status: 401 }, /^the server answers 401 Unauthorized$/],
  [{ status: 302, headers: { location: '/login' } }, /^the server answers 302 Found to \/login$/],
  [undefined, /^no answer within 200 ms$/],
] as const) {
  test(`nothing is lost where the answer is ${answer?.status ?? 'none'}`, async (t) => {
    const { sink, requests } = await start(t, (_, index) => (index === 0 ? answer : {}), { timeout: 200 })
    await assert.rejects(write(sink, records(2)), { code: 'SINK', retryable: true, message })
    assert.deepEqual(await writeAll(sink, records(2)), [])
    assert.equal(requests.length, 2)
  })
}

test('nobody listens', async () => {
  await assert.rejects(write(http({ url: `http://127.0.0.1:${await freePort()}` }), records(1)), {
    retryable: true,
    message: /ECONNREFUSED/,
  })
})

test('`Retry-After` is waited for, or the write fails without asking where it is long', async (t) => {
  const times: number[] = []
  const { sink } = await start(t, (_, index) => {
    times.push(Date.now())
    return index === 0 ? { status: 429, headers: { 'retry-after': '1' } } : {}
  })
  assert.deepEqual(await writeAll(sink, records(1)), [])
  assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 990, times.join())
  const long = await start(t, () => ({ status: 503, headers: { 'retry-after': '3600' } }))
  await assert.rejects(write(long.sink, records(1)), { message: /503/ })
  await assert.rejects(write(long.sink, records(1)), { retryable: true, message: /asked again in 3600 s/ })
  assert.equal(long.requests.length, 1)
})

test('a write that nobody waits for any more ends', async (t) => {
  const { sink } = await start(t, () => undefined)
  const stop = new AbortController()
  const pending = write(sink, records(1), writeContext(stop.signal))
  setImmediate(() => stop.abort())
  await assert.rejects(pending, { retryable: true })
})

test('an answer without end is not read to its end', async (t) => {
  const { sink } = await start(t, () => ({ status: 500, body: 'x'.repeat(50_000_000) }))
  await assert.rejects(write(sink, records(1)), ({ message }: Error) => message.length < 300)
})

for (const [options, message] of [
  [{}, /^url: /],
  [{ url: 'ftp://a' }, /^url: expected an http: or https: URL/],
  [{ url: 'http://me:secret@a' }, /^url: expected a URL without a login.*not shown$/],
  [{ url: 'http://a', method: 'GET' as never }, /^method: /],
  [{ url: 'http://a', headers: { a: 1 } as never }, /^headers: .*not shown$/],
  [{ url: 'http://a', request: { bites: 1 } as never }, /^request\.bites: no such option/],
] as const satisfies readonly [Partial<HttpOptions>, RegExp][]) {
  test(`refused: ${JSON.stringify(options)}`, () => {
    assert.throws(() => http(options as HttpOptions), { code: 'INVALID_OPTION', message })
  })
}
