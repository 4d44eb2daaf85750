import assert from 'node:assert/strict'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { claimSlotNumber } from '../../src/journal/lock.ts'
import { segmentFile } from '../../src/journal/segment.ts'
import { openJournal, segmentFiles, temporaryDirectory } from './open-journal.ts'

/** Three segments of ten lines in a slot, all of them old. */
async function leaveOld(dir: string, slot: number): Promise<string[]> {
  const longAgo = new Date(Date.now() - 30 * 86_400_000)
  const files = [0, 10, 20].map((ordinal) => segmentFile('shop', slot, ordinal, '20200101'))
  for (const file of files) {
    await writeFile(join(dir, file), 'x\n'.repeat(10))
    await utimes(join(dir, file), longAgo, longAgo)
  }
  return files
}

test('old segments go, also in slots that nobody has; a slot keeps its last one, and a living process all', async (t) => {
  const dir = await temporaryDirectory(t)
  const [, , lastOfDead] = await leaveOld(dir, 1)
  const ofLiving = await leaveOld(dir, 2)
  const lock = claimSlotNumber(dir, 'shop', 2)
  t.after(() => lock?.release())
  const { journal } = openJournal(t, { dir, retain: { days: 7 } })
  await journal.close(1000)
  assert.deepEqual(
    (await segmentFiles(dir)).filter((file) => !file.startsWith('shop.0.')),
    [lastOfDead, ...ofLiving],
  )
})

test('what Kafka lacks of a slot that nobody has is spared', async (t) => {
  const dir = await temporaryDirectory(t)
  const [, middle, last] = await leaveOld(dir, 1)
  const { journal } = openJournal(t, { dir, retain: { days: 7 } })
  journal.sparedFrom = (slot) => (slot === 1 ? 15 : 0)
  await journal.close(1000)
  assert.deepEqual(
    (await segmentFiles(dir)).filter((file) => !file.startsWith('shop.0.')),
    [middle, last],
  )
})

test('with little free on the disk the oldest segments go', async (t) => {
  const dir = await temporaryDirectory(t)
  const [, , last] = await leaveOld(dir, 1)
  const { journal } = openJournal(t, { dir, retain: { days: 365, minFree: Number.MAX_SAFE_INTEGER } })
  journal.sparedFrom = () => 0
  await journal.close(1000)
  assert.deepEqual(
    (await segmentFiles(dir)).filter((file) => !file.startsWith('shop.0.')),
    [last],
  )
})
