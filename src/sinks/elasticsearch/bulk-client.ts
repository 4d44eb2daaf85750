import type { ConnectionOptions } from 'node:tls'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { LogflumeError, toError } from '../../errors.ts'
import { isObject } from '../../options.ts'
import { excerpt, reasonOf } from './bulk-answer.ts'

/**
 * What is used of a client: `@elastic/elasticsearch` 7, 8 and 9 and `@opensearch-project/opensearch` have it.
 */
export interface BulkClient {
  readonly transport: {
    // As a method, so that the stricter parameters of the clients fit.
    request(params: never, options?: never): PromiseLike<unknown>
  }
  close?(): unknown
}

export interface ClientOptions {
  readonly nodes: readonly string[]
  /** The header. */
  readonly authorization: string | undefined
  readonly tls: ConnectionOptions | undefined
}

interface Request {
  readonly method: 'POST' | 'PUT'
  readonly path: string
  readonly body?: object
  readonly bulkBody?: Buffer
  readonly querystring?: Readonly<Record<string, string>>
}

type Send = (params: Request, options: object) => PromiseLike<unknown> & { readonly abort?: () => unknown }

/** The client that works with Elasticsearch and OpenSearch, all versions. */
export const CLIENT_PACKAGE = '@opensearch-project/opensearch'

export async function makeClient({ nodes, authorization, tls }: ClientOptions): Promise<BulkClient> {
  const { Client } = await import('@opensearch-project/opensearch')
  return new Client({
    nodes: [...nodes],
    ...(authorization !== undefined && { headers: { authorization } }),
    ...(tls !== undefined && { ssl: tls }),
  })
}

/** Requests of one client, whichever it is. */
export class Requests {
  readonly #client: BulkClient
  readonly #timeout: number
  readonly #gzip: boolean

  constructor(client: BulkClient, { timeout, gzip }: { readonly timeout: number; readonly gzip: boolean }) {
    this.#client = client
    this.#timeout = timeout
    this.#gzip = gzip
  }

  /** Resolves with the parsed answer, whatever it may be. */
  async bulk(
    body: Buffer,
    querystring: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<unknown> {
    const level = { level: constants.Z_BEST_SPEED }
    const bulkBody = this.#gzip ? await promisify(gzip)(body, level) : body
    const headers = this.#gzip ? { 'content-encoding': 'gzip' } : {}
    return this.#request({ method: 'POST', path: '/_bulk', bulkBody, querystring }, headers, signal)
  }

  async put(path: string, body: object): Promise<void> {
    await this.#request({ method: 'PUT', path, body })
  }

  async #request(params: Request, headers: object = {}, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted()
    const { transport } = this.#client
    const send = transport.request.bind(transport) as unknown as Send
    // Whether and when it is tried again is the consumer's to decide. With `meta` all clients answer alike.
    const options = { maxRetries: 0, requestTimeout: this.#timeout, compression: false, meta: true, headers }
    const pending = send(params, signal === undefined ? options : { ...options, signal })
    // Elastic's clients from 8 on take the signal, the others have this.
    const abort = (): void => void pending.abort?.()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      const answer = await pending
      return isObject(answer) ? answer.body : answer
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }
}

/** The HTTP status of what a client threw; undefined where no answer came. */
export function statusOf(thrown: unknown): number | undefined {
  const status = isObject(thrown) ? thrown.statusCode : undefined
  return typeof status === 'number' && status > 0 ? status : undefined
}

/**
 * What a client threw, without the request that clients put into their errors. Retryable whatever it is: a
 * request that fails as a whole says nothing about any document.
 */
export function explainFailure(thrown: unknown): LogflumeError {
  if (thrown instanceof LogflumeError) return thrown
  const status = statusOf(thrown)
  const error = toError(thrown)
  const what = status === undefined ? `${error.name}: ${error.message}` : `${status} ${bodyReason(thrown)}`
  const hint =
    status === 401
      ? 'the server does not take the login: '
      : status === 403
        ? 'the login has no permission: '
        : ''
  return new LogflumeError('SINK', `${hint}${what.trim().slice(0, 500)}`, { retryable: true })
}

function bodyReason(thrown: unknown): string {
  const body = isObject(thrown) ? thrown.body : undefined
  const error = isObject(body) ? body.error : undefined
  if (isObject(error)) return reasonOf(error)
  return body === undefined || body === '' ? '' : excerpt(error ?? body)
}
