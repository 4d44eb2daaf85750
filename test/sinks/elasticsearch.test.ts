import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import type { LogflumeError } from '../../src/errors.ts'
import { elasticsearch } from '../../src/sinks/elasticsearch.ts'
import { makeRecord } from '../consume/make-record.ts'
import { useOpenSearch } from '../opensearch/server.ts'
import { openSink, write, writeAll } from './write.ts'

let names = 0
const uniqueName = (): string => `logs-${process.pid}-${++names}`

interface Hit {
  readonly _id: string
  readonly _index: string
  readonly _version: number
  readonly _source: Readonly<Record<string, unknown>>
}

async function ask(path: string, method = 'GET', body?: object): Promise<Response> {
  const { url } = await useOpenSearch()
  const headers = { 'content-type': 'application/json' }
  return fetch(url + path, { method, ...(body && { headers, body: JSON.stringify(body) }) })
}

async function hits(index: string): Promise<Hit[]> {
  assert.ok((await ask(`/${index}/_refresh`, 'POST')).ok)
  const answer = await ask(`/${index}/_search?version=true&size=10000`)
  const { hits: found } = ((await answer.json()) as { hits: { hits: Hit[] } }).hits
  return found.sort((a, b) => Number(a._source.n) - Number(b._source.n))
}

function numbered(count: number, more: object = {}): ConsumedRecord[] {
  return Array.from({ length: count }, (_, n) =>
    makeRecord({ '@timestamp': '2026-11-21T12:00:00.000Z', n, ...more }, { offset: n }),
  )
}

test('records go to the index of their service and day, once however often they are written', async (t) => {
  const { url } = await useOpenSearch()
  const index = uniqueName()
  const options = { node: url, index: `${index}-{service.name}-{YYYY.MM.DD}`, bulk: { records: 7 } }
  const sink = await openSink(t, elasticsearch(options))
  const records = [...numbered(20, { 'service.name': 'Shop::DB' })]
  assert.deepEqual(await write(sink, records), { retry: [], error: undefined, rejected: [] })
  assert.deepEqual(await write(sink, records.slice(5)), { retry: [], error: undefined, rejected: [] })
  const found = await hits(`${index}-*`)
  assert.deepEqual(
    found.map(({ _id, _index, _version, _source }) => [_id, _index, _version, _source.n]),
    records.map((_, n) => [`logs-2-${n}`, `${index}-shop.db-2026.11.21`, 1, n]),
  )
})

test('text, JSON over several lines and changed fields are documents with a time', async (t) => {
  const { url } = await useOpenSearch()
  const index = uniqueName()
  const sink = await openSink(t, elasticsearch({ node: url, index }))
  const timestamp = '2026-11-20T01:02:03.000Z'
  const raw = { timestamp: String(Date.parse(timestamp)) }
  const records = [
    makeRecord('no JSON {', { offset: 1, ...raw }),
    makeRecord('{\n  "a": 1\n}\n', { offset: 2, ...raw }),
    makeRecord({ a: 1 }, { offset: 3, ...raw }).with({ b: 'ü\n' }),
    makeRecord('{"half": ', { offset: 4, ...raw }),
  ]
  assert.deepEqual((await write(sink, records)).rejected, [])
  const found = (await hits(index)).map(({ _id, _source }) => [_id, _source] as const)
  assert.deepEqual(Object.fromEntries(found), {
    'logs-2-1': { '@timestamp': timestamp, message: 'no JSON {' },
    'logs-2-2': { '@timestamp': timestamp, a: 1 },
    'logs-2-3': { '@timestamp': timestamp, b: 'ü\n' },
    'logs-2-4': { '@timestamp': timestamp, message: '{"half": ' },
  })
})

