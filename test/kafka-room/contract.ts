import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { connectKafka } from '../../src/kafka/connect.ts'
import { KafkaRefusal } from '../../src/kafka/kafka-refusal.ts'
import type { KafkaClient, KafkaOptions, KafkaPort, ProducerIdentity } from '../../src/kafka/port.ts'
import { encodeBatch } from '../../src/kafka/record-batch.ts'
import { useKafka } from '../kafka/brokers.ts'
import { startKafka } from '../kafka/cluster.ts'
import { freePort } from '../kafka/ports.ts'
import { readTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { persist } from './persist.ts'

const NOT_IDEMPOTENT: ProducerIdentity = { id: -1n, epoch: -1 }

/** A batch of `count` lines, 'prefix first', 'prefix first+1' …, whose sequences begin at `first`. */
function numbered(
  prefix: string,
  first: number,
  count: number,
  { id, epoch }: ProducerIdentity = NOT_IDEMPOTENT,
): Buffer {
  const lines = Array.from({ length: count }, (_, index) => `${prefix} ${first + index}\n`).join('')
  const baseSequence = id < 0n ? -1 : first
  return encodeBatch(Buffer.from(lines), {
    producerId: id,
    producerEpoch: epoch,
    baseSequence,
    timestamp: Date.now(),
  }).bytes
}

function numbers(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index}`)
}

async function valuesIn(brokers: readonly string[], topic: string): Promise<string[]> {
  return (await readTopic(brokers, topic)).map(({ value }) => String(value))
}

async function refusal(work: Promise<unknown>): Promise<KafkaRefusal> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof KafkaRefusal, `a KafkaRefusal, not ${String(error)}`)
  return error
}

/** A host that takes connections and says nothing. */
async function silentServer(t: TestContext): Promise<{ address: string; connection: Promise<unknown> }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.on('error', () => undefined)))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return { address: `127.0.0.1:${port}`, connection: once(server, 'connection') }
}

async function took(work: Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work
  return performance.now() - start
}

function all(port: KafkaPort): (() => Promise<unknown>)[] {
  const batch = numbered('a', 0, 1)
  return [() => port.partitions('t'), () => port.initProducerId(), () => port.produce('t', 0, batch)]
}

/** What any client behind `KafkaPort` has to do, on real brokers. */
export function kafkaPortContract(client: KafkaClient): void {
  const open = (
    t: TestContext,
    brokers: readonly string[],
    options: Partial<KafkaOptions> = {},
  ): KafkaPort => {
    const port = connectKafka[client]({
      brokers,
      clientId: 'contract',
      createTopic: { partitions: 1, replicationFactor: 3 },
      requestTimeout: 10_000,
      connectionTimeout: 5_000,
      ...options,
    })
    t.after(() => port.close())
    return port
  }

  void test('a missing topic is created with its leaders, by one of two who want it at once', async (t) => {
    const brokers = await useKafka()
    const topic = uniqueTopic('create')
    const [one, other] = [0, 1].map(() =>
      open(t, brokers, { createTopic: { partitions: 4, replicationFactor: 2 } }),
    )
    const both = await Promise.all([one!.partitions(topic), other!.partitions(topic)])
    for (const partitions of both) {
      assert.deepEqual(
        partitions.map(({ partition }) => partition),
        [0, 1, 2, 3],
      )
      assert.ok(partitions.every(({ leader }) => leader !== undefined))
    }
    assert.deepEqual(await open(t, brokers).partitions(topic), both[0])
  })

  void test('a missing topic is told as such where creating is left to others', async (t) => {
    const brokers = await useKafka()
    const topic = uniqueTopic('missing')
    const port = open(t, brokers, { createTopic: false })
    const noTopic = { kafkaCode: 3, kafkaName: 'UNKNOWN_TOPIC_OR_PARTITION', retryable: true, code: 'KAFKA' }
    await assert.rejects(port.partitions(topic), noTopic)
    await assert.rejects(port.produce(topic, 0, numbered('a', 0, 1)), noTopic)

    await open(t, brokers).partitions(topic)
    assert.deepEqual(await persist(() => port.produce(topic, 0, numbered('a', 0, 1))), { baseOffset: 0n })
    await assert.rejects(
      port.produce(topic, 1, numbered('a', 0, 1)),
      noTopic,
      'nor is there a second partition',
    )
  })

  void test('a topic that no broker would create is refused for good', async (t) => {
    const port = open(t, await useKafka())
    const { kafkaCode, retryable } = await refusal(port.partitions('not a topic name'))
    assert.deepEqual({ kafkaCode, retryable }, { kafkaCode: 17, retryable: false })
  })

  void test('records are in the topic as they were in the batch, in the partition that was named', async (t) => {
    const brokers = await useKafka()
    const topic = uniqueTopic('produce')
    const port = open(t, brokers, { createTopic: { partitions: 2, replicationFactor: 1 } })
    await port.partitions(topic)
    await persist(() => port.produce(topic, 0, numbered('other partition', 0, 1)))
    const line = '{"@timestamp":"2026-01-02T03:04:05.678Z","message":"Grüße"}'
    const header = { producerId: -1n, producerEpoch: -1, baseSequence: -1, timestamp: 0 }
    const { bytes } = encodeBatch(Buffer.from(`${line}\nsecond\n`), header)
    assert.deepEqual(await persist(() => port.produce(topic, 1, bytes)), { baseOffset: 0n })
    assert.deepEqual(await port.produce(topic, 1, bytes), { baseOffset: 2n })
    const messages = (await readTopic(brokers, topic)).filter(({ partition }) => partition === 1)
    assert.deepEqual(
      messages.map(({ value }) => String(value)),
      [line, 'second', line, 'second'],
    )
    for (const { key, timestamp } of messages) {
      assert.deepEqual([key, timestamp], [null, Date.parse('2026-01-02T03:04:05.678Z')])
    }
  })

  void test('batches in flight arrive in the order of the calls, from the first connection on', async (t) => {
    const brokers = await useKafka()
    const topic = uniqueTopic('order')
    const creator = open(t, brokers, { createTopic: { partitions: 2, replicationFactor: 1 } })
    await creator.partitions(topic)
    for (const partition of [0, 1])
      await persist(() => creator.produce(topic, partition, numbered('start', 0, 1)))
    const port = open(t, brokers) // not connected yet: the first call has to find the leader
    const sizes = Array.from({ length: 20 }, (_, index) => (index % 3 === 0 ? 3_000 : 1 + index))
    const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0))
    const answers = await Promise.all(
      sizes.flatMap((size, index) => [
        port.produce(topic, 0, numbered('zero', starts[index]!, size)),
        port.produce(topic, 1, numbered('one', starts[index]!, size)),
      ]),
    )
    assert.deepEqual(
      answers.map(({ baseOffset }) => baseOffset),
      starts.flatMap((start) => [BigInt(start + 1), BigInt(start + 1)]),
    )
    const total = sizes.reduce((sum, size) => sum + size, 0)
    assert.deepEqual(await valuesIn(brokers, topic), [
      'start 0',
      ...numbers('zero', total),
      'start 0',
      ...numbers('one', total),
    ])
  })

  void test('a batch that is sent again is taken once, also over another connection', async (t) => {
    const brokers = await useKafka()
    const topic = uniqueTopic('repeat')
    const port = open(t, brokers)
    await port.partitions(topic)
    const producer = await port.initProducerId()
    const batches = [0, 10, 20, 30, 40].map((first) => numbered('line', first, 10, producer))
    const sendAll = (through: KafkaPort) =>
      Promise.all(batches.map((batch) => through.produce(topic, 0, batch)))
    // A leader that has just been elected may not know it yet.
    await persist(() => port.produce(topic, 0, batches[0]!))
    const first = await sendAll(port)
    assert.deepEqual(await sendAll(port), first)
    await port.close()
    assert.deepEqual(await sendAll(open(t, brokers)), first)
    assert.deepEqual(await valuesIn(brokers, topic), numbers('line', 50))
  })

  void test('who waits for the leader alone hears an offset, who waits for nobody none; the lines are there', async (t) => {
    const brokers = await useKafka()
    const topic = uniqueTopic('acks')
    await open(t, brokers).partitions(topic)
    const leader = open(t, brokers, { acks: 'leader' })
    assert.deepEqual(await persist(() => leader.produce(topic, 0, numbered('line', 0, 10))), {
      baseOffset: 0n,
    })
    const nobody = open(t, brokers, { acks: 'none' })
    const unheard = await Promise.all(
      [1, 2, 3].map((n) => nobody.produce(topic, 0, numbered('line', n * 10, 10))),
    )
    assert.deepEqual(
      unheard,
      [1, 2, 3].map(() => ({ baseOffset: -1n })),
    )
    while ((await valuesIn(brokers, topic)).length < 40) await nobody.partitions(topic)
    assert.deepEqual(await valuesIn(brokers, topic), numbers('line', 40))
  })

  void test('every producer id is another one', async (t) => {
    const port = open(t, await useKafka())
    const ids = await Promise.all([port.initProducerId(), port.initProducerId(), port.initProducerId()])
    assert.equal(new Set(ids.map(({ id }) => id)).size, 3)
    for (const { id, epoch } of ids) assert.ok(id >= 0n && epoch >= 0)
  })

  void test('a gap in the sequences is refused, and what follows in order is taken', async (t) => {
    const brokers = await useKafka()
    const topic = uniqueTopic('gap')
    const port = open(t, brokers)
    await port.partitions(topic)
    const producer = await port.initProducerId()
    await persist(() => port.produce(topic, 0, numbered('line', 0, 5, producer)))
    const { kafkaCode, kafkaName, retryable } = await refusal(
      port.produce(topic, 0, numbered('line', 6, 5, producer)),
    )
    assert.deepEqual([kafkaCode, kafkaName, retryable], [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', false])
    await port.produce(topic, 0, numbered('line', 5, 5, producer))
    assert.deepEqual(await valuesIn(brokers, topic), numbers('line', 10))
  })

  void test('a batch that is too large is refused alone', async (t) => {
    const brokers = await useKafka()
    const topic = uniqueTopic('large')
    const port = open(t, brokers)
    await port.partitions(topic)
    await persist(() => port.produce(topic, 0, numbered('small', 0, 1)))
    const large = port.produce(topic, 0, numbered('x'.repeat(1_100_000), 0, 1)) // the default limit is 1 MiB
    const small = port.produce(topic, 0, numbered('small', 1, 1))
    const { kafkaCode, kafkaName, retryable } = await refusal(large)
    assert.deepEqual([kafkaCode, kafkaName, retryable], [10, 'MESSAGE_TOO_LARGE', false])
    await small
    assert.deepEqual(await valuesIn(brokers, topic), numbers('small', 2))
  })

  void test('where nothing listens, everything is refused at once, without a code', async (t) => {
    const nobody = [`127.0.0.1:${await freePort()}`, `localhost:${await freePort()}`]
    const port = open(t, nobody)
    const elapsed = await took(
      (async () => {
        for (const work of all(port)) {
          const { kafkaCode, retryable, message } = await refusal(work())
          assert.deepEqual([kafkaCode, retryable], [undefined, true])
          assert.match(message, /ECONNREFUSED/)
        }
      })(),
    )
    assert.ok(elapsed < 2_000, `${elapsed} ms`)
  })

  void test('a broker out of several that is not there is passed over', async (t) => {
    const brokers = [`127.0.0.1:${await freePort()}`, ...(await useKafka())]
    for (let turn = 0; turn < 2; turn++) {
      assert.equal((await open(t, brokers).partitions(uniqueTopic('over'))).length, 1)
    }
  })

  void test('a host that takes connections and never answers is given up in time', async (t) => {
    const silent = await silentServer(t)
    const port = open(t, [silent.address], { requestTimeout: 300, connectionTimeout: 10_000 })
    for (const work of all(port)) {
      const elapsed = await took(refusal(work()))
      assert.ok(elapsed < 1_000, `${elapsed} ms`)
    }
  })

  void test('close() rejects what is under way at once, and what is asked after it', async (t) => {
    const silent = await silentServer(t)
    const waiting = open(t, [silent.address])
    const asked = refusal(waiting.partitions('t'))
    await silent.connection
    await waiting.close()
    assert.equal((await asked).kafkaCode, undefined)

    const brokers = await useKafka()
    const topic = uniqueTopic('close')
    const port = open(t, brokers)
    await port.partitions(topic)
    await persist(() => port.produce(topic, 0, numbered('a', 0, 1)))
    const sent = refusal(port.produce(topic, 0, numbered('a', 1, 50_000)))
    const closed = port.close()
    assert.equal((await sent).kafkaCode, undefined)
    await closed
    for (const work of all(port)) assert.equal((await refusal(work())).retryable, false)
    await port.close()
  })

  void test('a paused broker: requests reject in time, and go through when it is back', async (t) => {
    const cluster = await startKafka()
    t.after(() => cluster.stop())
    const topic = uniqueTopic('pause')
    const port = open(t, cluster.brokers, { requestTimeout: 1_000 })
    await port.partitions(topic)
    const producer = await port.initProducerId()
    await persist(() => port.produce(topic, 0, numbered('line', 0, 10, producer)))

    cluster.node(1).pause()
    await cluster.node(1).paused()
    const batches = [10, 20, 30, 40, 50].map((first) => numbered('line', first, 10, producer))
    const sendAll = () => Promise.all(batches.map((batch) => port.produce(topic, 0, batch)))
    const elapsed = await took(
      Promise.all(
        batches.map(async (batch) => {
          const { kafkaCode, retryable } = await refusal(port.produce(topic, 0, batch))
          assert.deepEqual([kafkaCode, retryable], [undefined, true])
        }),
      ),
    )
    assert.ok(elapsed > 900 && elapsed < 2_000, `${elapsed} ms`)
    const again = await took(refusal(port.produce(topic, 0, batches[0]!)))
    assert.ok(again < 2_000, `also on a new connection: ${again} ms`)
    cluster.node(1).resume()
    await persist(sendAll)
    assert.deepEqual(await valuesIn(cluster.brokers, topic), numbers('line', 60))

    await cluster.node(1).restart()
    await persist(() => port.produce(topic, 0, numbered('line', 60, 10, producer)))
    assert.deepEqual(await valuesIn(cluster.brokers, topic), numbers('line', 70), 'connects again by itself')
  })

  void test('three brokers: each batch goes to its leader, and to the new one after a death', async (t) => {
    const cluster = await startKafka({ nodes: 3 })
    t.after(() => cluster.stop())
    const port = open(t, cluster.brokers, { createTopic: { partitions: 6, replicationFactor: 2 } })
    const alone = uniqueTopic('alone')
    const safe = uniqueTopic('safe')
    const single = open(t, cluster.brokers, { createTopic: { partitions: 6, replicationFactor: 1 } })
    await single.partitions(alone)
    const partitions = await port.partitions(safe)
    const leaders = new Set(partitions.map(({ leader }) => leader))
    assert.equal(leaders.size, 3)
    const producer = await port.initProducerId()
    await Promise.all(
      partitions.map(({ partition }) =>
        persist(() => port.produce(safe, partition, numbered('line', 0, 10, producer))),
      ),
    )
    const { leader } = partitions[0]!
    await cluster.node(leader!).kill()
    await Promise.all(
      partitions.map(async ({ partition }) => {
        // The last one again as well, as after a lost answer: its second copy meets the new leader.
        await persist(() => port.produce(safe, partition, numbered('line', 0, 10, producer)))
        await persist(() => port.produce(safe, partition, numbered('line', 10, 10, producer)))
      }),
    )
    const living = cluster.brokers.filter((broker) => broker !== cluster.node(leader!).broker)
    const messages = await readTopic(living, safe)
    for (const { partition } of partitions) {
      const values = messages
        .filter((message) => message.partition === partition)
        .map(({ value }) => String(value))
      assert.deepEqual(values, numbers('line', 20))
    }

    const orphans = await port.partitions(alone)
    assert.equal(orphans.length, 6)
    assert.equal(orphans.filter((one) => one.leader === undefined).length, 2)
    for (const { partition, leader: led } of orphans) {
      if (led !== undefined) await port.produce(alone, partition, numbered('line', 0, 1))
      else assert.equal((await refusal(port.produce(alone, partition, numbered('line', 0, 1)))).kafkaCode, 5)
    }
  })

  void test('a process ends once its port is closed, and the port has printed nothing', async () => {
    const fixture = join(import.meta.dirname, 'fixtures', 'close.ts')
    const [broker = ''] = await useKafka()
    for (const address of [broker, `127.0.0.1:${await freePort()}`]) {
      const args = ['--import', 'tsx', fixture, client, address, uniqueTopic('exit')]
      const printed = await promisify(execFile)(process.execPath, args, { timeout: 30_000 })
      assert.deepEqual(printed, { stdout: '', stderr: '' })
    }
  })
}
