import assert from 'node:assert/strict'
import { once, EventEmitter } from 'node:events'
import { test } from 'node:test'
import { defineOutputter, type OutputterDefinition } from '../../../src/logger/outputters/define-outputter.ts'
import { until } from '../../journal/open-journal.ts'
import { withOutputter } from './files.ts'

interface Written {
  readonly batches: string[][]
  /** Called with each batch, before it counts as written. */
  act: (batch: string[]) => unknown
}

function define(options: Partial<OutputterDefinition> = {}) {
  const written: Written = { batches: [], act: () => undefined }
  const outputter = defineOutputter({
    name: 'mine',
    formatter: ({ message }) => message,
    async write(entries) {
      const batch = entries.map(({ text, record }) => `${record.level} ${text}`)
      await written.act(batch)
      written.batches.push(batch)
    },
    ...options,
  })
  return { outputter, written }
}

test('records of a tick come together, one write at a time', async (t) => {
  const { outputter, written } = define()
  const release = new EventEmitter()
  let running = 0
  written.act = async () => {
    assert.equal(++running, 1)
    await once(release, 'go')
    running--
  }
  const { log } = withOutputter(t, outputter)
  log.info('one')
  log.warn('two')
  await until(() => running === 1)
  log.info('three')
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(outputter.stats(), { taken: 3, written: 0, pending: 3, lost: {}, error: undefined })
  release.emit('go')
  await until(() => written.batches.length === 1 && running === 1)
  release.emit('go')
  await until(() => outputter.stats().pending === 0)
  assert.deepEqual(written.batches, [['info one', 'warn two'], ['info three']])
})

test('a batch is of so many records, or waits so long', async (t) => {
  const { outputter, written } = define({ batch: { records: 3, wait: 60_000 } })
  const { log } = withOutputter(t, outputter)
  for (let n = 0; n < 7; n++) log.info(String(n))
  await until(() => written.batches.length === 2)
  assert.equal(outputter.stats().pending, 1)
  await log.flush()
  assert.deepEqual(written.batches, [
    ['info 0', 'info 1', 'info 2'],
    ['info 3', 'info 4', 'info 5'],
    ['info 6'],
  ])
})

test('what fails is tried again, the same records first', async (t) => {
  const { outputter, written } = define()
  let failures = 2
  written.act = () => {
    if (failures-- > 0) throw new Error('not now')
  }
  const { log, diagnostics } = withOutputter(t, outputter)
  log.info('one')
  await until(() => failures < 2)
  log.info('two')
  await until(() => outputter.stats().pending === 0)
  assert.deepEqual(written.batches, [['info one'], ['info two']])
  assert.deepEqual(
    diagnostics.map(({ level, message }) => [level, message]),
    [
      ['warn', 'outputter mine: cannot write, tries again: not now'],
      ['info', 'outputter mine: writes again'],
    ],
  )
})

test('what fails for good is counted, and those behind it have their turn', async (t) => {
  const { outputter, written } = define({ attempts: 2 })
  written.act = (batch) => {
    if (batch.includes('info poison')) throw new TypeError('cannot')
  }
  const { log, diagnostics } = withOutputter(t, outputter)
  log.info('poison')
  await until(() => outputter.stats().error !== undefined)
  log.info('good')
  await until(() => written.batches.length === 1)
  assert.deepEqual(outputter.stats(), {
    taken: 2,
    written: 1,
    pending: 0,
    lost: { 'write failed': 1 },
    error: undefined,
  })
  assert.match(diagnostics[1]?.message ?? '', /1 records are lost, written in vain 2 times: cannot$/)
})

test('close ends, whatever the target does', async (t) => {
  const { outputter, written } = define({ close: () => new Promise(() => undefined) })
  written.act = () => new Promise(() => undefined)
  const { log, diagnostics } = withOutputter(t, outputter)
  log.info('one')
  await log.close({ timeout: 0 })
  assert.deepEqual(outputter.stats().lost, { 'too slow': 1 })
  assert.deepEqual(diagnostics.at(-1)?.message, 'outputter mine: 1 records lost at close')
})
