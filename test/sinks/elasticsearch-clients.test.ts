import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client as Client9 } from '@elastic/elasticsearch'
import { Client as OpenSearchClient } from '@opensearch-project/opensearch'
import { Client as Client7 } from 'elasticsearch7'
import { Client as Client8 } from 'elasticsearch8'
import { elasticsearch } from '../../src/sinks/elasticsearch.ts'
import { makeRecord } from '../consume/make-record.ts'
import { useElasticsearch } from '../opensearch/server.ts'
import { write } from './write.ts'

// Against a real Elasticsearch: Elastic's clients refuse to talk to anything else.

const clients = {
  '@opensearch-project/opensearch 3': (node: string) => new OpenSearchClient({ node }),
  '@elastic/elasticsearch 7': (node: string) => new Client7({ node }),
  '@elastic/elasticsearch 8': (node: string) => new Client8({ node, compression: true }),
  '@elastic/elasticsearch 9': (node: string) => new Client9({ node }),
}

for (const [number, [name, make]] of Object.entries(clients).entries()) {
  test(`a client of ${name} is taken as it is, and left open`, async (t) => {
    const { url } = await useElasticsearch()
    const client = make(url)
    t.after(() => client.close())
    const index = `logs-${number}`
    const count = async (): Promise<unknown> => {
      await fetch(`${url}/${index}/_refresh`, { method: 'POST' })
      return ((await (await fetch(`${url}/${index}/_count`)).json()) as { count: unknown }).count
    }
    const template = { name: index, body: { index_patterns: [`${index}*`] } }
    const sink = elasticsearch({ client, index, template })
    await sink.open?.()
    const records = [1, 2, 3, 4].map((n) => makeRecord({ '@timestamp': 0, n }, { offset: n }))
    const wrong = makeRecord({ '@timestamp': 0, n: 'many' }, { offset: 18 })
    const { retry, rejected, error } = await write(sink, [...records.slice(1), wrong])
    assert.deepEqual([retry, error], [[], undefined])
    assert.deepEqual(
      rejected.map(({ record }) => record),
      [wrong],
    )
    assert.match(rejected[0]?.error.message ?? '', /^400 mapper_parsing_exception: /)
    assert.equal(await count(), 3)
    await sink.close?.()
    await sink.open?.()
    assert.deepEqual((await write(sink, records)).retry, [])
    assert.equal(await count(), 4)
    const signal = AbortSignal.abort(new Error('lost'))
    await assert.rejects(write(sink, records, { signal, committed: undefined }))
  })
}

test('a server without data streams says so when the sink opens', async (t) => {
  const { url } = await useElasticsearch()
  const body = { index_patterns: ['stream-*'], data_stream: {} }
  const sink = elasticsearch({ node: url, dataStream: 'stream-a', template: { name: 'stream', body } })
  t.after(() => sink.close?.())
  await assert.rejects(async () => sink.open?.(), {
    retryable: false,
    message: /unknown field \[data_stream\]/,
  })
})
