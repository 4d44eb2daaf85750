import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverProperties } from './properties.ts'

const ports = [
  { broker: 1001, controller: 2001 },
  { broker: 1002, controller: 2002 },
  { broker: 1003, controller: 2003 },
]

function lines(id: number, nodes: number, config = {}): string[] {
  return serverProperties({ id, ports: ports.slice(0, nodes), dataFolder: '/data', config }).split('\n')
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
