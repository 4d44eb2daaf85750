import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { registeredBrokers } from './client.ts'
import { freePort } from './ports.ts'

/** `npm run kafka -- args`, and what it has printed so far. */
function runMain(t: TestContext, ...args: string[]) {
  const main = fileURLToPath(import.meta.resolve('./main.ts'))
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args])
  t.after(() => child.kill('SIGKILL'))
  const printed = { stdout: '', stderr: '' }
  child.stdout.on('data', (data: Buffer) => (printed.stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (printed.stderr += data.toString()))
  return { child, printed, closed: once(child, 'close') as Promise<[number | null, string | null]> }
}

test('--help says what there is', async (t) => {
  const { printed, closed } = runMain(t, '--help')
  assert.deepEqual(await closed, [0, null])
  assert.match(printed.stdout, /--nodes 1\|3[^]*--port number/)
})

for (const [args, message] of [
  [['--tomato'], /Unknown option '--tomato'/],
  [['--nodes', '2'], /--nodes: expected 1 or 3, got '2'/],
  [['--port', 'x'], /--port: expected a number from 1 to 65533, got 'x'/],
  [['three'], /Unexpected argument 'three'/],
] as const) {
  test(`refused: ${args.join(' ')}`, async (t) => {
    const { printed, closed } = runMain(t, ...args)
    assert.deepEqual(await closed, [2, null])
    assert.match(printed.stderr, message)
    assert.doesNotMatch(printed.stderr, /^ +at /m, 'a message, not a stack')
  })
}

test('runs on the given port until Ctrl-C, and says that a port is taken', async (t) => {
  const port = await freePort()
  const { child, printed, closed } = runMain(t, '--port', String(port))
  while (!printed.stdout.includes('Ctrl-C stops it')) await once(child.stdout, 'data')
  assert.match(printed.stdout, new RegExp(`brokers: \\['127\\.0\\.0\\.1:${port}'\\]`))
  assert.deepEqual(await registeredBrokers(`127.0.0.1:${port}`), [1])

  const second = runMain(t, '--port', String(port))
  assert.deepEqual(await second.closed, [1, null])
  assert.match(second.printed.stderr, new RegExp(`Port ${port} is taken`))

  child.kill('SIGINT')
  assert.deepEqual(await closed, [0, null])
  const [, folder] = /^data +(\S+)/m.exec(printed.stdout) ?? []
  assert.ok(folder !== undefined && !existsSync(folder))
  assert.deepEqual(await registeredBrokers(`127.0.0.1:${port}`), [])
})
