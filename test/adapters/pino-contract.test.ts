import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgram } from './run-program.ts'

// The same program is run by `npm run check` with the packed package, on Node 24 as well.
for (const [version, name] of [
  ['10', 'pino'],
  ['9', 'pino9'],
] as const) {
  test(`the transport and the destination do what pino ${version} documents`, async (t) => {
    const { code, output } = await runProgram(t, '../../package/fixtures/pino-contract.mjs', [name])
    assert.deepEqual([code, output], [0, ''])
  })
}
