import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectKafkajs } from '../../src/kafka/kafkajs.ts'
import type { KafkaLogLevel } from '../../src/kafka/kafkajs.ts'
import { freePort } from '../kafka/ports.ts'
import { kafkaPortContract } from './contract.ts'

kafkaPortContract('kafkajs')

void test("kafkajs' own log lines go to the callback, until the port is closed", async (t) => {
  const lines: [KafkaLogLevel, string][] = []
  const address = `127.0.0.1:${await freePort()}`
  const port = connectKafkajs(
    {
      brokers: [address],
      clientId: 'log',
      createTopic: false,
      requestTimeout: 5_000,
      connectionTimeout: 5_000,
    },
    (level, message, extra) => {
      assert.equal(extra.broker, address)
      lines.push([level, message])
    },
  )
  t.after(() => port.close())
  await assert.rejects(port.partitions('t'))
  assert.deepEqual(lines, [['error', `Connection error: connect ECONNREFUSED ${address}`]])
  const asked = port.partitions('t')
  await port.close()
  await assert.rejects(asked)
  assert.equal(lines.length, 1)
})
