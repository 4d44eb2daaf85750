import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { ConsumedRecord } from '../consume/record.ts'
import type { BatchWish, Sink, WriteResult } from '../consume/sink.ts'
import { LogflumeError, toError } from '../errors.ts'
import { LONGEST_TIMER, OptionReader, refuse, refuseSecret } from '../options.ts'
import { readBatch } from './batch-wish.ts'
import { readLogin, type HttpLogin } from './http-login.ts'
import { httpVerdict, retryAfter } from './http-verdict.ts'
import { jsonLine } from './json-line.ts'
import { cutPieces, writePieces, type PieceLimits } from './pieces.ts'

type Headers = Readonly<Record<string, string>>

export interface HttpOptions {
  readonly url: string
  /** @default 'POST' */
  readonly method?: 'POST' | 'PUT' | 'PATCH'
  /** More headers, or a function that gives them for the records of a request. */
  readonly headers?: Headers | ((records: readonly ConsumedRecord[]) => Headers)
  readonly auth?: HttpLogin
  /**
   * `ndjson`: a JSON object in each line; `json`: an array of them; `lines`: the lines as they came.
   * @default 'ndjson'
   */
  readonly format?: 'ndjson' | 'json' | 'lines'
  /** Compress the requests. @default false */
  readonly gzip?: boolean
  /** How much goes into one request, before compression. @default { bytes: 1 MiB, records: 1000 } */
  readonly request?: { readonly bytes?: number; readonly records?: number }
  /** How much of a partition is gathered, over several fetches. @default what one fetch brought */
  readonly batch?: BatchWish
  /** Milliseconds that a request may take. @default 30_000 */
  readonly timeout?: number
  /** Partitions that are written at once. @default 1 */
  readonly concurrency?: number
  /** In place of Node's, as that of undici with a dispatcher of yours. @default fetch */
  readonly fetch?: typeof fetch
}

interface Settings {
  readonly url: string
  readonly method: string
  readonly headers: Headers | ((records: readonly ConsumedRecord[]) => Headers)
  readonly authorization: string | undefined
  readonly format: keyof typeof FORMATS
  readonly isCompressed: boolean
  readonly limits: PieceLimits
  readonly timeout: number
  readonly fetch: typeof fetch
}

interface Entry {
  readonly record: ConsumedRecord
  readonly bytes: Buffer
}

const FORMATS = {
  ndjson: { type: 'application/x-ndjson', start: '', between: '\n', end: '\n' },
  json: { type: 'application/json', start: '[', between: ',', end: ']' },
  lines: { type: 'text/plain; charset=utf-8', start: '', between: '\n', end: '\n' },
} as const

/** Milliseconds that a write waits because the server asked for it; where it asked for more, the write fails. */
const LONGEST_WAIT = 30_000
/** Bytes of an answer that are read, for its message. */
const MAX_ANSWER = 64 * 1024

/**
 * Sends records to a URL. 2xx is done; 408, 429, 5xx, and what is about the URL or the login (401, 403, 404,
 * 405, 407, a redirect), is tried again, not before `Retry-After`; with any other 4xx the request is halved
 * until the records that are at fault are alone: dead letters.
 */
export function http(options: HttpOptions): Sink {
  const reader = new OptionReader('options', options)
  const request = reader.section('request')
  const sender = new HttpSender({
    url: readUrl(reader),
    method: reader.oneOf('method', ['POST', 'PUT', 'PATCH'], 'POST'),
    headers: readHeaders(reader),
    authorization: readLogin(reader, 'auth'),
    format: reader.oneOf('format', ['ndjson', 'json', 'lines'], 'ndjson'),
    isCompressed: reader.boolean('gzip', false),
    limits: {
      bytes: request.integer('bytes', 1024 * 1024, { min: 1 }),
      records: request.integer('records', 1000, { min: 1 }),
    },
    timeout: reader.integer('timeout', 30_000, { min: 1, max: LONGEST_TIMER }),
    fetch: reader.function('fetch', fetch),
  })
  request.end()
  const batch = readBatch(reader)
  const concurrency = reader.integer('concurrency', 1, { min: 1 })
  reader.end()
  return {
    name: 'http',
    concurrency,
    ...batch,
    write: (records, { signal }) => sender.write(records, signal),
  }
}

