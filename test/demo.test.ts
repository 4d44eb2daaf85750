import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from './journal/open-journal.ts'
import { useKafka } from './kafka/brokers.ts'

const main = fileURLToPath(import.meta.resolve('../examples/demo/main.ts'))

/** `npm start -- args`, with its files in a directory that is removed after the test. */
async function startDemo(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: await temporaryDirectory(t), KAFKA_BROKERS: '', ...env },
  })
  t.after(() => child.kill('SIGKILL'))
  const lines: string[] = []
  const errors: string[] = []
  createInterface(child.stderr).on('line', (line) => errors.push(line))
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  const output = createInterface(child.stdout).on('line', (line) => lines.push(line))
  return {
    child,
    /** Printed so far. */
    lines,
    /** Resolves with what the pattern matches of what is printed, or comes to be. */
    async printed(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const found = pattern.exec(lines.join('\n'))
        if (found !== null) return found
        const line = await Promise.race([once(output, 'line'), closed.then(() => undefined)])
        assert.ok(line !== undefined || pattern.test(lines.join('\n')), all())
      }
    },
    async exitCode(): Promise<number | null> {
      const [code] = await closed
      return code
    },
    all,
  }
  function all(): string {
    return [...lines, ...errors].join('\n')
  }
}

type Demo = Awaited<ReturnType<typeof startDemo>>

/** Of the shop and the consumer. */
async function processes(demo: Demo): Promise<{ shop: number; consumer: number }> {
  const [, shop, consumer] = await demo.printed(/The shop is process (\d+), the consumer (\d+)/)
  return { shop: Number(shop), consumer: Number(consumer) }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The number in the line of the summary that begins like this. */
function count(demo: Demo, beginning: string): number {
  const line = demo.lines.find((line) => line.trimStart().startsWith(beginning))
  assert.ok(line !== undefined, `no line '${beginning}' in:\n${demo.all()}`)
  const [, digits] = / ([\d,]+)(?: \d+ errors)?$/.exec(line) ?? []
  assert.ok(digits !== undefined, line)
  return Number(digits.replaceAll(',', ''))
}

async function linesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const texts = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('.logflume'))
      .map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
  )
  return texts.flatMap((text) => text.split('\n').slice(0, -1))
}

for (const { way, forwarded } of [
  { way: 'without Kafka', forwarded: '= on disk' },
  { way: 'with Kafka', forwarded: '= in Kafka' },
]) {
  test(`${way} the demo kills its shop, and accounts for every line`, async (t) => {
    const kafka = way === 'with Kafka'
    const env = kafka ? { KAFKA_BROKERS: (await useKafka()).join(',') } : {}
    const demo = await startDemo(t, ['--seconds', '6', ...(kafka ? [] : ['--no-kafka'])], env)
    assert.equal(await demo.exitCode(), 0, demo.all())

    const [onDisk, inFiles] = [count(demo, 'in the journal on disk'), count(demo, 'in the daily files')]
    assert.ok(onDisk > 1000, demo.all())
    assert.equal(inFiles, onDisk)
    assert.equal(count(demo, 'missing there'), 0)
    assert.equal(count(demo, 'there twice'), 0)
    const [written, lost] = [count(demo, 'written by log calls'), count(demo, '+ lost')]
    assert.equal(count(demo, forwarded), onDisk)
    assert.equal(count(demo, '+ pending'), 0)
    assert.equal(written, onDisk + lost)
    assert.equal(count(demo, 'in memory at kill -9'), lost)
    const modules = ['shop ', 'shop::db', 'shop::http', 'shop::orders', 'shop::payments', 'shop::products']
    const counted = modules.map((module) => count(demo, module)).reduce((sum, one) => sum + one)
    assert.equal(counted, onDisk)

    const [, dir = ''] = await demo.printed(/^All files are in (.+)$/m)
    const lines = await linesBelow(join(dir, 'daily'))
    assert.equal(lines.length, onDisk)
    assert.equal(new Set(lines).size, onDisk)
    assert.ok((await stat(join(dir, 'logs', 'shop.log'))).isFile())
    const pids = new Set(lines.map((line) => /"process.pid":(\d+)/.exec(line)?.[1]))
    const { shop } = await processes(demo)
    const [, reopened] = await demo.printed(/the shop is open again, process (\d+)/)
    assert.deepEqual(pids, new Set([String(shop), reopened]))

    await demo.printed(/kill -9 of the shop/)
    for (const line of demo.lines) assert.ok(line.length <= 80, line)
  })
}

test('without Java the demo says why there is no Kafka; Ctrl-C ends it, and leaves no process behind', async (t) => {
  const demo = await startDemo(t, [], { PATH: '/nowhere', JAVA_HOME: '' })
  const [said] = await demo.printed(/^No Kafka[^]*maven$/m)
  assert.match(said, /reads the shop's journal[^]*needs Java\s17/)
  const { shop, consumer } = await processes(demo)
  assert.ok(isAlive(shop) && isAlive(consumer))
  await demo.printed(/^ +\d+ s /m)
  demo.child.kill('SIGINT')
  assert.equal(await demo.exitCode(), 130)
  assert.match(demo.all(), /The demo ends early: stopped by SIGINT$/)
  assert.ok(!isAlive(shop) && !isAlive(consumer))
})

test('a part that dies ends the demo with a clear message', async (t) => {
  const demo = await startDemo(t, ['--no-kafka'])
  const { shop, consumer } = await processes(demo)
  process.kill(consumer, 'SIGKILL')
  assert.equal(await demo.exitCode(), 1)
  assert.match(
    demo.all(),
    new RegExp(`ends early: the consumer \\(process ${consumer}\\) has ended by SIGKILL`),
  )
  assert.ok(!isAlive(shop))
})

test('kill -9 of the demo leaves no process behind', async (t) => {
  const demo = await startDemo(t, ['--no-kafka'])
  const { shop, consumer } = await processes(demo)
  demo.child.kill('SIGKILL')
  await demo.exitCode()
  const deadline = Date.now() + 10_000
  while ((isAlive(shop) || isAlive(consumer)) && Date.now() < deadline) await delay(20)
  assert.ok(!isAlive(shop) && !isAlive(consumer))
})

test('a Kafka that does not answer is told at once', async (t) => {
  const demo = await startDemo(t, [], { KAFKA_BROKERS: '127.0.0.1:1' })
  assert.equal(await demo.exitCode(), 1)
  assert.match(demo.all(), /KAFKA_BROKERS is 127\.0\.0\.1:1, and no Kafka answers there$/)
})

test('--help says what there is', async (t) => {
  const demo = await startDemo(t, ['--help'])
  assert.equal(await demo.exitCode(), 0)
  assert.match(demo.all(), /--seconds number[^]*--no-kafka/)
  for (const line of demo.lines) assert.ok(line.length <= 80, line)
})

for (const [args, message] of [
  [['--tomato'], /Unknown option '--tomato'/],
  [['--seconds', '2'], /--seconds: expected a number from 3 to 600, got '2'/],
  [['--seconds', 'x'], /--seconds: expected a number from 3 to 600, got 'x'/],
  [['six'], /Unexpected argument 'six'/],
] as const) {
  test(`refused: ${args.join(' ')}`, async (t) => {
    const demo = await startDemo(t, args)
    assert.equal(await demo.exitCode(), 2)
    assert.match(demo.all(), message)
    assert.doesNotMatch(demo.all(), /^ +at /m, 'a message, not a stack')
  })
}
