import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import kafkajs from 'kafkajs'
import type { AclEntry } from 'kafkajs'
import { KafkaRefusal } from '../../src/kafka/kafka-refusal.ts'
import { connectKafkajs } from '../../src/kafka/kafkajs.ts'
import type { KafkaPort } from '../../src/kafka/port.ts'
import { encodeBatch, NOT_IDEMPOTENT } from '../../src/kafka/record-batch.ts'
import { kafkaClient } from '../kafka/client.ts'
import { startKafka } from '../kafka/cluster.ts'
import type { KafkaCluster } from '../kafka/cluster.ts'
import { createTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { persist } from './persist.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs

const users = ['writer', 'reader'] as const
type User = (typeof users)[number]

let cluster: KafkaCluster
before(async () => {
  const logins = users.map((user) => `user_${user}="secret"`).join(' ')
  const jaas = `org.apache.kafka.common.security.plain.PlainLoginModule required ${logins};`
  cluster = await startKafka({
    config: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS', // whoever comes by the plain listener: brokers, and the tests
    },
    listeners: [
      {
        name: 'LOGIN',
        protocol: 'SASL_PLAINTEXT',
        config: { 'sasl.enabled.mechanisms': 'PLAIN', 'plain.sasl.jaas.config': jaas },
      },
    ],
  })
})
after(() => cluster.stop())

function open(t: TestContext, username: User): KafkaPort {
  const port = connectKafkajs({
    brokers: cluster.addresses('LOGIN'),
    clientId: 'permissions',
    createTopic: { partitions: 1, replicationFactor: 1 },
    requestTimeout: 10_000,
    connectionTimeout: 5_000,
    sasl: { mechanism: 'plain', username, password: 'secret' },
  })
  t.after(() => port.close())
  return port
}

async function allow(user: User, topic: string, operation: AclEntry['operation']): Promise<void> {
  const admin = kafkaClient(cluster.brokers).admin()
  await admin.connect()
  await admin.createAcls({
    acl: [
      {
        resourceType: AclResourceTypes.TOPIC,
        resourceName: topic,
        resourcePatternType: ResourcePatternTypes.LITERAL,
        principal: `User:${user}`,
        host: '*',
        operation,
        permissionType: AclPermissionTypes.ALLOW,
      },
    ],
  })
  await admin.disconnect()
}

async function refusal(work: Promise<unknown>): Promise<readonly [number | undefined, string | undefined]> {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  assert.ok(error instanceof KafkaRefusal, String(error))
  return [error.kafkaCode, error.kafkaName]
}

const line = (numbers = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }): Buffer =>
  encodeBatch(Buffer.from('a line\n'), { ...numbers, timestamp: Date.now() }).bytes

test('who may write to a topic may write to it idempotently, and needs nothing more', async (t) => {
  const topic = uniqueTopic('write')
  await createTopic(cluster.brokers, topic)
  await allow('writer', topic, AclOperationTypes.WRITE)
  const port = open(t, 'writer')
  assert.equal((await port.partitions(topic)).length, 1)
  const { id, epoch } = await port.initProducerId()
  const first = line({ producerId: id, producerEpoch: epoch, baseSequence: 0 })
  await persist(() => port.produce(topic, 0, first))
})

test('who may write to no topic gets no producer id: 31; and is refused as a writer with 29', async (t) => {
  const topic = uniqueTopic('read')
  await createTopic(cluster.brokers, topic)
  await allow('reader', topic, AclOperationTypes.DESCRIBE)
  const port = open(t, 'reader')
  assert.equal((await port.partitions(topic)).length, 1)
  assert.deepEqual(await refusal(port.initProducerId()), [31, 'CLUSTER_AUTHORIZATION_FAILED'])
  assert.deepEqual(await refusal(port.produce(topic, 0, line(NOT_IDEMPOTENT))), [
    29,
    'TOPIC_AUTHORIZATION_FAILED',
  ])
})

test('a topic that one may not see, and one that one may not create, are refused with 29', async (t) => {
  const topic = uniqueTopic('hidden')
  await createTopic(cluster.brokers, topic)
  const port = open(t, 'reader')
  assert.deepEqual(await refusal(port.partitions(topic)), [29, 'TOPIC_AUTHORIZATION_FAILED'])
  assert.deepEqual(await refusal(port.partitions(uniqueTopic('missing'))), [29, 'TOPIC_AUTHORIZATION_FAILED'])
})
