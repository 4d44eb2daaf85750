import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryDirectory } from '../journal/open-journal.ts'
import { Logflume } from './logflume.ts'
import { runFaults } from './run.ts'

test(
  'ten kills of two services, a broker killed, connections cut and worse: each line once, in order',
  { timeout: 300_000 },
  async (t) => {
    const dir = await temporaryDirectory(t)
    const { failures, lines, kills, brokerKills, faults, ...counts } = await runFaults({
      // Its broker is killed early, and its network has every fault within the first seconds.
      seed: 6900,
      kills: 10,
      brokers: 3,
      replication: 3,
      minInSync: 1,
      pace: 500,
      minutes: 1,
      subject: (destination) => new Logflume({ ...destination, dir, apps: 2, rate: 500 }),
      say: (line) => t.diagnostic(line),
    })
    t.diagnostic(JSON.stringify({ lines, faults }))
    assert.deepEqual(failures, [])
    const { lost, twice, outOfOrder, foreign } = counts
    assert.deepEqual(
      { lost, twice, outOfOrder, foreign, kills },
      { lost: 0, twice: 0, outOfOrder: 0, foreign: 0, kills: 10 },
    )
    assert.ok(lines > 1000 && brokerKills >= 1 && faults['network cut']! >= 1)
  },
)
