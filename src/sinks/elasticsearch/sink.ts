import type { ConnectionOptions } from 'node:tls'
import type { ConsumedRecord } from '../../consume/record.ts'
import type { BatchWish, Sink } from '../../consume/sink.ts'
import { LogflumeError } from '../../errors.ts'
import { isObject, LONGEST_TIMER, OptionReader, refuse } from '../../options.ts'
import { needPeer } from '../../peer.ts'
import { readBatch } from '../batch-wish.ts'
import { readLogin, type HttpLogin } from '../http-login.ts'
import {
  CLIENT_PACKAGE,
  explainFailure,
  makeClient,
  Requests,
  statusOf,
  type BulkClient,
} from './bulk-client.ts'
import { BulkWriter } from './bulk-writer.ts'
import { IndexName } from './index-name.ts'

export interface IndexTemplate {
  readonly name: string
  /** As `PUT /_index_template/{name}` takes it; `{ index_patterns, data_stream: {}, ... }` for a data stream. */
  readonly body: object
}

export interface ElasticsearchOptions {
  /**
   * A client of yours: of `@elastic/elasticsearch` 7, 8 or 9, or of `@opensearch-project/opensearch`. It is
   * not closed. In its place `node`, for which `@opensearch-project/opensearch` has to be installed.
   */
  readonly client?: BulkClient
  /** URL of a node, or of several. */
  readonly node?: string | readonly string[]
  readonly auth?: HttpLogin
  /** For `https:`; as Node's `tls.connect` takes it: `ca`, `cert`, `key`, `rejectUnauthorized`. */
  readonly tls?: ConnectionOptions
  /**
   * The index a record goes to; fields, and dates in UTC made of YYYY, MM, DD and HH, in braces. In a value
   * `::` becomes `.`, capitals become small, what no index may have becomes `_`. Or `dataStream`.
   * @default 'logs-{YYYY.MM.DD}'
   */
  readonly index?: string
  /** The data stream a record goes to; as `index`. It needs an index template that says so. */
  readonly dataStream?: string
  /** `create` leaves a document alone whose id is there, `index` replaces it. @default 'create' */
  readonly op?: 'create' | 'index'
  /** The document's id. @default record.id: topic, partition and offset, so that a replay changes nothing */
  readonly id?: (record: ConsumedRecord) => string
  /** An ingest pipeline of the server. */
  readonly pipeline?: string
  /** Put before the first write. */
  readonly template?: IndexTemplate
  /** How much goes into one request, before compression. @default { bytes: 5 MiB, records: 5000 } */
  readonly bulk?: { readonly bytes?: number; readonly records?: number }
  /** How much of a partition is gathered, over several fetches. @default what one fetch brought */
  readonly batch?: BatchWish
  /** Compress the requests. @default true */
  readonly gzip?: boolean
  /** Milliseconds that a request may take. @default 60_000 */
  readonly timeout?: number
  /** Partitions that are written at once. @default 2 */
  readonly concurrency?: number
}

/**
 * Writes records to Elasticsearch or OpenSearch, in bulks. Each document has its own verdict: what is there
 * (2xx, 409) is done, what the cluster cannot take now (429, 5xx) is written again alone, what it will never
 * take (400) is a dead letter with the server's reason. A request that fails as a whole is made again.
 */