class HttpSender {
  readonly #settings: Settings
  /** Milliseconds since 1970 before which the server does not want to hear of us. */
  #notBefore = 0

  constructor(settings: Settings) {
    this.#settings = settings
  }

  write(records: readonly ConsumedRecord[], signal: AbortSignal): Promise<WriteResult | undefined> {
    const { format, limits } = this.#settings
    const toBytes = (record: ConsumedRecord): Buffer => (format === 'lines' ? record.bytes : jsonLine(record))
    const entries = records.map((record) => ({ record, bytes: toBytes(record) }))
    const pieces = cutPieces(entries, ({ bytes }) => bytes.length + 1, limits)
    return writePieces(pieces, (piece) => this.#send(piece, signal))
  }

  async #send(piece: readonly Entry[], signal: AbortSignal): Promise<undefined> {
    await this.#wait(signal)
    const response = await this.#request(piece, signal)
    const said = await excerpt(response).catch(() => '')
    const { status, headers } = response
    const verdict = httpVerdict(status)
    if (verdict === 'done') return
    const asked = retryAfter(headers.get('retry-after'), Date.now())
    if (asked !== undefined) this.#notBefore = Date.now() + asked
    const to = status >= 300 && status < 400 ? ` to ${headers.get('location') ?? 'nowhere'}` : ''
    const message = `the server answers ${status} ${response.statusText}${to}${said === '' ? '' : `: ${said}`}`
    throw new LogflumeError('SINK', message, { retryable: verdict === 'retry' })
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const left = this.#notBefore - Date.now()
    if (left > LONGEST_WAIT)
      throw new Error(`the server wants to be asked again in ${Math.ceil(left / 1000)} s`)
    if (left > 0) await sleep(left, undefined, { signal })
  }

  async #request(piece: readonly Entry[], signal: AbortSignal): Promise<Response> {
    const { url, method, headers, authorization, format, isCompressed, timeout } = this.#settings
    const body = toBody(piece, format)
    const own = typeof headers === 'function' ? headers(piece.map(({ record }) => record)) : headers
    const late = AbortSignal.timeout(timeout)
    try {
      return await this.#settings.fetch(url, {
        method,
        headers: {
          'content-type': FORMATS[format].type,
          ...(isCompressed && { 'content-encoding': 'gzip' }),
          ...(authorization !== undefined && { authorization }),
          ...own,
        },
        body: isCompressed ? await promisify(gzip)(body) : body,
        // Followed, a POST may become a GET, and what it carried is gone.
        redirect: 'manual',
        signal: AbortSignal.any([signal, late]),
      })
    } catch (thrown) {
      if (late.aborted && !signal.aborted) throw new Error(`no answer within ${timeout} ms`)
      const { message, cause } = toError(thrown)
      throw new Error(cause === undefined ? message : `${message}: ${toError(cause).message}`)
    }
  }
}

function toBody(piece: readonly Entry[], format: keyof typeof FORMATS): Buffer {
  const { start, between, end } = FORMATS[format]
  const separator = Buffer.from(between)
  const parts = piece.flatMap(({ bytes }, index) => (index === 0 ? [bytes] : [separator, bytes]))
  return Buffer.concat([Buffer.from(start), ...parts, Buffer.from(end)])
}

/** Read to its end where that is near, so that the connection serves again. */
async function excerpt({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MAX_ANSWER) break
  }
  return Buffer.concat(chunks).toString().replace(/\s+/g, ' ').trim().slice(0, 200)
}

function readUrl(reader: OptionReader): string {
  const url = reader.string('url')
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) refuse('url', 'an http: or https: URL', url)
  if (parsed.username !== '' || parsed.password !== '')
    refuseSecret('url', 'a URL without a login, which goes into `auth`', url)
  return url
}

function readHeaders(reader: OptionReader): Settings['headers'] {
  const headers = reader.raw('headers') ?? {}
  if (typeof headers === 'function') return headers as Extract<Settings['headers'], () => unknown>
  if (typeof headers !== 'object' || Object.values(headers).some((value) => typeof value !== 'string'))
    refuseSecret('headers', 'an object of strings, or a function', headers)
  return headers as Headers
}
