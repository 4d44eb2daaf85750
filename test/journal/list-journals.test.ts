import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { compressClosed } from '../../src/journal/compress.ts'
import { listJournals } from '../../src/journal/list-journals.ts'
import { claimSlotNumber } from '../../src/journal/lock.ts'
import { segmentFile } from '../../src/journal/segment.ts'
import { temporaryDirectory } from './open-journal.ts'

test('journals are listed by name, slot and age, with who is held and what is compressed', async (t) => {
  const dir = await temporaryDirectory(t)
  await mkdir(join(dir, '.logflume'))
  for (const [name, slot, ordinal] of [
    ['shop', 1, 0],
    ['shop', 0, 2],
    ['shop', 0, 0],
    ['shop.eu', 0, 0],
  ] as const)
    await writeFile(join(dir, segmentFile(name, slot, ordinal, '20261121')), 'a\nb\n')
  for (const other of ['shop.log', 'notes.txt', 'shop.0.12.log']) await writeFile(join(dir, other), '')
  await compressClosed({ dir, name: 'shop', slot: 0 }, 'gz', () => 2, new AbortController().signal)
  const lock = claimSlotNumber(dir, 'shop', 1)
  t.after(() => lock?.release())
  const listed = await listJournals(dir)
  assert.deepEqual(
    listed.map(({ name, slots }) => [name, slots.map(({ slot, held }) => [slot, held])]),
    [
      [
        'shop',
        [
          [0, false],
          [1, true],
        ],
      ],
      ['shop.eu', [[0, false]]],
    ],
  )
  const [old, newest] = listed[0]?.slots[0]?.segments ?? []
  assert.ok(old !== undefined && old.bytes > 0)
  assert.deepEqual(
    { ...old, bytes: 0 },
    {
      file: `${segmentFile('shop', 0, 0, '20261121')}.gz`,
      ordinal: 0,
      date: '20261121',
      bytes: 0,
      compression: 'gzip',
    },
  )
  assert.deepEqual(newest, {
    file: segmentFile('shop', 0, 2, '20261121'),
    ordinal: 2,
    date: '20261121',
    bytes: 4,
    compression: 'none',
  })
})

test('a directory that is empty has none; one that is not there, or no name of one, is an error', async (t) => {
  const dir = await temporaryDirectory(t)
  assert.deepEqual(await listJournals(dir), [])
  await assert.rejects(listJournals(join(dir, 'none')), {
    code: 'JOURNAL',
    message: /^there is no directory/,
  })
  await assert.rejects(listJournals(''), { code: 'INVALID_OPTION' })
})
