import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { consoleOutputter } from '../../../src/logger/outputters/console-outputter.ts'

const fixture = fileURLToPath(new URL('fixtures/console.ts', import.meta.url))

interface Printed {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

/** Runs a program that logs to the console; `head` bytes of its output are read, then nobody does any more. */
async function run(
  t: TestContext,
  options: object,
  env: NodeJS.ProcessEnv = {},
  head = Infinity,
): Promise<Printed> {
  const child = spawn(process.execPath, ['--import', 'tsx', fixture, JSON.stringify(options)], {
    env: { ...process.env, NO_COLOR: '', FORCE_COLOR: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString()
    if (stdout.length >= head) child.stdout.destroy()
  })
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { stdout, stderr, code }
}

test('records are on standard error when the process exits, or on standard output', async (t) => {
  const [error, output] = await Promise.all([run(t, {}), run(t, { stream: 'stdout' })])
  const lines = error.stderr.split('\n').slice(0, -1)
  assert.deepEqual([error.stdout, error.code, lines.length], ['', 3, 1000])
  assert.match(lines[999] ?? '', /^\d\d:\d\d:\d\d\.\d{3} INFO {2}app line n=999$/)
  assert.deepEqual([output.stderr, output.stdout.split('\n').length], ['', 1001])
})

test('colours: no terminal has none, FORCE_COLOR and the option have', async (t) => {
  const painted = async (options: object, env: NodeJS.ProcessEnv): Promise<boolean> =>
    (await run(t, options, env)).stderr.includes('\u001b[')
  assert.deepEqual(
    await Promise.all([
      painted({}, {}),
      painted({}, { FORCE_COLOR: '1' }),
      painted({}, { FORCE_COLOR: '0' }),
      painted({ colors: true }, {}),
      painted({ colors: false }, { FORCE_COLOR: '1' }),
    ]),
    [false, true, false, true, false],
  )
})

test('a reader that goes away ends nothing, and what it has not read is counted', async (t) => {
  const { code, stderr } = await run(t, { stream: 'stdout', turns: 50 }, {}, 1000)
  const { taken, written, lost, error } = JSON.parse(stderr) as {
    taken: number
    written: number
    lost: Record<string, number>
    error: string
  }
  assert.equal(code, 3)
  assert.ok(written < taken)
  assert.equal(written + (lost['nobody reads the stream'] ?? 0), taken)
  assert.match(error, /EPIPE/)
})

test('options that cannot be are refused', () => {
  assert.throws(() => consoleOutputter({ stream: 'stdin' as never }), {
    message: /^stream: expected one of stdout, stderr/,
  })
  assert.throws(() => consoleOutputter({ colours: true } as never), { message: /^colours: no such option/ })
})

test('what comes after the end is not printed but counted', async (t) => {
  const { stderr } = await run(t, { late: 2 })
  assert.equal(stderr.split('\n').length, 1001)
  const stats = JSON.parse(stderr.split('\n').at(-1) ?? '') as object
  assert.deepEqual(stats, { taken: 1002, written: 1000, pending: 0, lost: { 'logged after close': 2 } })
})
