import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseSegments } from '../../src/journal/segment.ts'
import { linesOnDisk, temporaryDirectory } from './open-journal.ts'

const fixture = fileURLToPath(new URL('fixtures/log-until-killed.ts', import.meta.url))
const kills = process.env.LOGFLUME_FAULTS === 'long' ? 50 : 8

test(`${kills} times kill -9 under load: each line of a turn that was over is there, once, in order`, async (t) => {
  const dir = await temporaryDirectory(t)
  let count = 0
  for (let kill = 0; kill < kills; kill++) {
    const said = await logUntilKilled(t, dir, count)
    const found = countLines(dir)
    assert.ok(
      found >= count + said,
      `turns that were over had logged ${count + said} lines, ${found} are there`,
    )
    assert.ok(said > 0)
    count = found
  }
  const numbers = (await linesOnDisk(dir)).map((line) => (JSON.parse(line) as { n: number }).n)
  assert.equal(numbers.length, count)
  assert.equal(
    numbers.findIndex((n, index) => n !== index),
    -1,
  )
})

/** How many lines the process said it had logged in turns that were over, last of all. */
async function logUntilKilled(t: TestContext, dir: string, from: number): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', fixture, dir, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (data: Buffer) => (said = (said + String(data)).slice(-1000)))
  await once(child.stdout, 'data')
  await delay(20 + Math.random() * 250)
  child.kill('SIGKILL')
  await once(child, 'close')
  return Number(said.split('\n').at(-2))
}

/** Whole lines in the journal, by the last segment's name and content. */
function countLines(dir: string): number {
  const last = parseSegments('shop', readdirSync(dir)).at(-1)
  if (last === undefined) return 0
  return last.ordinal + readFileSync(join(dir, last.file), 'latin1').split('\n').length - 1
}
