import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import {
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import type { Sink } from '../../src/consume/sink.ts'
import { s3, type S3Options } from '../../src/sinks/s3.ts'
import { makeRecord } from '../consume/make-record.ts'
import { useS3 } from '../s3/server.ts'
import { startHttp } from './http-server.ts'
import { openSink, write, writeContext } from './write.ts'

const DONE = { retry: [], error: undefined, rejected: [] }

async function start(t: TestContext, options: Partial<S3Options> = {}) {
  const { endpoint, credentials, bucket, client } = await useS3()
  const name = options.bucket ?? (await bucket())
  const own = options.client === undefined ? { endpoint, credentials } : {}
  const sink: Sink = await openSink(t, s3({ bucket: name, ...own, ...options }))
  const keys = async (): Promise<string[]> => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: name }))
    return Contents.map(({ Key = '' }) => Key)
  }
  const read = async (Key: string): Promise<Buffer> => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: name, Key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }
  const lines = async (): Promise<string[]> => {
    const all = await Promise.all((await keys()).map(read))
    return all.flatMap((bytes) => gunzipSync(bytes).toString().trimEnd().split('\n'))
  }
  return { bucket: name, sink, keys, read, lines }
}

/** Every third one is of the next hour. */
function records(from: number, to: number): ConsumedRecord[] {
  return Array.from({ length: to - from }, (_, index) => {
    const n = from + index
    const time = Date.UTC(2026, 10, 21, n % 3 === 2 ? 13 : 12)
    return makeRecord({ '@timestamp': new Date(time).toISOString(), n }, { offset: n })
  })
}

test('an object for each hour, named by the place of its first record', async (t) => {
  const { sink, keys, read } = await start(t)
  assert.deepEqual(await write(sink, records(4, 10)), DONE)
  assert.deepEqual(await keys(), [
    'logs/2026/11/21/12/2-00000000000000000004.ndjson.gz',
    'logs/2026/11/21/13/2-00000000000000000005.ndjson.gz',
  ])
  const [first = ''] = await keys()
  const wanted = records(4, 10).filter(({ place }) => Number(place.offset) % 3 !== 2)
  assert.equal(gunzipSync(await read(first)).toString(), wanted.map(({ text }) => `${text}\n`).join(''))
})

for (const ifNoneMatch of [false, true]) {
  const how = ifNoneMatch ? ', also where nothing is written over unasked' : ''
  test(`what a crash left uncommitted may be cut otherwise, and is there once${how}`, async (t) => {
    const { sink, lines } = await start(t, { ifNoneMatch })
    const first = [records(0, 7), records(7, 13)] // dies before 13 is committed
    const second = [records(7, 9), records(9, 20)] // nor is 20
    const third = [records(9, 22), records(22, 24), records(24, 26)]
    for (const part of [...first, ...second, ...third]) assert.deepEqual(await write(sink, part), DONE)
    const numbers = (await lines()).map((line) => (JSON.parse(line) as { n: number }).n)
    assert.deepEqual(
      numbers.sort((a, b) => a - b),
      Array.from({ length: 26 }, (_, n) => n),
    )
  })
}

test('with `ifNoneMatch` what is there is left, and who is late changes nothing', async (t) => {
  const { bucket, sink, keys, read } = await start(t, { ifNoneMatch: true })
  const { client } = await useS3()
  const part = records(0, 2)
  await write(sink, part)
  const [Key = ''] = await keys()
  const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key }))
  assert.deepEqual(Metadata, { records: '2', 'first-offset': '0', 'last-offset': '1' })
  await client.send(new PutObjectCommand({ Bucket: bucket, Key, Metadata, Body: 'left' }))
  assert.deepEqual(await write(sink, part), DONE)
  const signal = AbortSignal.abort(new Error('partition lost'))
  await assert.rejects(write(sink, records(0, 1), { signal, committed: undefined }), { retryable: true })
  assert.equal(String(await read(Key)), 'left')
})

test('a large object goes in parts', async (t) => {
  const MIB = 1024 * 1024
  const options = { multipart: { above: MIB, part: 5 * MIB }, compression: 'none' } as const
  for (const more of [{}, { ifNoneMatch: true }]) {
    const { bucket, sink, keys, read } = await start(t, { ...options, ...more })
    const large = Array.from({ length: 6 }, (_, n) =>
      makeRecord({ '@timestamp': 0, text: randomBytes(MIB).toString('base64') }, { offset: n }),
    )
    assert.deepEqual(await write(sink, large), DONE)
    const [key = ''] = await keys()
    assert.match(key, /\.ndjson$/)
    const bytes = await read(key)
    assert.ok(bytes.equals(Buffer.from(large.map(({ text }) => `${text}\n`).join(''))))
    assert.deepEqual(await write(sink, large), DONE)
    const { client } = await useS3()
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
    assert.deepEqual(Uploads, [], 'nothing half is left')
    assert.equal((await keys()).length, 1)
  }
})

test('text becomes JSON lines, or stays as it is', async (t) => {
  const text = [makeRecord('GET / 200', { timestamp: '0' }), makeRecord('{\n"a":1}', { timestamp: '0' })]
  const json = await start(t)
  await write(json.sink, text)
  assert.deepEqual(await json.lines(), ['{"message":"GET / 200"}', '{"a":1}'])
  const plain = await start(t, { format: 'lines', compression: 'none' })
  await write(plain.sink, text)
  const [key = ''] = await plain.keys()
  assert.equal(String(await plain.read(key)), 'GET / 200\n{\n"a":1}\n')
})

