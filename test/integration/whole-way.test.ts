import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runApp } from '../forward/run-app.ts'
import { linesOnDisk, temporaryDirectory } from '../journal/open-journal.ts'
import { startKafka } from '../kafka/cluster.ts'
import { readTopic, uniqueTopic } from '../kafka/read-topic.ts'

const LINES_EACH = 50_000
const program = fileURLToPath(new URL('fixtures/archive.ts', import.meta.url))

/** A consumer in a process of its own, that can be waited for until it has delivered so many records. */
function runArchive(t: TestContext, brokers: readonly string[], topic: string, dir: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', program, brokers.join(','), topic, dir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (data: Buffer) => (stderr += String(data)))
  const reports = createInterface({ input: child.stdout })
  return {
    async delivered(count: number): Promise<void> {
      for await (const line of reports) if (Number(line) >= count) return
      throw new Error(`the archive ended early: ${stderr}`)
    },
    async stop(): Promise<void> {
      child.kill('SIGTERM')
      const [code] = (await once(child, 'exit')) as [number | null]
      assert.equal(code, 0, stderr)
    },
  }
}

async function linesOfFiles(dir: string): Promise<string[]> {
  const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && !entry.parentPath.endsWith('.logflume'),
  )
  const texts = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
  )
  return texts.flatMap((text) => text.split('\n').slice(0, -1))
}

for (const nodes of [1, 3] as const) {
  test(
    `100,000 lines of two processes, a broker of ${nodes} killed and restarted meanwhile: all are in the daily files`,
    { timeout: 180_000 },
    async (t) => {
      await using cluster = await startKafka({ nodes })
      const [logs, archive, topic] = [
        await temporaryDirectory(t),
        await temporaryDirectory(t),
        uniqueTopic('way'),
      ]
      const options = { name: 'shop', dir: logs, kafka: { brokers: cluster.brokers, topic } }
      const apps = ['a', 'b'].map((run) =>
        runApp(t, options, { lines: LINES_EACH, group: 20, run, closeTimeout: 90_000 }),
      )
      await Promise.all(apps.map(({ started }) => started))
      const consumer = runArchive(t, cluster.brokers, topic, archive)
      await delay(1500)
      const node = cluster.node(nodes)
      await node.kill()
      await delay(1000)
      await node.restart()

      for (const app of apps) {
        const { written, forwarded, pending, lost } = await app.closed
        assert.deepEqual(
          { written, forwarded, pending, lost },
          { written: LINES_EACH, forwarded: LINES_EACH, pending: 0, lost: {} },
        )
      }
      await consumer.delivered(2 * LINES_EACH)
      await consumer.stop()

      const called = (await linesOnDisk(logs)).sort()
      assert.equal(called.length, 2 * LINES_EACH)
      const inKafka = (await readTopic(cluster.brokers, topic)).map(({ value }) => String(value)).sort()
      assert.ok(equal(inKafka, called), 'what is in Kafka is what was logged, each line once')
      const archived = (await linesOfFiles(archive)).sort()
      assert.ok(equal(archived, called), 'the files have every line once, and no other')
    },
  )
}

/** Without the difference of 100,000 lines that deepEqual would print. */
function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index])
}
