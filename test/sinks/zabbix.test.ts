import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { deflateSync } from 'node:zlib'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import { zabbix, type ZabbixOptions } from '../../src/sinks/zabbix.ts'
import { makeRecord } from '../consume/make-record.ts'
import { SECURED, useZabbix } from '../zabbix/server.ts'
import { write, writeContext } from './write.ts'

const HOST = '127.0.0.1'
const NOTHING = { retry: [], error: undefined, rejected: [] }
const at = Date.parse('2026-11-21T12:00:00.250Z')

function metric(key: string, value: unknown, offset = 0): ConsumedRecord {
  const fields = { '@timestamp': at, host: 'shop', 'metric.key': key, 'metric.value': value }
  return makeRecord(fields, { offset })
}

async function start(options: Partial<ZabbixOptions> = {}) {
  const { port, values } = await useZabbix()
  const told: string[] = []
  const onDiagnostic = ({ message }: { message: string }): void => void told.push(message)
  const sink = zabbix({ host: HOST, port, onDiagnostic, ...options })
  const before = (await values(0)).length
  const stored = async (count: number) => (await values(before + count)).slice(before)
  return { sink, told, stored }
}

test('values are stored with their times, which differ where their records do', async () => {
  const { sink, stored } = await start()
  const records = [
    metric('errors', 17, 3),
    metric('p99', 1.5, 4),
    metric('ü[a,"b"]', 'Grüße 😀', 1_000_005),
    metric('errors', true, 6),
  ]
  assert.deepEqual(await write(sink, records), NOTHING)
  assert.deepEqual(sink.stats(), { total: 4, processed: 4, failed: 0 })
  const clock = Math.floor(at / 1000)
  assert.deepEqual(await stored(4), [
    { host: 'shop', key: 'errors', value: '17', clock, ns: 250_000_003 },
    { host: 'shop', key: 'p99', value: '1.5', clock, ns: 250_000_004 },
    { host: 'shop', key: 'ü[a,"b"]', value: 'Grüße 😀', clock, ns: 250_000_005 },
    { host: 'shop', key: 'errors', value: '1', clock, ns: 250_000_006 },
  ])
})

test('more than 250 values go in several requests', async () => {
  const { sink, stored } = await start()
  const records = Array.from({ length: 300 }, (_, n) => metric(`many.${n}`, n, n))
  assert.deepEqual(await write(sink, records), NOTHING)
  assert.deepEqual(
    (await stored(300)).map(({ value }) => Number(value)).sort((a, b) => a - b),
    records.map((_, n) => n),
  )
})

test('what Zabbix does not know is counted first, and then rejected by name, the others go on', async () => {
  const { sink, told, stored } = await start()
  const unknown = metric('nowhere', 1)
  const records = [metric('errors', 1), unknown, metric('p99', 2)]
  assert.deepEqual(await write(sink, records), NOTHING)
  assert.deepEqual(sink.stats(), { total: 3, processed: 2, failed: 1 })
  assert.match(told.join(), /^zabbix refused 1 of 3 values/)
  const { rejected } = await write(sink, records)
  assert.deepEqual(
    rejected.map(({ record }) => record === unknown),
    [true],
  )
  assert.match(rejected[0]?.error.message ?? '', /^Zabbix refused the value: no such host, no item/)
  assert.equal((await write(sink, records)).rejected.length, 1)
  assert.deepEqual(sink.stats(), { total: 9, processed: 6, failed: 3 })
  assert.equal((await stored(6)).length, 6)
  assert.equal(told.length, 1)
})

test('where all are refused, all are rejected', async () => {
  const { sink } = await start({ item: { host: 'nobody' } })
  const { rejected } = await write(sink, [metric('errors', 1), metric('p99', 2)])
  assert.equal(rejected.length, 2)
})

test('host, key and value are where it is said that they are', async () => {
  const { sink, stored } = await start({ item: { host: '{service.name}', key: 'many.{n}', value: 'ms' } })
  const record = makeRecord({ '@timestamp': at, 'service.name': 'shop', n: 17, ms: 0 })
  assert.deepEqual(await write(sink, [record]), NOTHING)
  assert.deepEqual(
    (await stored(1)).map(({ key, value }) => [key, value]),
    [['many.17', '0']],
  )
})

test('a record that tells no value is rejected, the others go on', async () => {
  const { sink, stored } = await start()
  const wrong = [
    metric('errors', { a: 1 }),
    metric('errors', ''),
    metric('', 1),
    makeRecord({ 'metric.key': 'errors', 'metric.value': 1 }),
    makeRecord('no metric'),
  ]
  const { rejected } = await write(sink, [...wrong, metric('errors', 1)])
  assert.deepEqual(
    rejected.map(({ record }) => record),
    wrong,
  )
  assert.match(rejected.map(({ error }) => error.message).join(), /no value: metric\.value.*no key.*no host/s)
  assert.equal((await stored(1)).length, 1)
})

test('encrypted, with a key that both sides have', async () => {
  const { host, ...psk } = SECURED
  const { sink, stored } = await start({ item: { host }, psk })
  assert.deepEqual(await write(sink, [metric('errors', 5)]), NOTHING)
  assert.deepEqual(
    (await stored(1)).map((one) => one.host),
    [host],
  )
  const plain = await start({ item: { host } })
  assert.equal((await write(plain.sink, [metric('errors', 5)])).rejected.length, 1)
  const wrong = await start({ item: { host }, psk: { ...psk, key: 'f'.repeat(32) } })
  await assert.rejects(write(wrong.sink, [metric('errors', 5)]), { retryable: true })
})

