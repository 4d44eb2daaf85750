import type { S3ClientConfig } from '@aws-sdk/client-s3'
import type { BatchWish, Sink } from '../../consume/sink.ts'
import { LogflumeError } from '../../errors.ts'
import { LONGEST_TIMER, OptionReader, refuse, refuseSecret } from '../../options.ts'
import { needPeer } from '../../peer.ts'
import { readBatch } from '../batch-wish.ts'
import { objectBody } from './object-body.ts'
import { isTooLong, ObjectKeys, type ObjectContent } from './object-key.ts'
import { ObjectStore, type ObjectClient, type StoreSettings } from './object-store.ts'

const PACKAGE = '@aws-sdk/client-s3'
const MIB = 1024 * 1024
/** S3's, for all parts but the last one. */
const LEAST_PART = 5 * MIB

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface S3Options {
  readonly bucket: string
  /**
   * The object's key; fields, and dates in UTC made of YYYY, MM, DD and HH, in braces. It has to have
   * `{kafka.topic}`, `{kafka.partition}` and `{kafka.offset}`, the place of the object's first record. Values
   * are written as in the paths of `dailyFiles`. Records whose dates or fields differ go to different objects.
   * @default '{kafka.topic}/{YYYY}/{MM}/{DD}/{HH}/{kafka.partition}-{kafka.offset}.ndjson.gz'
   */
  readonly key?: string
  /** An `S3Client` of yours, which is not destroyed; in its place the options below, all of which AWS finds itself. */
  readonly client?: ObjectClient
  readonly region?: string
  /** Of a server that is not AWS. */
  readonly endpoint?: string
  readonly credentials?: S3Credentials | (() => Promise<S3Credentials>)
  /** The bucket in the path and not in the host's name, as most other servers want it. @default whether there is an `endpoint` */
  readonly forcePathStyle?: boolean
  /** Each line a JSON object, or the lines as they came. @default 'ndjson' */
  readonly format?: 'ndjson' | 'lines'
  /** @default 'gzip' */
  readonly compression?: 'gzip' | 'none'
  /** How much of a partition becomes one object. @default { bytes: 8 MiB, records: 100_000, time: 60_000 } */
  readonly batch?: BatchWish
  /** Bytes above which an object goes in parts, and of a part. @default { above: 64 MiB, part: 16 MiB } */
  readonly multipart?: { readonly above?: number; readonly part?: number }
  /**
   * Ask the server to refuse an object whose key is taken, for servers that can. One that is there with the
   * same records is done; with others, after a crash, it is replaced. @default false
   */
  readonly ifNoneMatch?: boolean
  /** As in 'STANDARD_IA'. @default the bucket's */
  readonly storageClass?: string
  /** Encryption on the server, as in 'AES256' or 'aws:kms'. @default the bucket's */
  readonly sse?: string
  /** For 'aws:kms'. @default the account's */
  readonly kmsKeyId?: string
  readonly tags?: Readonly<Record<string, string>>
  /** Milliseconds that a request may take. @default 60_000 */
  readonly timeout?: number
  /** Partitions that are written at once. @default 4 */
  readonly concurrency?: number
}

/**
 * Writes records to S3 as objects of lines. An object's key has the place of its first record, and so the
 * objects of a replay are put in the place of those that are there: each record is in the bucket once.
 */
export function s3(options: S3Options): Sink {
  const reader = new OptionReader('options', options)
  const connect = readClient(reader)
  const format = {
    format: reader.oneOf('format', ['ndjson', 'lines'], 'ndjson'),
    compression: reader.oneOf('compression', ['gzip', 'none'], 'gzip'),
  }
  const file = `{kafka.partition}-{kafka.offset}.ndjson${format.compression === 'gzip' ? '.gz' : ''}`
  const keys = new ObjectKeys('key', reader.string('key', `{kafka.topic}/{YYYY}/{MM}/{DD}/{HH}/${file}`))
  const settings = readSettings(reader)
  const batch = readBatch(reader, { bytes: 8 * MIB, records: 100_000, time: 60_000 })
  const concurrency = reader.integer('concurrency', 4, { min: 1 })
  reader.end()

  let opened: { readonly client: ObjectClient; readonly store: ObjectStore } | undefined
  return {
    name: 's3',
    concurrency,
    ...batch,
    async open() {
      const aws = await import('@aws-sdk/client-s3')
      const client = connect((config) => new aws.S3Client(config))
      opened = { client, store: new ObjectStore(aws, client, settings) }
    },
    async write(records, { signal }) {
      if (opened === undefined) throw new LogflumeError('CLOSED', 'the sink is not open')
      const { store } = opened
      const contents = keys.split(records)
      for (const content of contents.filter(({ key }) => !isTooLong(key))) {
        const body = await objectBody(content.records, format)
        await store.put({ key: content.key, body, metadata: describe(content) }, signal)
      }
      const tooLong = contents.filter(({ key }) => isTooLong(key))
      if (tooLong.length === 0) return undefined
      const error = new LogflumeError('SINK', 'the key of its object has more than 1024 bytes')
      return { rejected: tooLong.flatMap((content) => content.records.map((record) => ({ record, error }))) }
    },
    close() {
      const client = opened?.client
      opened = undefined
      if (client !== options.client) client?.destroy?.()
    },
  }
}

