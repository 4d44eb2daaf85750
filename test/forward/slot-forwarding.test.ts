import assert from 'node:assert/strict'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLogger, type Logger } from 'logflume'
import { temporaryDirectory, until } from '../journal/open-journal.ts'
import { useKafka } from '../kafka/brokers.ts'
import { readTopic, uniqueTopic } from '../kafka/read-topic.ts'

function assertAdded(log: Logger): void {
  const { written, forwarded, pending, lost } = log.stats()
  const total = Object.values(lost).reduce((sum, lines) => sum + lines, 0)
  assert.equal(written, forwarded + pending + total)
}

test('a journal that has to go on in another slot is forwarded from there, and its counts add up', async (t) => {
  const brokers = await useKafka()
  const dir = join(await temporaryDirectory(t), 'logs')
  const topic = uniqueTopic('slot')
  const onDiagnostic = (): void => undefined
  const options = {
    name: 'shop',
    dir,
    onDiagnostic,
    kafka: { brokers, topic, createTopic: { partitions: 1 } },
  }
  const log = createLogger(options)
  t.after(() => log.close())
  for (let n = 0; n < 10; n++) log.info('before', { n })
  await log.flush({ timeout: 20_000 })
  await rename(dir, `${dir}.moved`)
  const other = createLogger(options)
  t.after(() => other.close())
  other.info('other')
  log.info('finds out', { n: 10 })
  await until(() => log.stats().journal.file.startsWith('shop.1.'))
  assertAdded(log)
  for (let n = 11; n < 20; n++) log.info('behind', { n })
  const stats = await log.close({ timeout: 20_000 })
  assertAdded(log)
  assert.deepEqual([stats.written, stats.pending], [20, 0])
  const { forwarded } = await other.close({ timeout: 20_000 })
  assert.equal(forwarded, 1)
  const numbers = (await readTopic(brokers, topic))
    .map(({ value }) => (JSON.parse(String(value)) as { n?: number }).n)
    .filter((n) => n !== undefined)
  const { 'slot taken over': left = 0, 'deleted before it was forwarded': deleted = 0, ...rest } = stats.lost
  assert.deepEqual(rest, {})
  assert.ok(left + deleted <= 1, 'only the line that found out may have been left in the moved directory')
  assert.equal(numbers.length, 20 - left - deleted)
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a = 0, b = 0) => a - b),
  )
})
