import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import { LogflumeTransport } from 'logflume/winston'

// The suite that winston has for transports. It takes mocha's functions from the globals; node:test has those of
// the same names, with `done` as the second argument.
const suite = createRequire(import.meta.url)('abstract-winston-transport') as (options: object) => void
type MochaFunction = (done?: () => void) => void
const hook = (add: typeof after) => (run: MochaFunction) =>
  add(run.length === 0 ? () => run() : (_context, done) => run(() => done()))
const mochaIt = (name: string, run: MochaFunction) =>
  it(name, run.length === 0 ? () => run() : (_context, done) => run(() => done()))
Object.assign(globalThis, {
  describe,
  it: mochaIt,
  after: hook(after),
  afterEach: hook(afterEach),
  beforeEach: hook(beforeEach),
})

const dir = mkdtempSync(join(tmpdir(), 'logflume-abstract-'))
after(() => rmSync(dir, { recursive: true, force: true }))

suite({
  name: 'LogflumeTransport',
  Transport: LogflumeTransport,
  construct: () => ({ name: 'shop', dir, onDiagnostic: () => undefined }),
})
