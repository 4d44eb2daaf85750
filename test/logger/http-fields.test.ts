import express from 'express'
import fastify from 'fastify'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  createServer,
  get,
  request as openRequest,
  type IncomingMessage,
  type RequestListener,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { requestFields, responseFields } from '../../src/logger/http-fields.ts'
import { capture } from './capture.ts'

const headers = {
  'user-agent': 'test/1',
  referer: 'http://127.0.0.1/before',
  authorization: 'Bearer secret',
  cookie: 'secret',
}

/** Serves with it, on a port of its own. */
async function serve(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Gets `/orders?id=17` with the headers, and the answer to its end. */
async function ask(port: number): Promise<IncomingMessage> {
  const asked = get({ port, host: '127.0.0.1', path: '/orders?id=17', headers, agent: false })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  return response
}

const asked = {
  'http.request.method': 'GET',
  'http.version': '1.1',
  'url.path': '/orders',
  'url.query': 'id=17',
  'url.domain': '127.0.0.1',
  'client.address': '127.0.0.1',
  'user_agent.original': 'test/1',
  'http.request.referrer': 'http://127.0.0.1/before',
}

/** Without what differs from run to run, and what a line has besides. */
function httpOf(line: object): object {
  const entries = Object.entries(line).filter(([key]) => /^(http|url|client|user_agent)\./.test(key))
  const { 'client.port': port, ...fields } = Object.fromEntries(entries) as Record<string, unknown>
  assert.ok(port === undefined || typeof port === 'number')
  return fields
}

test("Node's request and response become fields of ECS, without other headers", async (t) => {
  const { log, lines, last } = capture()
  const port = await serve(t, (req, res) => {
    log.info('before', { req, res, n: 1 })
    assert.equal(last()['http.response.status_code'], null)
    res.setHeader('content-length', 2).writeHead(404).end('no')
    log.child({ req }).info({ res }, 'm')
  })
  const response = await ask(port)
  const status = { 'http.response.status_code': 404, 'http.response.body.bytes': 2 }
  assert.deepEqual(httpOf(last()), { ...asked, ...status })
  assert.ok(!('req' in last()) && !('res' in last()))
  assert.doesNotMatch(lines.join(), /secret/)

  log.info('m', { response })
  assert.deepEqual(httpOf(last()), status)
})

test('a request to somebody else has no client', async (t) => {
  const port = await serve(t, (_, res) => res.end())
  const request = openRequest({ port, host: '127.0.0.1', path: '/a?b=c', method: 'POST' })
  request.end()
  await once(request, 'response')
  const { log, last } = capture()
  log.info('m', { request })
  assert.deepEqual(httpOf(last()), {
    'http.request.method': 'POST',
    'url.path': '/a',
    'url.query': 'b=c',
    'url.domain': '127.0.0.1',
  })
  request.destroy()
})

test("Express's", async (t) => {
  const { log, last } = capture()
  const app = express().use('/orders', (req, res) => {
    res.json({})
    log.info({ req, res }, 'm')
  })
  await ask(await serve(t, app))
  assert.deepEqual(httpOf(last()), {
    ...asked,
    'http.response.status_code': 200,
    'http.response.body.bytes': 2,
  })
})

test("Fastify's", async (t) => {
  const { log, last } = capture()
  const app = fastify()
  t.after(() => app.close())
  app.get('/orders', () => ({}))
  app.addHook('onResponse', (req, reply, done) => {
    log.info({ req, reply }, 'm')
    done()
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  await ask((app.server.address() as AddressInfo).port)
  const { 'http.request.id': id, ...fields } = httpOf(last()) as Record<string, unknown>
  assert.equal(id, 'req-1')
  assert.deepEqual(fields, { ...asked, 'http.response.status_code': 200, 'http.response.body.bytes': 2 })
})

test("fetch's", () => {
  const request = new Request('https://example.org:8443/a/b?c=d', { headers: { 'user-agent': 'x' } })
  assert.deepEqual(requestFields(request), {
    'http.request.method': 'GET',
    'url.path': '/a/b',
    'url.query': 'c=d',
    'url.domain': 'example.org',
    'user_agent.original': 'x',
  })
  const { log, last } = capture()
  log.info('m', { response: new Response('a', { status: 201, headers: { 'content-length': '1' } }) })
  assert.deepEqual(httpOf(last()), { 'http.response.status_code': 201, 'http.response.body.bytes': 1 })
})

test('what is none stays what it is, and what throws harms nobody', () => {
  const { log, last } = capture()
  const own = { method: 'GET', url: '/', headers: { a: 1 } }
  log.info('m', { req: own, res: 'text', request: [1], reply: null, response: new Date(0) })
  const { req, res, request, reply, response } = last()
  assert.deepEqual([req, res, request, reply, response], [own, 'text', [1], null, '1970-01-01T00:00:00.000Z'])

  class Bad {
    method = 'GET'
    url = '/a?'
    get headers(): never {
      throw new Error('no')
    }
    get ip(): never {
      throw new Error('no')
    }
  }
  log.info('m', { req: new Bad() })
  assert.deepEqual(httpOf(last()), {
    'http.request.method': 'GET',
    'url.path': '/a',
    'client.address': '[Throws: no]',
  })
  const proxy = new Proxy(new Bad(), {
    getPrototypeOf() {
      throw new Error('no')
    },
  })
  log.info('m', { req: proxy })
  assert.equal(last().message, 'm')
  assert.deepEqual(requestFields({}), {})
  assert.deepEqual(responseFields({}), {})
})

test('serialisers make of a field what stands in the line', () => {
  const { log, last } = capture({
    serializers: {
      user: ({ id }: { id: number }) => id,
      req: ({ url }: { url: string }) => ({ url, token: 'secret' }),
      res: false,
      bad: () => {
        throw new Error('no')
      },
      none: () => undefined,
      err: (error: Error) => ({ was: error.message }),
      error: (error: Error) => new TypeError(`no ${error.message}`),
    },
    redact: ['req.token'],
  })
  class Message {
    method = 'GET'
    url = '/'
    statusCode = 200
  }
  log
    .child({ user: { id: 1, name: 'ada' } })
    .info('m', { req: new Message(), res: new Message(), bad: 1, none: 1 })
  const { user, req, res, bad } = last()
  assert.deepEqual(
    [user, req, res],
    [1, { url: '/', token: '[Redacted]' }, { method: 'GET', url: '/', statusCode: 200 }],
  )
  assert.deepEqual([bad, 'none' in last()], ['[Throws: no]', false])

  log.info('m', { err: new Error('one') })
  assert.deepEqual([last().err, 'error.message' in last()], [{ was: 'one' }, false])
  log.error(new Error('two'))
  assert.deepEqual([last().err, last().message], [{ was: 'two' }, 'two'])
  log.info('m', { error: new Error('three') })
  assert.deepEqual([last()['error.type'], last()['error.message']], ['TypeError', 'no three'])
})

test('serialisers that are none are refused', () => {
  const refused = (serializers: unknown, message: RegExp): void =>
    assert.throws(() => capture({ serializers: serializers as Record<string, false> }), {
      code: 'INVALID_OPTION',
      message,
    })
  refused({ user: 'id' }, /^serializers\.user: expected a function, or false, got "id"/)
  refused({ user: true }, /^serializers\.user: expected a function, or false, got true/)
  refused([], /^serializers: expected an object of functions by names of fields/)
})