test('a document that does not fit is a dead letter with its reason, the others are there', async (t) => {
  const { url } = await useOpenSearch()
  const index = uniqueName()
  const mappings = { properties: { n: { type: 'long' } } }
  const template = { name: index, body: { index_patterns: [`${index}*`], template: { mappings } } }
  const sink = await openSink(t, elasticsearch({ node: url, index, template }))
  const records = numbered(5)
  await write(sink, records.slice(0, 1))
  const wrong = makeRecord({ n: 'many' }, { offset: 17 })
  const outcome = await write(sink, [...records, wrong])
  assert.deepEqual(outcome.retry, [])
  assert.deepEqual(
    outcome.rejected.map(({ record }) => record),
    [wrong],
  )
  const error = outcome.rejected[0]?.error as LogflumeError
  assert.match(error.message, /^400 mapper_parsing_exception: .*\[n\].*many/)
  assert.equal(error.retryable, false)
  assert.equal((await hits(index)).length, 5)
})

test('what a read-only index does not take is written again alone, and is there when it is open', async (t) => {
  const { url } = await useOpenSearch()
  const index = uniqueName()
  const sink = await openSink(t, elasticsearch({ node: url, index: `${index}-{to}` }))
  const [a = [], b = []] = ['a', 'b'].map((to) => numbered(3, { to }))
  await ask(`/${index}-b`, 'PUT', { settings: { 'index.blocks.write': true } })
  const outcome = await write(sink, [...a, ...b])
  assert.deepEqual(outcome.retry, b)
  assert.deepEqual(outcome.rejected, [])
  assert.match(outcome.error?.message ?? '', /^403 cluster_block_exception/)
  await ask(`/${index}-b/_settings`, 'PUT', { 'index.blocks.write': false })
  assert.deepEqual(await writeAll(sink, outcome.retry), [])
  assert.equal((await hits(`${index}-*`)).length, 6)
})

test('a data stream takes each record once, and the template is put as often as the sink opens', async (t) => {
  const { url } = await useOpenSearch()
  const name = uniqueName()
  const template = { name, body: { index_patterns: [`${name}-*`], data_stream: {}, priority: 500 } }
  const options = { node: url, dataStream: `${name}-{kafka.topic}`, template }
  const records = [...numbered(4), makeRecord('without a time', { offset: 4 })]
  for (const part of [records.slice(0, 3), records, records.slice(2)]) {
    const sink = await openSink(t, elasticsearch(options))
    assert.deepEqual(await write(sink, part), { retry: [], error: undefined, rejected: [] })
  }
  const found = await hits(`${name}-logs`)
  assert.equal(found.length, 5)
  assert.match(found[0]?._index ?? '', /^\.ds-/)
})

test('a template that the server refuses ends the start with its reason', async (t) => {
  const { url } = await useOpenSearch()
  const template = { name: uniqueName(), body: { index_pattern: ['x'] } }
  const sink = elasticsearch({ node: url, index: 'x', template })
  t.after(() => sink.close?.())
  await assert.rejects(async () => sink.open?.(), {
    code: 'SINK',
    retryable: false,
    message: new RegExp(`^index template ${template.name}: 400 .*index_pattern`),
  })
})

test('an ingest pipeline is named, and one that is not there is no reason to go on', async (t) => {
  const { url } = await useOpenSearch()
  const index = uniqueName()
  const sink = await openSink(t, elasticsearch({ node: url, index, pipeline: index }))
  const outcome = await write(sink, numbered(2))
  assert.equal(outcome.rejected.length, 2)
  assert.match(outcome.rejected[0]?.error.message ?? '', /pipeline with id .* does not exist/)
})

test("`op: 'index'` with ids of one's own replaces what is there", async (t) => {
  const { url } = await useOpenSearch()
  const index = uniqueName()
  const options = { node: url, index, op: 'index', id: () => 'the one' } as const
  const sink = await openSink(t, elasticsearch(options))
  await write(sink, numbered(3))
  assert.deepEqual(
    (await hits(index)).map(({ _id, _version, _source }) => [_id, _version, _source.n]),
    [['the one', 3, 2]],
  )
})
