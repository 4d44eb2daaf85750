import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OptionReader } from '../../src/options.ts'
import { openOutput, readOutputOptions } from '../../src/logger/output.ts'
import { linesOnDisk, temporaryDirectory } from '../journal/open-journal.ts'

// They were counted as lost, 'disk too slow', when the write of the last tick took longer than no time.
test('flush and close wait for the disk, however short the timeout for Kafka is', async (t) => {
  const line = `${'x'.repeat(300_000)}\n`
  for (let round = 0; round < 10; round++) {
    const dir = await temporaryDirectory(t)
    const { writer, lifecycle } = openOutput(readOutputOptions(new OptionReader('options', { dir }), 'shop'))
    for (let n = 0; n < 3; n++) writer.append(line)
    assert.equal((await lifecycle.flush({ timeout: 0 })).pending, 0)
    for (let n = 0; n < 3; n++) writer.append(line)
    const { forwarded, lost } = await lifecycle.close({ timeout: 0 })
    assert.deepEqual([forwarded, lost], [6, {}])
    assert.equal((await linesOnDisk(dir)).length, 6)
  }
})
