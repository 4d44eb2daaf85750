import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Decompressed. */
  readonly body: string
}

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON. */
  readonly body?: object | string
}

/** Answers as a test wants it; `undefined` never answers. */
export type Answering = (
  request: SeenRequest,
  index: number,
) => Answer | undefined | Promise<Answer | undefined>

/** A server that answers wrongly, slowly, partly: what real ones do too rarely for a test. */
export async function startHttp(
  t: TestContext,
  answer: Answering,
  tls?: ServerOptions,
): Promise<{ url: string; requests: SeenRequest[] }> {
  const requests: SeenRequest[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks = (await request.toArray()) as Buffer[]
    const raw = Buffer.concat(chunks)
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
    const { method = '', url = '', headers } = request
    const seen = { method, path: url, headers, body: body.toString() }
    requests.push(seen)
    const given = await answer(seen, requests.length - 1)
    if (given === undefined) return
    const { status = 200, body: said = '', headers: more = {} } = given
    const type = typeof said === 'string' ? 'text/plain' : 'application/json'
    response.writeHead(status, { 'content-type': type, ...more })
    response.end(typeof said === 'string' ? said : JSON.stringify(said))
  }
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void handle(request, response)
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener)
  server.listen(0, '127.0.0.1')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  const protocol = tls === undefined ? 'http' : 'https'
  return { url: `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}
