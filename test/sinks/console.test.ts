import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { consoleSink, type ConsoleOptions } from '../../src/sinks/console.ts'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import { makeRecord } from '../consume/make-record.ts'

const context = { signal: new AbortController().signal, committed: undefined }

async function print(options: ConsoleOptions, ...records: ConsumedRecord[]): Promise<string> {
  let printed = ''
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      printed += chunk.toString()
      done()
    },
  })
  await consoleSink({ stream, ...options }).write(records, context)
  return printed
}

const order = {
  '@timestamp': new Date(2026, 10, 21, 14, 5, 1, 123).toISOString(),
  'log.level': 'info',
  'log.logger': 'shop::db',
  'service.name': 'shop',
  'process.pid': 1234,
  'host.hostname': 'box',
  message: 'order placed',
  orderId: 17,
  name: 'a b',
  nested: { x: 1 },
}

test('for people a line has time, level, logger, message and the other fields', async () => {
  assert.equal(
    await print({ pretty: true }, makeRecord(order)),
    '14:05:01.123 INFO  shop::db order placed orderId=17 name="a b" nested={"x":1}\n',
  )
})

test('colours only where they are wanted', async () => {
  const painted = await print({ pretty: true, colors: true }, makeRecord(order))
  assert.ok(painted.includes('\u001b[32mINFO \u001b[0m'))
  assert.ok(!(await print({ pretty: true }, makeRecord(order))).includes('\u001b'))
})

test('a stack trace is below its line, and messages of several lines are indented', async () => {
  const record = makeRecord({ ...order, message: 'one\ntwo', 'error.stack_trace': 'Error: no\n  at x\n' })
  const text = await print({ pretty: true }, record)
  assert.match(text, / one\n {4}two orderId=17 .*\n {4}Error: no\n {6}at x\n$/)
})

test('what a record holds cannot steer the terminal', async () => {
  const record = makeRecord({ message: 'a\u001b[2Jb\rc\u009bd', evil: '\u001b]0;x\u0007', '\u001b[1m': 1 })
  const text = await print({ pretty: true }, record)
  assert.ok(text.includes('a\\x1b[2Jb\\x0dc\\x9bd'))
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
})

test('text that is no JSON is a message, and a record with odd fields is printed all the same', async () => {
  assert.match(await print({ pretty: true }, makeRecord('plain text')), /^[\d:.]+ {7}plain text\n$/)
  const record = makeRecord({ message: 'm' })
  record.fields.big = 10n
  assert.match(await print({ pretty: true }, record), / m big=\[.*BigInt.*\]\n$/)
})

test("for programs the records' own lines are written", async () => {
  const records = [makeRecord('{"a":  1}'), makeRecord('text')]
  assert.equal(await print({}, ...records), '{"a":  1}\ntext\n')
})

test('a write waits until a slow reader has taken it', async () => {
  const release: (() => void)[] = []
  const stream = new Writable({ write: (_chunk, _encoding, done) => void release.push(done) })
  let written = false
  const writing = Promise.resolve(consoleSink({ stream }).write([makeRecord('a')], context)).then(
    () => (written = true),
  )
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(written, false)
  release[0]?.()
  await writing
})

test('a pipe that nobody reads any more is a refusal, not a crash', async (t) => {
  const child = spawn('cat')
  t.after(() => child.kill())
  const sink = consoleSink({ stream: child.stdin })
  await sink.open?.()
  await sink.write([makeRecord('a')], context)
  child.kill()
  await once(child, 'exit')
  await assert.rejects(
    async () => {
      for (;;) await sink.write([makeRecord('b'.repeat(100_000))], context)
    },
    { code: 'SINK', retryable: false, message: 'nobody reads the stream' },
  )
  await sink.close?.()
})

test('a stream that fails in another way may be tried again', async (t) => {
  const stream = createWriteStream('/dev/full')
  t.after(() => stream.destroy())
  const sink = consoleSink({ stream })
  await sink.open?.()
  await assert.rejects(async () => sink.write([makeRecord('a')], context), { code: 'ENOSPC' })
})

test('options that make no sense are refused by name', () => {
  const refused = (options: object, message: RegExp): void => {
    assert.throws(() => consoleSink(options), { code: 'INVALID_OPTION', message })
  }
  refused({ stream: {} }, /^stream: expected a writable stream/)
  refused({ pretty: 'yes' }, /^pretty: expected true or false/)
  refused({ colours: true }, /^colours: no such option/)
})
