import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { PRODUCE_VERSION, produceHead } from '../../src/kafka/produce-request.ts'

const load = createRequire(import.meta.url)
const encodeRequest = load('kafkajs/src/protocol/request') as (request: object) => Promise<{ buffer: Buffer }>
const { protocol } = load('kafkajs/src/protocol/requests/produce') as {
  protocol: (choice: { version: number }) => (request: object) => { request: object }
}

void test('the head is what kafkajs itself would send before a batch of that size', async () => {
  for (const topic of ['logs', 'größer']) {
    const messages = [{ key: null, value: 'a line', timestamp: 0 }]
    const { request } = protocol({ version: PRODUCE_VERSION })({
      acks: -1,
      timeout: 12_345,
      topicData: [{ topic, partitions: [{ partition: 7, firstSequence: 0, messages }] }],
    })
    const { buffer } = await encodeRequest({ correlationId: 99, clientId: 'shop', request })
    const head = (batchBytes: number): Buffer =>
      produceHead({
        correlationId: 99,
        clientId: 'shop',
        topic,
        partition: 7,
        acks: 'all',
        timeout: 12_345,
        batchBytes,
      })
    const ours = head(buffer.length - head(0).length)
    assert.deepEqual(ours, buffer.subarray(0, ours.length))
  }
})
