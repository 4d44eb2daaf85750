import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { connectKafkajs } from '../../src/kafka/kafkajs.ts'
import type { KafkaLogLevel } from '../../src/kafka/kafkajs.ts'
import { useKafka } from '../kafka/brokers.ts'
import { freePort } from '../kafka/ports.ts'
import { uniqueTopic } from '../kafka/read-topic.ts'
import { kafkaPortContract } from './contract.ts'

kafkaPortContract(connectKafkajs)

void test('a process ends once its port is closed, and the port has printed nothing', async () => {
  const fixture = join(import.meta.dirname, 'fixtures', 'close.ts')
  const [broker = ''] = await useKafka()
  for (const address of [broker, `127.0.0.1:${await freePort()}`]) {
    const args = ['--import', 'tsx', fixture, address, uniqueTopic('exit')]
    const printed = await promisify(execFile)(process.execPath, args, { timeout: 30_000 })
    assert.deepEqual(printed, { stdout: '', stderr: '' })
  }
})

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
