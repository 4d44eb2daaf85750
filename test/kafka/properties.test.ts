import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverProperties } from './properties.ts'
import type { Listener } from './properties.ts'

const ports = [
  { broker: 1001, controller: 2001, others: [3001, 4001] },
  { broker: 1002, controller: 2002, others: [3002, 4002] },
  { broker: 1003, controller: 2003, others: [3003, 4003] },
]

function lines(id: number, nodes: number, config = {}, listeners: readonly Listener[] = []): string[] {
  const settings = { id, ports: ports.slice(0, nodes), listeners, dataFolder: '/data', config }
  return serverProperties(settings).split('\n')
}

test('a node listens on its own ports and knows the controllers of all', () => {
  const second = lines(2, 3)
  assert.ok(second.includes('node.id=2'))
  assert.ok(second.includes('listeners=PLAINTEXT://127.0.0.1:1002,CONTROLLER://127.0.0.1:2002'))
  assert.ok(second.includes('controller.quorum.voters=1@127.0.0.1:2001,2@127.0.0.1:2002,3@127.0.0.1:2003'))
})

test("Kafka's own topics have a copy on every node", () => {
  assert.ok(lines(1, 1).includes('offsets.topic.replication.factor=1'))
  assert.ok(lines(1, 3).includes('offsets.topic.replication.factor=3'))
  assert.ok(lines(1, 3).includes('transaction.state.log.replication.factor=3'))
})

test('what the caller sets takes the place of what we set', () => {
  const changed = lines(1, 1, { 'auto.create.topics.enable': 'true', 'message.max.bytes': '1000' })
  assert.deepEqual(
    changed.filter((line) => line.startsWith('auto.create.topics.enable')),
    ['auto.create.topics.enable=true'],
  )
  assert.ok(changed.includes('message.max.bytes=1000'))
})

test('further listeners have ports and settings of their own, and are told to clients', () => {
  const second = lines(2, 3, {}, [
    { name: 'TLS', protocol: 'SSL', config: { 'ssl.client.auth': 'required' } },
    { name: 'LOGIN', protocol: 'SASL_SSL', config: {} },
  ])
  const ways = 'PLAINTEXT://127.0.0.1:1002,TLS://127.0.0.1:3002,LOGIN://127.0.0.1:4002'
  assert.ok(second.includes(`listeners=${ways},CONTROLLER://127.0.0.1:2002`))
  assert.ok(second.includes(`advertised.listeners=${ways}`))
  assert.ok(
    second.includes(
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,LOGIN:SASL_SSL',
    ),
  )
  assert.ok(second.includes('listener.name.tls.ssl.client.auth=required'))
})