test('tags and keys of your own', async (t) => {
  const { client } = await useS3()
  const key = 'logs/{service.name}/{kafka.topic}={kafka.partition}+{kafka.offset}'
  const tags = { team: 'a b+c', kind: 'logs' }
  const { bucket, sink, keys } = await start(t, { client, key, tags })
  await write(sink, [
    makeRecord({ 'service.name': '../shop', 'kafka.offset': 'mine' }),
    makeRecord({ 'service.name': 'cart' }),
  ])
  const all = await keys()
  assert.deepEqual(all, [
    'logs/%2E.%2Fshop/logs=2+00000000000000000007',
    'logs/cart/logs=2+00000000000000000007',
  ])
  const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: all[0] }))
  assert.deepEqual(Object.fromEntries((TagSet ?? []).map(({ Key, Value }) => [Key, Value])), tags)
  await sink.close?.()
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'still open', Body: '' }))
})

test('a key that is too long is a dead letter, the others are there', async (t) => {
  const key = '{a}/{b}/{c}/{d}/{e}/{kafka.topic}{kafka.partition}{kafka.offset}'
  const { sink, keys } = await start(t, { key })
  const long = 'x'.repeat(250)
  const wrong = makeRecord({ a: long, b: long, c: long, d: long, e: long })
  const outcome = await write(sink, [makeRecord({ a: 1 }), wrong])
  assert.deepEqual(
    outcome.rejected.map(({ record }) => record === wrong),
    [true],
  )
  assert.match(outcome.rejected[0]?.error.message ?? '', /more than 1024 bytes/)
  assert.equal((await keys()).length, 1)
})

test('what is wrong is said, and nothing is lost', async (t) => {
  const { credentials, bucket, endpoint } = await useS3()
  const name = await bucket()
  const wrong: [Partial<S3Options>, RegExp][] = [
    [{ bucket: 'nowhere' }, /^there is no bucket nowhere: 404 NoSuchBucket/],
    [
      { bucket: name, credentials: { ...credentials, secretAccessKey: 'wrong' } },
      /^the server refuses the login, or it has no permission: 403 SignatureDoesNotMatch/,
    ],
    [{ bucket: name, credentials: { ...credentials, accessKeyId: 'nobody' } }, /^404 XAdminUserNotFound/],
    [{ bucket: name, endpoint: 'http://127.0.0.1:1' }, /ECONNREFUSED/],
  ]
  for (const [options, message] of wrong) {
    const sink = await openSink(t, s3({ bucket: name, endpoint, credentials, ...options }))
    await assert.rejects(write(sink, records(0, 1)), { code: 'SINK', retryable: true, message })
  }
})

test('a server that says nothing is waited for as long as it was said, or until nobody waits', async (t) => {
  const server = await useS3()
  const { sink, lines } = await start(t, { timeout: 300 })
  server.process.pause()
  t.after(() => server.process.resume())
  await assert.rejects(write(sink, records(0, 3)), { retryable: true, message: /no answer within 300 ms/ })
  const stop = new AbortController()
  const pending = write(sink, records(0, 3), writeContext(stop.signal))
  setImmediate(() => stop.abort())
  await assert.rejects(pending, { retryable: true })
  server.process.resume()
  assert.deepEqual(await write(sink, records(0, 3)), DONE)
  assert.equal((await lines()).length, 3)
})

test('a proxy that says 200 has not stored anything', async (t) => {
  const answers = [{ body: '<h1>Welcome</h1>' }, { status: 503, body: '<h1>Bad Gateway</h1>' }]
  for (const [index, message] of [/has no ETag/, /503/].entries()) {
    const { url } = await startHttp(t, () => answers[index])
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const sink = await openSink(t, s3({ bucket: 'b', endpoint: url, credentials }))
    await assert.rejects(write(sink, records(0, 1)), { retryable: true, message })
  }
})

for (const [options, message] of [
  [{}, /^bucket: /],
  [{ bucket: 'b', key: '{kafka.topic}/{kafka.offset}' }, /^key: expected a key with \{kafka\.topic\}/],
  [{ bucket: 'b', key: '/{kafka.topic}{kafka.partition}{kafka.offset}' }, /^key: /],
  [{ bucket: 'b', client: {} as never }, /^client: expected an S3Client/],
  [{ bucket: 'b', client: { send: () => Promise.resolve() }, region: 'x' }, /^region: expected nothing/],
  [{ bucket: 'b', endpoint: 'x' }, /^endpoint: expected a URL/],
  [{ bucket: 'b', credentials: { accessKeyId: 'a', secretAccessKey: '' } }, /^credentials: .*not shown$/],
  [{ bucket: 'b', multipart: { part: 1 } }, /^multipart.part: /],
  [{ bucket: 'b', tags: { a: 1 } as never }, /^tags: /],
] as const satisfies readonly [Partial<S3Options>, RegExp][]) {
  test(`refused: ${JSON.stringify(options)}`, () => {
    assert.throws(() => s3(options as S3Options), { code: 'INVALID_OPTION', message })
  })
}
