import type * as Aws from '@aws-sdk/client-s3'
import { LogflumeError, toError } from '../../errors.ts'

/** What is used of a client: `S3Client` of `@aws-sdk/client-s3` has it. */
export interface ObjectClient {
  // As methods, so that the stricter parameters of the client fit.
  send(command: never, options?: never): Promise<unknown>
  destroy?(): void
}

export interface StoreSettings {
  readonly bucket: string
  /** What each object is put with: storage class, encryption, tags. */
  readonly attributes: Partial<Aws.CreateMultipartUploadCommandInput>
  /** Ask the server not to write over what is there. */
  readonly ifNoneMatch: boolean
  /** Bytes above which an object goes in parts, and of a part. */
  readonly multipart: { readonly above: number; readonly part: number }
  /** Milliseconds of one request. */
  readonly timeout: number
}

export interface StoredObject {
  readonly key: string
  readonly body: Buffer
  /** By which an object that is there is known to be the same. */
  readonly metadata: Readonly<Record<string, string>>
}

type Condition = Pick<Aws.PutObjectCommandInput, 'IfNoneMatch' | 'IfMatch'>
type Module = typeof Aws

/** Puts objects, in one piece or in parts. */
export class ObjectStore {
  readonly #aws: Module
  readonly #client: ObjectClient
  readonly #settings: StoreSettings

  constructor(aws: Module, client: ObjectClient, settings: StoreSettings) {
    this.#aws = aws
    this.#client = client
    this.#settings = settings
  }

  async put(object: StoredObject, signal: AbortSignal): Promise<void> {
    try {
      if (this.#settings.ifNoneMatch) await this.#putOnce(object, signal)
      else await this.#upload(object, {}, signal)
    } catch (thrown) {
      throw explain(thrown, this.#settings)
    }
  }

  /**
   * Another one's object is not written over by accident: not by a consumer that has lost its partition, and
   * is late. What a crash of our own left is the same, or is replaced as it is now.
   */
  async #putOnce(object: StoredObject, signal: AbortSignal): Promise<void> {
    try {
      await this.#upload(object, { IfNoneMatch: '*' }, signal)
    } catch (thrown) {
      if (statusOf(thrown) !== 412) throw thrown
      const there = await this.#head(object.key, signal)
      const isSame = Object.entries(object.metadata).every(
        ([name, value]) => there.Metadata?.[name] === value,
      )
      if (!isSame) await this.#upload(object, there.ETag === undefined ? {} : { IfMatch: there.ETag }, signal)
    }
  }

  async #head(key: string, signal: AbortSignal): Promise<Aws.HeadObjectCommandOutput> {
    const place = { Bucket: this.#settings.bucket, Key: key }
    return (await this.#send(new this.#aws.HeadObjectCommand(place), signal)) as Aws.HeadObjectCommandOutput
  }

  async #upload(object: StoredObject, condition: Condition, signal: AbortSignal): Promise<void> {
    const { bucket, attributes, multipart } = this.#settings
    const input = {
      ...attributes,
      Bucket: bucket,
      Key: object.key,
      ContentType: 'application/x-ndjson',
      Metadata: { ...object.metadata },
    }
    if (object.body.length > multipart.above) return this.#uploadParts(input, object.body, condition, signal)
    const command = new this.#aws.PutObjectCommand({ ...input, ...condition, Body: object.body })
    confirmed(await this.#send(command, signal))
  }

  async #uploadParts(
    input: Aws.CreateMultipartUploadCommandInput,
    body: Buffer,
    condition: Condition,
    signal: AbortSignal,
  ): Promise<void> {
    const aws = this.#aws
    const begun = await this.#send(new aws.CreateMultipartUploadCommand(input), signal)
    const { UploadId: id } = begun as Aws.CreateMultipartUploadCommandOutput
    const place = { Bucket: input.Bucket, Key: input.Key, UploadId: id }
    try {
      const parts: Aws.CompletedPart[] = []
      const size = this.#settings.multipart.part
      for (let start = 0; start < body.length; start += size) {
        const number = parts.length + 1
        const part = { ...place, PartNumber: number, Body: body.subarray(start, start + size) }
        const { ETag } = confirmed(await this.#send(new aws.UploadPartCommand(part), signal))
        parts.push({ PartNumber: number, ETag })
      }
      const whole = { ...place, ...condition, MultipartUpload: { Parts: parts } }
      confirmed(await this.#send(new aws.CompleteMultipartUploadCommand(whole), signal))
    } catch (thrown) {
      // Parts of what is never completed cost money. The write's own signal may have aborted.
      await this.#send(new aws.AbortMultipartUploadCommand(place)).catch(() => undefined)
      throw thrown
    }
  }

  async #send(command: object, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted()
    const late = AbortSignal.timeout(this.#settings.timeout)
    const abortSignal = signal === undefined ? late : AbortSignal.any([signal, late])
    try {
      return await this.#client.send(command as never, { abortSignal } as never)
    } catch (thrown) {
      if (late.aborted && signal?.aborted !== true)
        throw new Error(`no answer within ${this.#settings.timeout} ms`)
      throw thrown
    }
  }
}

/** A proxy may say 200 as well; a store says what it has. */
function confirmed(answer: unknown): { readonly ETag: string } {
  const { ETag } = (answer ?? {}) as { ETag?: unknown }
  if (typeof ETag !== 'string' || ETag === '')
    throw new Error('the answer has no ETag: is this an S3 server?')
  return { ETag }
}

function statusOf(thrown: unknown): number | undefined {
  return (thrown as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode
}

/** Retryable whatever it is: nothing that S3 refuses is a record's fault. */
function explain(thrown: unknown, { bucket }: StoreSettings): LogflumeError {
  const error = toError(thrown)
  const status = statusOf(thrown)
  // Without a message the client takes the name for one.
  const what = error.message === error.name ? error.name : `${error.name}: ${error.message}`
  const hint =
    error.name === 'NoSuchBucket'
      ? `there is no bucket ${bucket}: `
      : status === 403
        ? 'the server refuses the login, or it has no permission: '
        : ''
  const text = `${hint}${status === undefined ? '' : `${status} `}${what}`
  return new LogflumeError('SINK', text.slice(0, 500), { retryable: true, cause: error })
}
