import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { createLogger, type Logger } from 'logflume'
import { linesOnDisk, temporaryDirectory } from '../journal/open-journal.ts'
import { useKafka } from '../kafka/brokers.ts'
import { kafkaClient } from '../kafka/client.ts'
import { startKafka } from '../kafka/cluster.ts'
import { createTopic, readTopic, topicOffsets, uniqueTopic } from '../kafka/read-topic.ts'
import { assertSame, linesInKafka } from './lines.ts'

// What the other tests here show on a Kafka with a script, once more on brokers.

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs
const quiet = () => undefined

function logLines(log: Logger, from: number, count: number): void {
  for (let n = from; n < from + count; n++) log.info('order placed', { n, customer: `c${n % 50}` })
}

test('a partition whose only broker died is left for another one, and every line is there', async (t) => {
  await using cluster = await startKafka({ nodes: 3 })
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('leaderless')]
  await createTopic(cluster.brokers, topic, { partitions: 3, replicationFactor: 1 })
  const kafka = { brokers: cluster.brokers, topic, leaderTimeout: 1000, requestTimeout: 2000 }
  const log = createLogger({ name: 'shop', dir, kafka, onDiagnostic: quiet })
  t.after(() => log.close({ timeout: 0 }))
  logLines(log, 0, 1000)
  assert.equal((await log.flush({ timeout: 60_000 })).forwarded, 1000)

  const home = (await topicOffsets(cluster.brokers, topic)).find(({ high }) => high !== '0')?.partition
  const dead = cluster.node(await leaderOf(cluster.brokers, topic, home))
  await dead.kill()
  logLines(log, 1000, 1000)
  const { forwarded, pending, lost, kafka: sent } = await log.flush({ timeout: 60_000 })
  assert.deepEqual([forwarded, pending, lost], [2000, 0, {}])
  assert.equal(sent.moved, 1)

  await dead.start()
  await cluster.ready()
  const messages = await readTopic(cluster.brokers, topic)
  const [before, after] = [messages.filter(isAt(home)), messages.filter((one) => !isAt(home)(one))]
  const lines = [...before, ...after].map(({ value }) => String(value))
  const once = [...new Set(lines)]
  assertSame(once, await linesOnDisk(dir))
  assert.ok(lines.length - once.length <= sent.duplicatesPossible)
  assert.equal(new Set(after.map(({ partition }) => partition)).size, 1)
})

for (const placing of [{ partition: 'spread' }, { key: 'customer' }] as const)
  test(`a topic made again with fewer partitions takes what is logged from then on: ${JSON.stringify(placing)}`, async (t) => {
    const brokers = await useKafka()
    const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('remade')]
    await createTopic(brokers, topic, { partitions: 4 })
    const kafka = { brokers, topic, ...placing, batchBytes: 20_000 }
    const log = createLogger({ name: 'shop', dir, kafka, onDiagnostic: quiet })
    t.after(() => log.close({ timeout: 0 }))
    logLines(log, 0, 2000)
    assert.equal((await log.flush({ timeout: 60_000 })).forwarded, 2000)
    const filled = (await topicOffsets(brokers, topic)).filter(({ high }) => high !== '0')
    assert.ok(filled.length > 1, `${filled.length} partitions have lines`)

    await deleteTopic(brokers, topic)
    await createTopic(brokers, topic, { partitions: 1 })
    logLines(log, 2000, 2000)
    const { forwarded, pending, lost, kafka: sent } = await log.flush({ timeout: 60_000 })
    assert.deepEqual([forwarded, pending, lost], [4000, 0, {}])
    const lines = await linesInKafka(brokers, topic)
    const once = [...new Set(lines)].sort()
    assertSame(once, (await linesOnDisk(dir)).slice(2000).sort())
    assert.ok(lines.length - once.length <= sent.duplicatesPossible)
  })

test('without permission for idempotent writes each line goes with its id, at least once', async (t) => {
  const jaas = `org.apache.kafka.common.security.plain.PlainLoginModule required user_shop="secret";`
  await using cluster = await startKafka({
    config: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
      'allow.everyone.if.no.acl.found': 'true',
    },
    listeners: [
      {
        name: 'LOGIN',
        protocol: 'SASL_PLAINTEXT',
        config: { 'sasl.enabled.mechanisms': 'PLAIN', 'plain.sasl.jaas.config': jaas },
      },
    ],
  })
  await keepFromOthers(cluster.brokers)
  const [dir, topic] = [await temporaryDirectory(t), uniqueTopic('no-id')]
  await createTopic(cluster.brokers, topic, { partitions: 2 })
  const sasl = { mechanism: 'plain', username: 'shop', password: 'secret' } as const
  const kafka = { brokers: cluster.addresses('LOGIN'), topic, sasl }
  const log = createLogger({ name: 'shop', dir, kafka, onDiagnostic: quiet })
  t.after(() => log.close({ timeout: 0 }))
  logLines(log, 0, 1000)
  const { forwarded, lost, kafka: sent } = await log.flush({ timeout: 60_000 })
  assert.deepEqual([forwarded, lost, sent.delivery], [1000, {}, 'at-least-once'])
  const messages = await readTopic(cluster.brokers, topic)
  assertSame(
    messages.map(({ value }) => String(value)),
    await linesOnDisk(dir),
  )
  assert.equal(new Set(messages.map(({ headers }) => String(headers['logflume.id']))).size, 1000)
})

const isAt = (wanted: number | undefined) => (message: { readonly partition: number }) =>
  message.partition === wanted

async function leaderOf(brokers: readonly string[], topic: string, partition?: number): Promise<number> {
  const admin = kafkaClient(brokers).admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] }).finally(() => admin.disconnect())
  const found = topics[0]?.partitions.find(({ partitionId }) => partitionId === partition)
  return found?.leader ?? assert.fail(`no partition of ${topic} has lines`)
}

/** Resolves when no broker knows it any more. */
async function deleteTopic(brokers: readonly string[], topic: string): Promise<void> {
  const admin = kafkaClient(brokers).admin()
  await admin.connect()
  await admin.deleteTopics({ topics: [topic] })
  while ((await admin.listTopics()).includes(topic)) await delay(50)
  await admin.disconnect()
}

/**
 * Lets users write to topics and yet get no producer id: by an entry for somebody else on the cluster, and one on
 * the name by which Kafka tries whether somebody may write to topics at all.
 */
async function keepFromOthers(brokers: readonly string[]): Promise<void> {
  const admin = kafkaClient(brokers).admin()
  const forSomebody = {
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:somebody',
    host: '*',
    permissionType: AclPermissionTypes.ALLOW,
  }
  await admin.connect()
  await admin.createAcls({
    acl: [
      {
        ...forSomebody,
        resourceType: AclResourceTypes.CLUSTER,
        resourceName: 'kafka-cluster',
        operation: AclOperationTypes.IDEMPOTENT_WRITE,
      },
      {
        ...forSomebody,
        resourceType: AclResourceTypes.TOPIC,
        resourceName: 'hardcode',
        operation: AclOperationTypes.WRITE,
      },
    ],
  })
  await admin.disconnect()
}