function describe({ records }: ObjectContent): Readonly<Record<string, string>> {
  return {
    records: String(records.length),
    'first-offset': records[0]?.place.offset ?? '',
    'last-offset': records.at(-1)?.place.offset ?? '',
  }
}

function readClient(reader: OptionReader): (make: (config: S3ClientConfig) => ObjectClient) => ObjectClient {
  const client = reader.raw('client')
  const own = ['region', 'endpoint', 'credentials', 'forcePathStyle'].filter((key) => reader.has(key))
  if (client !== undefined) {
    if (!isClient(client)) refuse('client', `an S3Client of ${PACKAGE}`, typeof client)
    if (own[0] !== undefined) refuse(own[0], 'nothing, since the client has its own', 'a value')
    return () => client
  }
  needPeer(PACKAGE, 'client', client)
  const endpoint = reader.has('endpoint') ? reader.string('endpoint') : undefined
  if (endpoint !== undefined && !URL.canParse(endpoint)) refuse('endpoint', 'a URL', endpoint)
  const config: S3ClientConfig = {
    ...(reader.has('region') ? { region: reader.string('region') } : endpoint && { region: 'us-east-1' }),
    ...(endpoint !== undefined && { endpoint }),
    ...readCredentials(reader),
    forcePathStyle: reader.boolean('forcePathStyle', endpoint !== undefined),
  }
  return (make) => make(config)
}

/** As AWS' own packages give them: with more in it than is told here, or a function. */
function readCredentials(reader: OptionReader): Pick<S3ClientConfig, 'credentials'> {
  const credentials = reader.raw('credentials') as S3Options['credentials']
  if (credentials === undefined) return {}
  if (typeof credentials === 'function') return { credentials }
  const { accessKeyId, secretAccessKey, sessionToken } = { ...credentials }
  if ([accessKeyId, secretAccessKey].some((text) => typeof text !== 'string' || text === ''))
    refuseSecret('credentials', '{ accessKeyId, secretAccessKey }, both non-empty strings', credentials)
  return {
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
  }
}

function isClient(value: unknown): value is ObjectClient {
  return typeof value === 'object' && value !== null && 'send' in value && typeof value.send === 'function'
}

function readSettings(reader: OptionReader): StoreSettings {
  const text = (key: string): string | undefined => (reader.has(key) ? reader.string(key) : undefined)
  const storageClass = text('storageClass')
  const sse = text('sse')
  const kmsKeyId = text('kmsKeyId')
  const tags = readTags(reader)
  const multipart = reader.section('multipart')
  const settings = {
    bucket: reader.string('bucket'),
    // Servers know other words than those of AWS, and newer ones than this client.
    attributes: {
      ...(storageClass !== undefined && { StorageClass: storageClass }),
      ...(sse !== undefined && { ServerSideEncryption: sse }),
      ...(kmsKeyId !== undefined && { SSEKMSKeyId: kmsKeyId }),
      ...(tags !== undefined && { Tagging: tags }),
    } as StoreSettings['attributes'],
    ifNoneMatch: reader.boolean('ifNoneMatch', false),
    multipart: {
      above: multipart.integer('above', 64 * MIB, { min: 1 }),
      part: multipart.integer('part', 16 * MIB, { min: LEAST_PART }),
    },
    timeout: reader.integer('timeout', 60_000, { min: 1, max: LONGEST_TIMER }),
  }
  multipart.end()
  return settings
}

function readTags(reader: OptionReader): string | undefined {
  const tags = reader.raw('tags')
  if (tags === undefined) return undefined
  if (typeof tags !== 'object' || tags === null || Object.values(tags).some((tag) => typeof tag !== 'string'))
    refuse('tags', 'an object of strings', tags)
  return new URLSearchParams(tags as Record<string, string>).toString()
}