test('a proxy that is silent is waited for as long as it was said, or until nobody waits', async (t) => {
  const { process } = await useZabbix()
  const { sink } = await start({ timeout: 300 })
  const silent = await answering(t, () => undefined)
  const late = zabbix({ host: HOST, port: silent, timeout: 200 })
  await assert.rejects(write(late, [metric('errors', 1)]), { retryable: true, message: /within 200 ms/ })
  const stop = new AbortController()
  const pending = write(zabbix({ host: HOST, port: silent }), [metric('a', 1)], writeContext(stop.signal))
  setImmediate(() => stop.abort())
  await assert.rejects(pending, { retryable: true })
  assert.ok(process.pid !== undefined)
  assert.deepEqual(await write(sink, [metric('errors', 1)]), NOTHING)
  const gone = zabbix({ host: HOST, port: 1 })
  await assert.rejects(write(gone, [metric('a', 1)]), { retryable: true, message: /ECONNREFUSED/ })
})

/** A server that says something to whatever comes, and closes. */
async function answering(t: TestContext, answer: (n: number) => Buffer | undefined): Promise<number> {
  const sockets = new Set<Socket>()
  let requests = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => {
      const bytes = answer(requests++)
      if (bytes === undefined) return
      // Byte by byte: an answer may come in any pieces.
      for (const byte of bytes) socket.write(Buffer.of(byte))
      socket.end()
    })
  }).listen(0, HOST)
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function answer(
  info: object | string,
  { flags = 1, length }: { flags?: number; length?: number } = {},
): Buffer {
  const text = Buffer.from(typeof info === 'string' ? info : JSON.stringify(info))
  const header = Buffer.from('ZBXD\x01\0\0\0\0\0\0\0\0', 'latin1')
  header[4] = flags
  header.writeUInt32LE(length ?? text.length, 5)
  return Buffer.concat([header, text])
}

const taken = { response: 'success', info: 'processed: 1; failed: 0; total: 1; seconds spent: 0.000030' }

const wrongAnswers: Record<string, [Buffer, RegExp]> = {
  HTTP: [Buffer.from('HTTP/1.1 400 Bad Request\r\n'), /is not of Zabbix: "H/],
  nothing: [Buffer.alloc(0), /ended after 0 bytes/],
  'half an answer': [answer(taken).subarray(0, 40), /ended after 40 bytes/],
  'no JSON': [answer('{"response"'), /JSON/],
  failed: [answer({ response: 'failed', info: 'not now' }), /the server says .*not now/],
  'no counts': [answer({ response: 'success', info: 'fine' }), /does not say what it took/],
  'counts that do not add up': [
    answer({ response: 'success', info: 'processed: 1; failed: 1; total: 1;' }),
    /does not say what it took/,
  ],
  'too few': [
    answer({ response: 'success', info: 'processed: 0; failed: 0; total: 0;' }),
    /counts 0 values of 1/,
  ],
  'a length beyond reason': [answer(taken, { length: 0xffffffff }), /is not of Zabbix/],
}
for (const [name, [bytes, message]] of Object.entries(wrongAnswers)) {
  test(`nothing is lost where the answer is ${name}`, async (t) => {
    const port = await answering(t, () => bytes)
    const sink = zabbix({ host: HOST, port })
    await assert.rejects(write(sink, [metric('a', 1)]), { code: 'SINK', retryable: true, message })
    assert.equal(sink.stats().total, 0)
  })
}

test('a compressed answer is read', async (t) => {
  const packed = deflateSync(JSON.stringify(taken))
  const port = await answering(t, () =>
    Buffer.concat([answer('', { flags: 3, length: packed.length }), packed]),
  )
  assert.deepEqual(await write(zabbix({ host: HOST, port }), [metric('a', 1)]), NOTHING)
})

test('what was taken before a request fails is not sent again', async (t) => {
  const port = await answering(t, (n) =>
    n === 0
      ? answer({ response: 'success', info: 'processed: 250; failed: 0; total: 250;' })
      : Buffer.alloc(0),
  )
  const records = Array.from({ length: 600 }, (_, n) => metric(`many.${n}`, n, n))
  const outcome = await write(zabbix({ host: HOST, port }), records)
  assert.deepEqual([outcome.retry, outcome.rejected], [records.slice(250), []])
  assert.match(outcome.error?.message ?? '', /ended after/)
})

for (const [options, message] of [
  [{}, /^host: /],
  [{ host: 'a', port: 0 }, /^port: /],
  [{ host: 'a', psk: { identity: 'a', key: 'secret' } }, /^psk\.key: expected .* not shown$/],
  [{ host: 'a', psk: SECURED, tls: {} }, /^psk\.host: no such option|^psk: expected either/],
  [{ host: 'a', item: { name: 'a' } as never }, /^item\.name: no such option/],
] as const satisfies readonly [Partial<ZabbixOptions>, RegExp][]) {
  test(`refused: ${JSON.stringify(options)}`, () => {
    assert.throws(() => zabbix(options as ZabbixOptions), { code: 'INVALID_OPTION', message })
  })
}
