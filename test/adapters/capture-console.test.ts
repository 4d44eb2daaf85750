import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { captureConsole, createLogger, type ConsoleTarget } from 'logflume'
import { journalDestination } from 'logflume/pino'
import pino from 'pino'
import { linesOnDisk, temporaryDirectory } from '../journal/open-journal.ts'
import { runProgram } from './run-program.ts'

/** Notes what is printed instead of printing it. */
function notePrinted(t: TestContext): string[] {
  const printed: string[] = []
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    t.mock.method(console, method, (...args: unknown[]) => void printed.push(`${method} ${args.join(' ')}`))
  return printed
}

test('console calls are lines of their level, with the message that the console would print', async (t) => {
  const dir = await temporaryDirectory(t)
  const log = createLogger({ name: 'shop', dir, level: 'debug' })
  const printed = notePrinted(t)
  const { restore } = captureConsole(log)
  console.log('order %s costs %d', 'o-1', 2, { more: [1] })
  console.info()
  console.warn(5, null)
  console.error('failed', new TypeError('boom'))
  console.debug(new Map([['a', 1]]))
  console.assert(false, 'not so')
  restore()
  console.log('printed again')
  await log.close()
  const lines = (await linesOnDisk(dir)).map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    lines.map((line) => [line['log.level'], String(line.message).split('\n')[0], line['error.message']]),
    [
      ['info', 'order o-1 costs 2 { more: [ 1 ] }', undefined],
      ['info', '', undefined],
      ['warn', '5 null', undefined],
      ['error', 'failed TypeError: boom', 'boom'],
      ['debug', "Map(1) { 'a' => 1 }", undefined],
      ['warn', 'Assertion failed: not so', undefined],
    ],
  )
  assert.match(String(lines[3]?.['error.stack_trace']), /^TypeError: boom\n {4}at /)
  assert.deepEqual(printed, ['log printed again'])
})

test("pino's loggers take them as well, and what is captured can be printed as before", async (t) => {
  const dir = await temporaryDirectory(t)
  const destination = journalDestination({ name: 'shop', dir })
  const printed = notePrinted(t)
  {
    using captured = captureConsole(pino({ base: null, timestamp: false }, destination), { print: true })
    assert.equal(typeof captured.restore, 'function')
    console.warn('both %s', 'ways')
  }
  console.warn('not captured')
  await destination.close()
  assert.deepEqual(await linesOnDisk(dir), ['{"level":40,"msg":"both ways"}'])
  assert.deepEqual(printed, ['warn both %s ways', 'warn not captured'])
})

test('what the logger itself prints by the console is printed, and does not come back to it', (t) => {
  const printed = notePrinted(t)
  const messages: string[] = []
  const take = (_fields: object, message: string): void => {
    messages.push(message)
    console.error(`the disk is full: ${message}`)
  }
  using captured = captureConsole({ debug: take, info: take, warn: take, error: take })
  console.log('one')
  console.log('two')
  assert.deepEqual(messages, ['one', 'two'])
  assert.deepEqual(printed, ['error the disk is full: one', 'error the disk is full: two'])
  captured.restore()
})

test('restore leaves what somebody else has put in the place since then', (t) => {
  const printed = notePrinted(t)
  const messages: string[] = []
  const take = (_fields: object, message: string): void => void messages.push(message)
  const captured = captureConsole({ debug: take, info: take, warn: take, error: take })
  const ours = console.log
  t.after(() => t.mock.restoreAll())
  console.log = (...args: unknown[]) => ours('theirs', ...args)
  console.log('one')
  captured.restore()
  console.log('two')
  assert.deepEqual([messages, printed], [['theirs one'], ['log theirs two']])
})

test('1,000 console calls, then process.exit: all are on disk, and nothing is printed', async (t) => {
  const dir = await temporaryDirectory(t)
  const { code, output } = await runProgram(t, 'console.mjs', [dir])
  const messages = (await linesOnDisk(dir)).map((line) => (JSON.parse(line) as { message: string }).message)
  assert.deepEqual(
    messages,
    Array.from({ length: 1000 }, (_, n) => `line ${n}`),
  )
  assert.deepEqual([code, output], [3, ''])
})

const target: ConsoleTarget = console
for (const [name, args, message] of [
  ['no logger', [undefined], /^logger: expected a logger with a method 'debug', got undefined$/],
  ['a logger without warn', [{ debug: target.debug, info: target.info }], /^logger: expected .* 'warn'/],
  ['a spelling mistake', [target, { prnit: true }], /^prnit: no such option; there are print$/],
  ['print that is no boolean', [target, { print: 1 }], /^print: expected true or false, got 1 \(number\)$/],
  ['options that are none', [target, 5], /^options: expected an object, got 5 \(number\)$/],
] as const) {
  test(`${name} is refused, and the console stays as it is`, () => {
    const { log } = console
    const capture = captureConsole as (...all: readonly unknown[]) => unknown
    assert.throws(() => capture(...args), { name: 'LogflumeError', code: 'INVALID_OPTION', message })
    assert.equal(console.log, log)
  })
}
