import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cutter, type CutterParts } from '../../src/forward/cutter.ts'
import { Lanes } from '../../src/forward/lane.ts'
import { TopicRouter } from '../../src/forward/router.ts'
import { Topics } from '../../src/forward/topics.ts'
import { JournalReader } from '../../src/journal/reader.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'
import { encodePlainly } from './fake-kafka.ts'
import { writeSegment } from './run-forwarder.ts'

test('what is being read while all begins anew is not taken for what comes next', async (t) => {
  const dir = await temporaryDirectory(t)
  const lines = Array.from({ length: 40 }, (_, n) => `{"n":${n}}`)
  await writeSegment(dir, lines)
  const reader = await JournalReader.open({ dir, name: 'shop', slot: 0 })
  const begin = reader.position
  const topics = new Topics('a journal', {}, 0)
  topics.get('logs').partitions = [{ partition: 0, leader: 1 }]
  let whileReading = (): void => undefined
  const parts: CutterParts = {
    reader: {
      get position() {
        return reader.position
      },
      seek: (position) => reader.seek(position),
      async read(bytes) {
        const block = await reader.read(bytes)
        whileReading()
        return block
      },
    },
    router: new TopicRouter({ service: 'shop', topic: 'logs', routes: [] }),
    topics,
    lanes: new Lanes(),
    placer: undefined,
    encode: encodePlainly,
    producer: () => undefined,
    batchBytes: 100,
    onMismatch: (why) => assert.fail(why),
    onRefused: () => assert.fail('nothing was refused'),
  }
  const cutter = new Cutter(parts, begin, [])
  await cutter.next()
  whileReading = () => cutter.restart(begin, [])
  assert.equal(await cutter.next(), 'void')
  whileReading = () => undefined
  const kinds: string[] = []
  let records = 0
  for (let step = await cutter.next(); typeof step !== 'string'; step = await cutter.next()) {
    for (const entry of step) {
      kinds.push(entry.kind)
      if (entry.kind === 'cut') for (const part of entry.parts) records += part.records
    }
  }
  assert.deepEqual([new Set(kinds), records], [new Set(['cut']), lines.length])
})
