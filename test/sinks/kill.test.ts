import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { GetObjectCommand, ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { committed, messages, produce } from '../consume/kafka.ts'
import { useKafka } from '../kafka/brokers.ts'
import { createTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { useOpenSearch } from '../opensearch/server.ts'
import { useS3, type S3Server } from '../s3/server.ts'
import type { Setup } from './fixtures/to-s3-and-opensearch.ts'

const KILLS = process.env.LOGFLUME_FAULTS === 'long' ? 50 : 3
const PARTITIONS = 3
const PART = 3000
const fixture = fileURLToPath(import.meta.resolve('./fixtures/to-s3-and-opensearch.ts'))

test(`after ${KILLS} kill -9 of the consumer each record is in S3 once, and in OpenSearch once`, async (t) => {
  const [brokers, s3, search] = await Promise.all([useKafka(), useS3(), useOpenSearch()])
  const topic = uniqueTopic('kill')
  await createTopic(brokers, topic, { partitions: PARTITIONS })
  const { endpoint, credentials } = s3
  const bucket = await s3.bucket()
  const index = topic
  const setup: Setup = { brokers, topic, bucket, endpoint, credentials, node: search.url, index }
  const start = () => {
    const child = spawn(process.execPath, ['--import', 'tsx', fixture, JSON.stringify(setup)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    t.after(() => child.kill('SIGKILL'))
    return child
  }

  let sent = 0
  const send = async (): Promise<void> => {
    await produce(brokers, topic, messages(PART, PARTITIONS, sent))
    sent += PART
  }
  await send()
  for (let kill = 0; kill < KILLS; kill++) {
    const before = await objectCount(s3, bucket)
    const child = start()
    // Somewhere between its first write and its last one.
    while ((await objectCount(s3, bucket)) === before && child.exitCode === null) await sleep(20)
    await sleep(randomInt(300))
    child.kill('SIGKILL')
    await once(child, 'exit')
    await send()
  }
  const last = start()
  const done = async (): Promise<number> =>
    (await committed(brokers, topic, topic)).reduce((sum, offset) => sum + Math.max(0, Number(offset)), 0)
  while ((await done()) < sent && last.exitCode === null) await sleep(100)
  last.kill('SIGTERM')
  await once(last, 'exit')

  const wanted = Array.from({ length: sent }, (_, n) => n)
  assert.deepEqual(differences(await numbersInS3(s3, bucket), wanted), [], 'in S3')
  await fetch(`${search.url}/${index}/_refresh`, { method: 'POST' })
  const { count } = (await (await fetch(`${search.url}/${index}/_count`)).json()) as { count: number }
  assert.equal(count, sent, 'in OpenSearch, where ids are places')
})

async function objectKeys({ client }: S3Server, bucket: string): Promise<string[]> {
  const keys: string[] = []
  let token: string | undefined
  do {
    const page: ListObjectsV2CommandOutput = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }),
    )
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key))
    token = page.NextContinuationToken
  } while (token !== undefined)
  return keys
}

async function objectCount(server: S3Server, bucket: string): Promise<number> {
  return (await objectKeys(server, bucket)).length
}

async function numbersInS3(server: S3Server, bucket: string): Promise<number[]> {
  const numbers: number[] = []
  for (const Key of await objectKeys(server, bucket)) {
    const { Body } = await server.client.send(new GetObjectCommand({ Bucket: bucket, Key }))
    const text = gunzipSync((await Body?.transformToByteArray()) ?? Buffer.alloc(0)).toString()
    for (const line of text.trimEnd().split('\n')) numbers.push((JSON.parse(line) as { n: number }).n)
  }
  return numbers
}

/** Which are missing or there several times; ten of them at most. */
function differences(found: readonly number[], wanted: readonly number[]): string[] {
  const counts = new Map(wanted.map((n) => [n, 0]))
  for (const n of found) counts.set(n, (counts.get(n) ?? 0) + 1)
  const wrong = [...counts].filter(([, count]) => count !== 1)
  return wrong.slice(0, 10).map(([n, count]) => `${n}: ${count} times; ${wrong.length} in all`)
}
