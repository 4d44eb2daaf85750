import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Message } from 'kafkajs'
import type { ConsumerStats } from 'logflume/consumer'
import { useKafka } from '../kafka/brokers.ts'
import { createTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'
import { committed, produce } from './kafka.ts'

const KILLS = process.env.LOGFLUME_FAULTS === 'long' ? 50 : 12
const PARTITIONS = 3
const ROUND = 3000
const script = new URL('fixtures/killed-consumer.ts', import.meta.url)

/** Lines of three modules, each with a partition of its own, over two days. */
function round(number: number): Message[] {
  return Array.from({ length: ROUND }, (_, index) => {
    const n = number * ROUND + index
    const day = n % 7 === 0 ? '20' : '21'
    const fields = {
      '@timestamp': `2026-11-${day}T10:00:00.000Z`,
      module: `m${n % PARTITIONS}`,
      n,
      pad: 'x'.repeat(n % 300),
    }
    return { partition: n % PARTITIONS, value: JSON.stringify(fields) }
  })
}

test(`after ${KILLS} kills each line is in the daily files and in the objects once, byte for byte`, async (t) => {
  const brokers = await useKafka()
  const topic = uniqueTopic('kill')
  await createTopic(brokers, topic, { partitions: PARTITIONS })
  const dir = await temporaryDirectory(t)
  await mkdir(join(dir, 'objects'))
  let child: ChildProcess | undefined
  let stats: ConsumerStats | undefined
  const start = (): ChildProcess => {
    stats = undefined
    const started = fork(script, [brokers[0] ?? '', topic, dir], { execArgv: ['--import', 'tsx'] })
    started.on('message', (message) => (stats = message as ConsumerStats))
    return started
  }
  t.after(() => child?.kill('SIGKILL'))
  const expected = new Map<string, string>()
  let rounds = 0
  const send = async (): Promise<void> => {
    const lines = round(rounds++)
    await produce(brokers, topic, lines)
    for (const { value } of lines) {
      const text = String(value)
      const { module, ['@timestamp']: time } = JSON.parse(text) as Record<string, string>
      const file = `${module}.${time?.slice(0, 10).replaceAll('-', '')}`
      expected.set(file, `${expected.get(file) ?? ''}${text}\n`)
    }
  }

  for (let kill = 0; kill < KILLS; kill++) {
    await send()
    child = start()
    while ((stats?.state ?? 'starting') !== 'running') await setTimeout(10)
    await Promise.all([send(), setTimeout(Math.random() * 700)])
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  child = start()
  const ends = Array(PARTITIONS).fill(String((rounds * ROUND) / PARTITIONS))
  while (String(await committed(brokers, `${topic}-group`, topic)) !== String(ends)) await setTimeout(200)
  child.kill('SIGTERM')
  await once(child, 'exit')

  const files = (await readdir(join(dir, 'files'))).filter((file) => !file.startsWith('.'))
  assert.deepEqual(files.sort(), [...expected.keys()].sort())
  for (const file of files) {
    const written = await readFile(join(dir, 'files', file), 'utf8')
    assert.ok(written === expected.get(file), `${file} is what was sent`)
  }
  const objects = (await readdir(join(dir, 'objects'))).filter((file) => !file.endsWith('.tmp'))
  const lines = await Promise.all(objects.map((file) => readFile(join(dir, 'objects', file), 'utf8')))
  const numbers = lines
    .join('')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { n: number }).n)
    .sort((a, b) => a - b)
  const twice = numbers.filter((n, index) => n === numbers[index - 1])
  assert.deepEqual([numbers.length - twice.length, twice.slice(0, 10)], [rounds * ROUND, []])
})
