import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import pg from 'pg'
import { linesOnDisk, temporaryDirectory } from './journal/open-journal.ts'
import { startMailbox } from './mailbox.ts'
import { useKafka } from './kafka/brokers.ts'
import { createTopic, uniqueTopic } from './kafka/read-topic.ts'
import { useOpenSearch } from './opensearch/server.ts'
import { useZabbix } from './zabbix/server.ts'
import { usePostgres } from './postgres/server.ts'
import { useS3 } from './s3/server.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsx = join(root, 'node_modules', '.bin', 'tsx')

interface Run {
  readonly dir: string
  readonly output: readonly string[]
}

/** Runs an example as its first lines say, as a program of its own, which has to end well by itself. */
async function run(t: TestContext, example: string, env: NodeJS.ProcessEnv = {}): Promise<Run> {
  const dir = await temporaryDirectory(t)
  const { stdout, stderr } = await promisify(execFile)(tsx, [join('examples', example), dir], {
    cwd: root,
    env: { ...process.env, ...env },
    timeout: 60_000,
  })
  assert.equal(stderr, '')
  return { dir, output: stdout.split('\n').slice(0, -1) }
}

const tests = {
  'quick-start.ts': async (t: TestContext) => {
    const { dir, output } = await run(t, 'quick-start.ts')
    assert.deepEqual(await messages(dir), ['server started', 'slow request', 'query failed', 'order placed'])
    assert.match(output[0] ?? '', /^4 lines in .*\/shop\.0\.000000000000000\.\d{8}\.log$/)
    assert.equal(output[1], `pending 0, lost {}; ${join(dir, 'shop.log')} links to the newest file`)
  },

  'kafka.ts': async (t: TestContext) => {
    const brokers = await useKafka()
    // Of a topic that is just being made the first answer may be a warning.
    await createTopic(brokers, 'logflume-example', { partitions: 4 })
    const { dir, output } = await run(t, 'kafka.ts', { KAFKA_BROKERS: brokers.join(',') })
    assert.equal(output[0], '5 lines in Kafka, 0 pending')
    const printed = output.slice(1).map((line) => line.replace(/^\d+ \d+ /, ''))
    assert.deepEqual(printed, await linesOnDisk(dir))
    assert.equal(printed.length, 5)
  },

  'pino.ts': async (t: TestContext) => {
    const { dir, output } = await run(t, 'pino.ts')
    assert.deepEqual(await messages(dir, 'msg'), [
      'cart is full',
      'on disk when the call returns',
      'order placed',
      'connection refused',
    ])
    assert.match(output[0] ?? '', /^2 lines in .*\/cart\.0\./)
    assert.match(output[1] ?? '', /^those of the transport are in .*\/shop\.log /)
  },

  'fastify.ts': async (t: TestContext) => {
    const { dir, output } = await run(t, 'fastify.ts')
    assert.deepEqual(await linesOnDisk(dir), output)
    assert.deepEqual((await messages(dir)).slice(-3), [
      'incoming request',
      'order looked up',
      'request completed',
    ])
    for (const line of output.map((text) => JSON.parse(text) as Record<string, unknown>))
      assert.deepEqual([line['service.name'], line['log.level']], ['shop', 'info'])
  },

  'express.ts': async (t: TestContext) => {
    const { dir, output } = await run(t, 'express.ts')
    assert.deepEqual(await linesOnDisk(dir), output)
    assert.deepEqual(await messages(dir), ['order looked up', 'GET /orders/17'])
    const { 'http.response.status_code': status, durationMs } = JSON.parse(output[1] ?? '{}') as Record<
      string,
      unknown
    >
    assert.deepEqual([status, typeof durationMs], [200, 'number'])
  },

  'winston.ts': async (t: TestContext) => {
    const { dir, output } = await run(t, 'winston.ts')
    const lines = (await linesOnDisk(dir)).map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      lines.map((line) => [line['log.level'], line.message, line['error.message']]),
      [
        ['info', 'milk costs 2', undefined],
        ['silly', 'each level keeps its name', undefined],
        ['error', 'query failed connection refused', 'connection refused'],
      ],
    )
    assert.match(output[0] ?? '', /^3 lines in .*\/shop\.0\./)
  },

  'outputters.ts': async (t: TestContext) => {
    const { dir, output } = await run(t, 'outputters.ts')
    assert.deepEqual(await messages(dir), ['server started', 'slow query'])
    assert.deepEqual(output, [
      'WARN  db: slow query',
      '2 lines in the journal',
      '1 in stdout',
      `2 in ${join(dir, 'app.log')}`,
      `1 in ${join(dir, 'orders.log')}`,
    ])
    const [started, slow] = (await readFile(join(dir, 'app.log'), 'utf8')).split('\n')
    assert.match(started ?? '', /^\d{4}-\d\d-\d\dT[\d:,]+ \[INFO\] shop - server started port=8080$/)
    assert.match(slow ?? '', / \[WARN\] shop::db - slow query ms=1234$/)
    const orders = readdirSync(dir).find((name) => /^orders_\d{4}-\d\d-\d\d\.log$/.test(name)) ?? ''
    assert.match(await readFile(join(dir, orders), 'utf8'), /^\{"time":.*"event":"placed","orderId":17\}\n$/)
  },

  'email-outputter.ts': async (t: TestContext) => {
    const mailbox = await startMailbox(t)
    const { output } = await run(t, 'email-outputter.ts', { SMTP_URL: mailbox.url })
    assert.deepEqual(output, ['email: 2 written, 0 pending'])
    assert.equal(mailbox.mails.length, 1)
    assert.match(mailbox.mails[0] ?? '', /^Subject: shop: 2 errors, first: card reader is gone\r$/m)
    assert.match(mailbox.mails[0] ?? '', / ERROR shop::db: query failed\r\nError: connection refused\r\n/)
  },

  'custom-sink.ts': async (t: TestContext) => {
    const { dir, output } = await run(t, 'custom-sink.ts')
    assert.equal(output[0], `errors are in ${join(dir, 'errors.csv')}`)
    const table = await readFile(join(dir, 'errors.csv'), 'utf8')
    assert.match(table, /^"\d{4}-\d\d-\d\dT[\d:.]+Z","shop::db","query failed"\n$/)
  },

  'archive-and-search.ts': async (t: TestContext) => {
    const [brokers, s3, { url }] = await Promise.all([useKafka(), useS3(), useOpenSearch()])
    const topic = uniqueTopic('archive')
    await createTopic(brokers, topic)
    const bucket = await s3.bucket()
    const { dir, output } = await run(t, 'archive-and-search.ts', {
      KAFKA_BROKERS: brokers.join(','),
      TOPIC: topic,
      BUCKET: bucket,
      S3_ENDPOINT: s3.endpoint,
      SEARCH_URL: url,
      AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    })
    assert.deepEqual(output, ['3 lines are in the bucket and in the data stream'])
    const lines = await linesOnDisk(dir)
    const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket }))
    let archived = ''
    for (const { Key } of Contents) {
      const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: bucket, Key }))
      archived += gunzipSync((await Body?.transformToByteArray()) ?? Buffer.alloc(0)).toString()
    }
    assert.equal(archived, lines.map((line) => `${line}\n`).join(''))
    await fetch(`${url}/logs-shop-default/_refresh`, { method: 'POST' })
    const found = await fetch(`${url}/logs-shop-default/_search?sort=@timestamp`)
    const { hits } = (await found.json()) as { hits: { hits: { _source: unknown }[] } }
    assert.deepEqual(
      hits.hits.map((hit) => JSON.stringify(hit._source)).sort(),
      lines.map((line) => JSON.stringify(JSON.parse(line))).sort(),
    )
  },

  'postgres-sink.ts': async (t: TestContext) => {
    const { url } = await usePostgres()
    const env = { DATABASE_URL: url }
    const { dir, output } = await run(t, 'postgres-sink.ts', env)
    assert.match(output[0] ?? '', /unsupported Unicode escape sequence/)
    assert.equal(output[1], '2 lines are in PostgreSQL')
    // What comes again, as after a crash, is there already.
    await rm(join(dir, '.logflume'), { recursive: true })
    const again = await promisify(execFile)(tsx, [join('examples', 'postgres-sink.ts'), dir], {
      cwd: root,
      env: { ...process.env, ...env },
    })
    assert.match(again.stdout, /^4 lines are in PostgreSQL$/m)
    const client = new pg.Client(url)
    await client.connect()
    t.after(() => client.end())
    const { rows } = await client.query<{ level: string; message: string }>(
      "SELECT level, fields->>'message' AS message FROM logs ORDER BY id",
    )
    const two = [
      { level: 'info', message: 'server started' },
      { level: 'error', message: 'query failed' },
    ]
    assert.deepEqual(rows, [...two, ...two])
  },

  'routes.ts': async (t: TestContext) => {
    const brokers = await useKafka()
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '')
    const topics = [`logs-shop-${day}`, 'errors', 'http', 'audit']
    // Of a topic that is just being made the first answer may be a warning.
    await Promise.all(topics.map((topic) => createTopic(brokers, topic, { partitions: 4 })))
    const { output } = await run(t, 'routes.ts', { KAFKA_BROKERS: brokers.join(',') })
    assert.deepEqual(output, ['5 lines: 4 in Kafka, 1 dropped, 0 pending'])
  },

  'read-journal.ts': async (t: TestContext) => {
    const { output } = await run(t, 'read-journal.ts')
    assert.deepEqual(output, ['shop, slot 0: 1 segment', '0 1', '1 2', '3 more, 0 missing'])
  },

  'one-machine.ts': async (t: TestContext) => {
    const { dir, output } = await run(t, 'one-machine.ts')
    const sorted = join(dir, 'sorted')
    assert.equal(output[0], `4 lines read, files are in ${sorted}`)
    const files = readdirSync(sorted, { recursive: true, withFileTypes: true }).filter(
      (file) => file.isFile() && !file.parentPath.endsWith('.logflume'),
    )
    const texts = new Map<string, string>()
    for (const { parentPath, name } of files) {
      const file = join(parentPath, name)
      texts.set(relative(sorted, file).replace(/\d{8}/, 'day'), await readFile(file, 'utf8'))
    }
    assert.deepEqual([...texts.keys()].sort(), ['shop/shop.day', 'shop/shop~db.day', 'shop/shop~http.day'])
    assert.match([...texts.values()].join(''), /"message":"connected"/)
    assert.doesNotMatch([...texts.values()].join(''), /secret|pool size/)
  },

  'module-files.ts': async (t: TestContext) => {
    const { dir, output } = await run(t, 'module-files.ts')
    const modules = join(dir, 'modules')
    assert.deepEqual(output, [`4 lines, files are in ${modules}`])
    const files = readdirSync(modules)
      .filter((file) => file !== '.logflume')
      .sort()
    assert.deepEqual(
      files.map((file) => file.replace(/\d{8}$/, 'day')),
      ['db.day', 'http.day', 'unknown.day'],
    )
    const [db, http, unknown] = await Promise.all(files.map((file) => readLines(join(modules, file))))
    assert.deepEqual(
      db?.map(({ service, message }) => [service, message]),
      [
        ['shop', 'query took 7 ms'],
        ['shop', 'cost: 5 ##$$## rows: 3'],
      ],
    )
    assert.deepEqual(
      http?.map(({ message }) => message),
      ['GET /orders 200'],
    )
    assert.deepEqual(unknown?.[0]?.tags, ['_prefixparsefailure'])
  },

  'nginx-access.ts': async (t: TestContext) => {
    const [{ url }, zabbix] = await Promise.all([useOpenSearch(), useZabbix()])
    const { output } = await run(t, 'nginx-access.ts', {
      SEARCH_URL: url,
      ZABBIX_PORT: String(zabbix.port),
    })
    assert.deepEqual(output, ['5 lines, 1 dropped; Zabbix took 2 numbers'])
    const time = '2026-11-21T12:10:00.000Z'
    const shown = (await documents(url, 'nginx-*')).map(({ '@timestamp': at, request, response, tags }) => ({
      ...(tags !== undefined ? { tags } : {}),
      ...(request !== undefined ? { at, request, response } : {}),
    }))
    assert.deepEqual(
      shown.sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other))),
      [
        { at: time, request: '/orders/17', response: 200 },
        { at: time, request: '/orders/18', response: 200 },
        { tags: ['_grokparsefailure'] },
        { tags: ['unavailable'], at: time, request: '/orders', response: 503 },
      ],
    )
    const values = (await zabbix.values(2)).map(({ host, key, value, clock }) => [host, key, value, clock])
    const end = Date.parse('2026-11-21T12:11:00Z') / 1000
    assert.deepEqual(values.sort(), [
      ['web-1', 'requests[200]', '2', end],
      ['web-1', 'requests[503]', '1', end],
    ])
  },

  'topics-to-indexes.ts': async (t: TestContext) => {
    const [brokers, { url }] = await Promise.all([useKafka(), useOpenSearch()])
    const topics = ['app-logs', 'audit-logs', 'gateway-logs']
    // Of a topic that is just being made the first answer may be a warning.
    await Promise.all(topics.map((topic) => createTopic(brokers, topic, { partitions: 2 })))
    const { output } = await run(t, 'topics-to-indexes.ts', {
      KAFKA_BROKERS: brokers.join(','),
      SEARCH_URL: url,
    })
    assert.deepEqual(output, ['3 lines are in their indexes'])
    const [app] = await documents(url, 'app-*')
    assert.deepEqual([app?.message, app?.password, app?.['process.pid']], ['started', undefined, undefined])
    const [audit] = await documents(url, 'audit-2026.11.21')
    assert.deepEqual([audit?.['@timestamp'], audit?.['event.time']], ['2026-11-21T12:10:00.000Z', undefined])
    const [gateway] = await documents(url, 'gateway-2026.11.21')
    assert.deepEqual([gateway?.['@timestamp'], gateway?.status], ['2026-11-21T13:10:00.000Z', 502])
  },
} satisfies Record<string, (t: TestContext) => Promise<void>>

for (const [name, example] of Object.entries(tests)) test(`examples/${name} does what it says`, example)

test('each example is tested here', () => {
  const examples = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.ts'))
  assert.deepEqual(Object.keys(tests).sort(), examples.sort())
})

async function messages(dir: string, field = 'message'): Promise<unknown[]> {
  return (await linesOnDisk(dir)).map((line) => (JSON.parse(line) as Record<string, unknown>)[field])
}

/** What an index of OpenSearch holds. */
async function documents(url: string, index: string): Promise<Record<string, unknown>[]> {
  await fetch(`${url}/${index}/_refresh`, { method: 'POST' })
  const found = await fetch(`${url}/${index}/_search?size=100`)
  const { hits } = (await found.json()) as {
    hits: { hits: readonly { _source: Record<string, unknown> }[] }
  }
  return hits.hits.map(({ _source }) => _source)
}

async function readLines(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
