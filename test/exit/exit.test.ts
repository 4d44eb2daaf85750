import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { test, type TestContext } from 'node:test'
import { linesOnDisk, segmentFiles, temporaryDirectory } from '../journal/open-journal.ts'

const fixture = fileURLToPath(new URL('fixtures/thousand-lines.ts', import.meta.url))
const rotating = fileURLToPath(new URL('fixtures/rotate-on-sighup.ts', import.meta.url))
/** Nothing listens on port 1: the forwarder is busy with a broker that is not there. */
const NO_BROKER = '127.0.0.1:1'

interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly numbers: number[]
  readonly stderr: string
}

async function run(
  t: TestContext,
  ending: string,
  kafka: boolean,
  parentSends?: NodeJS.Signals,
): Promise<End> {
  const dir = await temporaryDirectory(t)
  const args = ['--import', 'tsx', fixture, ending, dir, ...(kafka ? [NO_BROKER] : [])]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (data: Buffer) => (stderr += String(data)))
  if (parentSends === undefined) child.stdout.resume()
  else child.stdout.once('data', () => child.kill(parentSends))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  const numbers = (await linesOnDisk(dir)).map((line) => (JSON.parse(line) as { n?: number }).n ?? -1)
  return { code, signal, numbers, stderr }
}

const thousand = Array.from({ length: 1000 }, (_, n) => n)

for (const kafka of [false, true]) {
  const where = kafka ? 'with forwarding on' : 'disk only'
  for (const [ending, code, signal] of [
    ['process.exit', 3, null],
    ['exit handler logs', 3, null],
    ['uncaught exception', 1, null],
    ['unhandled rejection', 1, null],
    ['natural end', 0, null],
    ['close', 0, null],
    ['own SIGTERM', null, 'SIGTERM'],
    ['own SIGINT', null, 'SIGINT'],
    ['own SIGHUP', null, 'SIGHUP'],
    ['kill -9 after the tick', null, 'SIGKILL'],
  ] as const) {
    test(`1,000 lines, then ${ending}, ${where}: all are on disk, and the end is the same as without a logger`, async (t) => {
      const end = await run(t, ending, kafka)
      assert.deepEqual(end.numbers, thousand, end.stderr)
      assert.deepEqual([end.code, end.signal], [code, signal])
    })
  }
}

test('SIGTERM from outside, no handler of the app: all lines on disk, death by that signal', async (t) => {
  const end = await run(t, 'SIGTERM', true, 'SIGTERM')
  assert.deepEqual(end.numbers, thousand)
  assert.equal(end.signal, 'SIGTERM')
})

test("SIGTERM from outside with the app's own handler: the app decides when it ends, and what it logs is kept", async (t) => {
  const end = await run(t, 'signal with handler', true, 'SIGTERM')
  assert.deepEqual(end.numbers, thousand)
  assert.deepEqual([end.code, end.signal], [7, null])
})

test('SIGTERM while the event loop is blocked: it is obeyed when the loop turns, with all lines on disk', async (t) => {
  const end = await run(t, 'blocked SIGTERM', false, 'SIGTERM')
  assert.deepEqual(end.numbers, thousand)
  assert.equal(end.signal, 'SIGTERM')
})

test('a fatal line is on disk when the call returns, with everything before it', async (t) => {
  const end = await run(t, 'abort after fatal', false)
  assert.deepEqual(end.numbers, [...thousand, -1])
  assert.equal(end.signal, 'SIGABRT')
})

test('the uncaught exception is still printed by Node', async (t) => {
  const end = await run(t, 'uncaught exception', false)
  assert.match(end.stderr, /Error: on purpose/)
})

for (const handler of [false, true]) {
  const whose = handler ? "beside the app's own handler" : 'without a handler of the app'
  test(`rotate.onSighup: the signal begins a new segment and ends nothing, ${whose}`, async (t) => {
    const dir = await temporaryDirectory(t)
    const args = ['--import', 'tsx', rotating, dir, ...(handler ? ['handler'] : [])]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => child.kill('SIGKILL'))
    child.stdout.once('data', () => child.kill('SIGHUP'))
    assert.deepEqual(await once(child, 'close'), [0, null])
    assert.equal((await segmentFiles(dir)).length, 2)
    const messages = (await linesOnDisk(dir)).map((line) => (JSON.parse(line) as { message: string }).message)
    assert.equal(messages[0], 'before')
    assert.equal(messages.includes('handled'), handler)
  })
}

const both = ['signal-exit', 'signal-exit-3']
for (const [signal, order, others] of [
  ['SIGTERM', 'before', ['signal-exit']],
  ['SIGTERM', 'behind', ['signal-exit']],
  ['SIGTERM', 'before', ['signal-exit-3']],
  ['SIGTERM', 'behind', ['signal-exit-3']],
  ['SIGTERM', 'before', both],
  ['SIGINT', 'behind', both],
  ['SIGHUP', 'behind', both],
] as const) {
  // Each sent the signal again only where it was the only listener, and so the process did not end at all.
  test(`${signal}, ${others.join(' and ')} ${order} the logger: the lines are on disk, its hooks have run, the process ends`, async (t) => {
    const end = await runBeside(t, [signal, order, ...others])
    assert.deepEqual([end.code, end.signal], [null, signal], end.output)
    assert.equal(end.output, others.map((name) => `hook of ${name}\n`).join(''))
    assert.equal(end.lines, 100)
  })
}

test("beside signal-exit, a handler of the app's decides when it ends", async (t) => {
  const end = await runBeside(t, ['SIGTERM', 'handler', 'signal-exit', 'signal-exit-3'])
  assert.deepEqual([end.code, end.signal, end.lines], [7, null, 101], end.output)
})

test('an end that a hook of signal-exit calls off is none; the next signal finds all lines on disk', async (t) => {
  const end = await runBeside(t, ['SIGTERM', 'called off', 'signal-exit'])
  assert.deepEqual([end.code, end.signal, end.lines], [null, 'SIGTERM', 101], end.output)
})

for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
  test(`two copies of this package in one process: ${signal} ends it, and both have written`, async (t) => {
    const copies = fileURLToPath(new URL('fixtures/two-copies.ts', import.meta.url))
    const child = spawn(process.execPath, ['--import', 'tsx', copies, signal], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.after(() => child.kill('SIGKILL'))
    let output = ''
    child.stdout.on('data', (data: Buffer) => (output += String(data)))
    assert.deepEqual(await once(child, 'close'), [null, signal])
    assert.equal(output, 'first flushed\nsecond flushed\n')
  })
}

interface EndBeside {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly lines: number
}

async function runBeside(t: TestContext, args: readonly string[]): Promise<EndBeside> {
  const dir = await temporaryDirectory(t)
  const beside = fileURLToPath(new URL('fixtures/beside-signal-exit.mjs', import.meta.url))
  const child = spawn(process.execPath, [beside, dir, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += String(data)))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, output, lines: (await linesOnDisk(dir)).length }
}
