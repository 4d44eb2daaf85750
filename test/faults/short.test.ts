import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

/** As `npm run test:faults -- ...` with the package that the tests have built. Ends with the test. */
function runner(t: TestContext, args: string): ChildProcess & { readonly lines: string[] } {
  const child = spawn(process.execPath, ['--import', 'tsx', main, '--built', ...args.split(' ')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill())
  const lines: string[] = []
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => lines.push(line))
  }
  return Object.assign(child, { lines })
}

test(
  'ten kills of two services, a broker killed, connections cut and worse: each line once, in order',
  { timeout: 300_000 },
  async (t) => {
    // With this seed the broker is killed early, and the network has every fault within the first seconds.
    const run = runner(t, '--seed 6900 --kills 10 --apps 2 --rate 500 --pace 500')
    const [code] = (await once(run, 'close')) as [number | null]
    for (const line of run.lines) t.diagnostic(line)
    assert.equal(code, 0)
    const row = run.lines.find((line) => line.startsWith('logflume'))
    const [, replication, , kills, brokerKills, others, lines, ...wrong] = row?.split(/\s+/) ?? []
    assert.deepEqual([replication, kills, wrong.slice(0, 3)], ['3', '10', ['0', '0', '0']])
    assert.ok(Number(brokerKills) >= 1 && Number(others) >= 5)
    assert.ok(Number(lines?.replaceAll(',', '')) > 1000)
  },
)

test('a wrong option is told with the help', async (t) => {
  for (const [args, message] of [
    ['--kills none', /^--kills: expected a number from 1 to 100000, got 'none'$/],
    ['--brokers 1 --replication 2', /^--replication: expected a number from 1 to 1, got '2'$/],
    ['--peer fluentd', /^--peer: expected one of rsyslog, connect-standalone, .*, got 'fluentd'$/],
  ] as const) {
    const run = runner(t, args)
    const [code] = (await once(run, 'close')) as [number | null]
    assert.equal(code, 2)
    assert.match(run.lines[0] ?? '', message)
    assert.ok(run.lines.some((line) => line.includes('--seed number')))
  }
})
