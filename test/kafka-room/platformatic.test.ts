import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import * as library from '@platformatic/kafka'
import { connectPlatformatic } from '../../src/kafka/platformatic.ts'
import type { KafkaOptions } from '../../src/kafka/port.ts'
import { kafkaPortContract } from './contract.ts'

kafkaPortContract('@platformatic/kafka')

const options: KafkaOptions = {
  brokers: ['127.0.0.1:1'],
  clientId: 'platformatic',
  createTopic: false,
  requestTimeout: 5_000,
  connectionTimeout: 5_000,
}

void test('a library that cannot be loaded refuses everything with the reason, for good', async () => {
  const port = connectPlatformatic(options, () => Promise.reject(new Error('needs Node 22')))
  const refusal = {
    code: 'KAFKA',
    retryable: false,
    message: 'kafka.client is @platformatic/kafka, which cannot be loaded: needs Node 22',
  }
  await assert.rejects(port.partitions('t'), refusal)
  await assert.rejects(port.initProducerId(), refusal)
  await assert.rejects(port.produce('t', 0, Buffer.alloc(0)), refusal)
  await port.close()
})

void test('calls made while the library loads go through when it is there, also where it took long', async (t) => {
  let loaded: (it: typeof library) => void = () => undefined
  const loading = new Promise<typeof library>((resolve) => (loaded = resolve))
  const port = connectPlatformatic({ ...options, requestTimeout: 200 }, () => loading)
  t.after(() => port.close())
  const asked = port.partitions('t')
  setTimeout(() => loaded(library), 400)
  await assert.rejects(asked, /ECONNREFUSED/) // and not for lack of time
})

/** Answers every request with these bytes. */
async function brokerThatAnswers(t: TestContext, body: Buffer): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('data', (request: Buffer) => {
      const head = Buffer.alloc(8)
      head.writeInt32BE(4 + body.length, 0)
      request.copy(head, 4, 8, 12) // correlation id
      socket.write(Buffer.concat([head, body]))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

void test('a broker older than the requests that are used is told as such', async (t) => {
  // ApiVersions: no error, one API (Produce, 0 to 6), no throttling, no tags.
  const versions = Buffer.from([0, 0, 2, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0])
  const broker = await brokerThatAnswers(t, versions)
  const port = connectPlatformatic({ ...options, brokers: [broker] })
  t.after(() => port.close())
  await assert.rejects(port.partitions('t'), {
    retryable: false,
    message: `${broker} is older than Kafka 2.8`,
  })
})