export function elasticsearch(options: ElasticsearchOptions): Sink {
  const reader = new OptionReader('options', options)
  const connect = readClient(reader)
  const stream = reader.has('dataStream')
  if (stream && reader.has('index'))
    refuse('dataStream', 'either `index` or `dataStream`', options.dataStream)
  const key = stream ? 'dataStream' : 'index'
  const op = reader.oneOf('op', ['create', 'index'], 'create')
  if (stream && op === 'index') refuse('op', "'create', since a data stream takes nothing else", op)
  const bulk = reader.section('bulk')
  const settings = {
    name: new IndexName(key, reader.string(key, 'logs-{YYYY.MM.DD}')),
    op,
    id: reader.function<(record: ConsumedRecord) => string>('id', ({ id }) => id),
    pipeline: reader.has('pipeline') ? reader.string('pipeline') : undefined,
    limits: {
      bytes: bulk.integer('bytes', 5 * 1024 * 1024, { min: 1 }),
      records: bulk.integer('records', 5000, { min: 1 }),
    },
  }
  bulk.end()
  const template = readTemplate(reader)
  const batch = readBatch(reader)
  const gzip = reader.boolean('gzip', true)
  const timeout = reader.integer('timeout', 60_000, { min: 1, max: LONGEST_TIMER })
  const concurrency = reader.integer('concurrency', 2, { min: 1 })
  reader.end()

  let opened: { readonly client: BulkClient; readonly writer: BulkWriter } | undefined
  return {
    name: 'elasticsearch',
    concurrency,
    ...batch,
    async open() {
      const client = opened?.client ?? (await connect())
      const requests = new Requests(client, { timeout, gzip })
      opened = { client, writer: new BulkWriter(settings, requests) }
      if (template !== undefined) await install(requests, template)
    },
    async write(records, { signal }) {
      if (opened === undefined) throw new LogflumeError('CLOSED', 'the sink is not open')
      return opened.writer.write(records, signal)
    },
    async close() {
      const client = opened?.client
      opened = undefined
      if (client !== undefined && client !== options.client) await client.close?.()
    },
  }
}

function readClient(reader: OptionReader): () => Promise<BulkClient> {
  const client = reader.raw('client')
  const nodes = readNodes(reader)
  const authorization = readLogin(reader, 'auth')
  const tls = readTls(reader)
  if ((client === undefined) === (nodes === undefined))
    refuse('client', 'either a client or `node`', client === undefined ? undefined : 'both')
  if (nodes !== undefined) {
    needPeer(CLIENT_PACKAGE, 'node', nodes)
    return () => makeClient({ nodes, authorization, tls })
  }
  if (!isBulkClient(client))
    refuse('client', 'a client of @elastic/elasticsearch or @opensearch-project/opensearch', typeof client)
  if (authorization !== undefined || tls !== undefined)
    refuse(authorization === undefined ? 'tls' : 'auth', 'nothing, since the client has its own', 'a value')
  return () => Promise.resolve(client)
}

function isBulkClient(value: unknown): value is BulkClient {
  return isObject(value) && isObject(value.transport) && typeof value.transport.request === 'function'
}

function readTls(reader: OptionReader): ConnectionOptions | undefined {
  const tls = reader.raw('tls')
  if (tls !== undefined && !isObject(tls)) refuse('tls', "an object, as Node's tls.connect takes it", tls)
  return tls
}

function readNodes(reader: OptionReader): readonly string[] | undefined {
  const value = reader.raw('node')
  if (value === undefined) return undefined
  const nodes = typeof value === 'string' ? [value] : reader.strings('node')
  for (const node of nodes)
    if (!/^https?:$/.test(URL.canParse(node) ? new URL(node).protocol : ''))
      refuse('node', 'http: or https: URLs', node.replace(/\/\/[^/]*@/, '//…@'))
  return nodes
}

function readTemplate(reader: OptionReader): IndexTemplate | undefined {
  if (!reader.has('template')) return undefined
  const template = reader.section('template')
  const name = template.string('name')
  const body = template.raw('body')
  template.end()
  if (typeof body !== 'object' || body === null) refuse('template.body', 'an object', body)
  return { name, body }
}

/** A template that the server refuses will not be taken later either. */
async function install(requests: Requests, { name, body }: IndexTemplate): Promise<void> {
  try {
    await requests.put(`/_index_template/${encodeURIComponent(name)}`, body)
  } catch (thrown) {
    const { message } = explainFailure(thrown)
    const retryable = statusOf(thrown) !== 400
    throw new LogflumeError('SINK', `index template ${name}: ${message}`, { retryable })
  }
}
