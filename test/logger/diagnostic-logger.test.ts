import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Diagnostic } from '../../src/diagnostics.ts'
import { createLogger, type CreateLoggerOptions } from '../../src/logger/create-logger.ts'
import type { Logger } from '../../src/logger/logger.ts'
import { defineOutputter } from '../../src/logger/outputters/define-outputter.ts'
import { fileOutputter } from '../../src/logger/outputters/file-outputter.ts'
import type { LogRecord } from '../../src/logger/log-record.ts'
import type { Outputter, OutputterOptions } from '../../src/logger/outputters/outputter.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

function create(t: TestContext, options: Partial<CreateLoggerOptions>): Logger {
  const log = createLogger({ name: 'shop', journal: false, ...options })
  t.after(() => log.close())
  return log
}

interface Kept {
  readonly outputter: Outputter
  readonly records: LogRecord[]
}

function keep(name: string, options: Partial<OutputterOptions> = {}): Kept {
  const records: LogRecord[] = []
  const formatter = (record: LogRecord): string => (records.push(record), record.message)
  return { outputter: defineOutputter({ name, formatter, write: () => undefined, ...options }), records }
}

/** An outputter that is in trouble with each record. */
const broken = (name: string): Outputter =>
  defineOutputter({
    name,
    write: () => undefined,
    formatter: () => {
      throw new Error('no')
    },
  })

test('trouble becomes records of an own logger, once a minute, with their errors', (t) => {
  const { outputter, records } = keep('told')
  const told: Diagnostic[] = []
  const log = create(t, {
    outputters: [broken('broken')],
    onDiagnostic: (diagnostic) => void told.push(diagnostic),
    diagnostics: { outputters: [outputter] },
  })
  log.info('one')
  log.info('two')
  assert.deepEqual(
    records.map(({ level, logger, service, message }) => [level, logger, service, message]),
    [['warn', 'shop::logflume', 'shop', 'outputter broken: its formatter threw: no']],
  )
  assert.equal(told.length, 2, 'onDiagnostic is told as without')
})

test('they may go to a file, and what comes at the end of the others is in it', async (t) => {
  const dir = await temporaryDirectory(t)
  const file = join(dir, 'trouble.log')
  const refuses = defineOutputter({
    name: 'refuses',
    write: () => {
      throw new Error('not today')
    },
    attempts: 1000,
  })
  const log = create(t, {
    dir: join(dir, 'logs'),
    journal: true,
    outputters: [refuses],
    diagnostics: { level: 'error', outputters: [fileOutputter({ file })] },
  })
  log.info('one')
  await log.close({ timeout: 1 })
  assert.match(
    readFileSync(file, 'utf8'),
    /^[^\n]* ERROR shop::logflume - outputter refuses: 1 records lost at close: not today\n/,
  )
  assert.doesNotMatch(readFileSync(join(dir, 'logs', 'shop.log'), 'utf8'), /outputter/)
})

test('an outputter of the application may have them, and what it says of itself goes round it', (t) => {
  const printed = t.mock.method(process.stderr, 'write', () => true)
  const { outputter: other, records } = keep('other')
  const shared = broken('shared')
  const log = create(t, { outputters: [shared], diagnostics: { outputters: [shared, other] } })
  log.info('one')
  const told = records.map(({ message }) => message)
  assert.deepEqual(told, ['outputter shared: its formatter threw: no'])
  assert.equal(
    printed.mock.calls[0]?.arguments[0],
    'logflume warn: outputter shared: its formatter threw: no\n',
  )
})

test('after the end trouble is printed', async (t) => {
  const printed = t.mock.method(process.stderr, 'write', () => true)
  const { outputter, records } = keep('told')
  const { outputter: late } = keep('late')
  const log = create(t, { outputters: [late], diagnostics: { outputters: [outputter] } })
  await log.close()
  log.info('one')
  assert.deepEqual(
    [records, printed.mock.calls.map(({ arguments: [text] }) => text)],
    [[], ['logflume error: outputter late: records are lost, logged after close\n']],
  )
})

test('what cannot be is refused', async (t) => {
  const dir = join(await temporaryDirectory(t), 'logs')
  const log = createLogger({ name: 'shop', dir })
  t.after(() => log.close())
  const refused = (diagnostics: object, message: RegExp): void =>
    assert.throws(() => create(t, { diagnostics } as never), { code: 'INVALID_OPTION', message })
  refused({}, /^diagnostics\.outputters: expected an array of outputters, got undefined$/)
  refused({ outputters: [{}] }, /^diagnostics\.outputters\[0\]: expected an outputter/)
  refused(
    { outputters: log.outputters },
    /^diagnostics\.outputters\[0\]: expected another outputter than the journal/,
  )
  refused({ outputters: [], level: 'debug' }, /^diagnostics\.level: expected one of info, warn, error, off/)
  refused(
    { outputters: [], levle: 'info' },
    /^diagnostics\.levle: no such option; there are level, outputters$/,
  )
})
