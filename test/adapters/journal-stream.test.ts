import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rename, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test, type TestContext } from 'node:test'
import bunyan from 'bunyan'
import { journalStream, type JournalStream, type JournalStreamOptions } from 'logflume/stream'
import { linesOnDisk, temporaryDirectory } from '../journal/open-journal.ts'
import { useKafka } from '../kafka/brokers.ts'
import { readTopic, uniqueTopic } from '../kafka/read-topic.ts'
import { runProgram } from './run-program.ts'

async function open(
  t: TestContext,
  options: Partial<JournalStreamOptions> = {},
): Promise<{ readonly dir: string; readonly stream: JournalStream }> {
  const dir = await temporaryDirectory(t)
  const stream = journalStream({ name: 'shop', dir, ...options })
  t.after(() => stream.close())
  return { dir, stream }
}

test('text is cut into lines wherever its chunks end', async (t) => {
  const { dir, stream } = await open(t)
  const bytes = Buffer.from('línea 👋\n\n\r\ntwo\nthree, without an end')
  for (let at = 0; at < bytes.length; at += 3) stream.write(bytes.subarray(at, at + 3))
  stream.write(' that comes', 'latin1')
  stream.write(Buffer.from('!').toString('hex'), 'hex')
  stream.end()
  await once(stream, 'finish')
  assert.deepEqual(await linesOnDisk(dir), ['línea 👋', 'two', 'three, without an end that comes!'])
})

test('text without a newline does not fill the memory: it is cut', async (t) => {
  const { dir, stream } = await open(t)
  for (let n = 0; n < 5; n++) stream.write('x'.repeat(600_000))
  const { written } = await stream.close()
  assert.equal(written, 3)
  assert.deepEqual(
    (await linesOnDisk(dir)).map(({ length }) => length),
    [1_200_000, 1_200_000, 600_000],
  )
})

test('a pipe is held back while the disk is behind, and everything arrives', async (t) => {
  const { dir, stream } = await open(t, { maxBufferBytes: 4 * 1024 * 1024, rotate: { maxBytes: 2 ** 30 } })
  const line = `${'x'.repeat(999)}\n`
  function* lines() {
    for (let n = 0; n < 400; n++) yield line.repeat(100)
  }
  await pipeline(Readable.from(lines()), stream)
  const { written, forwarded, lost } = stream.stats()
  assert.deepEqual([written, forwarded, lost], [40_000, 40_000, {}])
  assert.equal((await linesOnDisk(dir)).length, 40_000)
})

test('write says false while the disk fails, and drain comes when it takes lines again', async (t) => {
  const parent = await temporaryDirectory(t)
  const dir = join(parent, 'logs')
  const stream = journalStream({
    name: 'shop',
    dir,
    rotate: { maxBytes: 4096 },
    onDiagnostic: () => undefined,
  })
  t.after(() => stream.close())
  stream.write(`${'x'.repeat(5000)}\n`)
  stream.flushSync()
  // The next segment cannot be made: its directory is a file.
  await rename(dir, join(parent, 'away'))
  await writeFile(dir, '')
  const line = `${'x'.repeat(99_999)}\n`
  let lines = 0
  do lines++
  while (stream.write(line))
  assert.ok(lines < 20, `${lines} lines of 100 KB were asked for`)
  const drained = once(stream, 'drain')
  await rename(dir, join(parent, 'file'))
  await mkdir(dir)
  await drained
  const { written, lost } = await stream.close()
  assert.deepEqual([written, lost], [1 + lines, {}])
  assert.equal((await linesOnDisk(dir)).length, lines)
})

test('objects of any kind are lines', async (t) => {
  const { dir, stream } = await open(t, { raw: true })
  const cycle: Record<string, unknown> = { n: 1n }
  cycle.self = cycle
  for (const object of [
    cycle,
    { time: new Date(0) },
    [1],
    5,
    undefined,
    'text\nmore',
    Buffer.from('bytes\n'),
  ])
    stream.write(object)
  await stream.close()
  assert.deepEqual(await linesOnDisk(dir), [
    '{"n":"1","self":"[Circular]"}',
    '{"time":"1970-01-01T00:00:00.000Z"}',
    '[1]',
    '5',
    'null',
    'text',
    'morebytes',
  ])
})

for (const raw of [false, true]) {
  const kind = raw ? 'raw' : 'text'
  test(`bunyan, ${kind}: its lines are kept, or have ECS names`, async (t) => {
    for (const format of ['unchanged', 'ecs'] as const) {
      const { dir, stream } = await open(t, { raw, format })
      const streams = [raw ? { type: 'raw', stream } : { stream }]
      const log = bunyan.createLogger({ name: 'http', streams, serializers: bunyan.stdSerializers })
      log.info({ orderId: 17 }, 'order %s', 'placed')
      log.child({ component: 'db' }).error(new TypeError('boom'), 'failed')
      await stream.close()
      const [placed, failed] = (await linesOnDisk(dir)).map(
        (line) => JSON.parse(line) as Record<string, unknown>,
      )
      assert(placed && failed)
      if (format === 'unchanged') {
        assert.deepEqual([placed.msg, placed.orderId, placed.level, placed.v], ['order placed', 17, 30, 0])
        assert.equal((failed.err as Error).message, 'boom')
        continue
      }
      const { '@timestamp': time, 'host.hostname': host, ...rest } = placed
      assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/)
      assert.equal(typeof host, 'string')
      assert.deepEqual(rest, {
        'log.level': 'info',
        'log.logger': 'http',
        'service.name': 'shop',
        'process.pid': process.pid,
        orderId: 17,
        message: 'order placed',
      })
      assert.deepEqual(
        [
          failed['log.level'],
          failed['error.type'],
          failed['error.message'],
          failed.component,
          failed.message,
        ],
        ['error', 'TypeError', 'boom', 'db', 'failed'],
      )
      assert.match(String(failed['error.stack_trace']), /^TypeError: boom\n {4}at /)
    }
  })

  for (const [ending, code] of [
    ['natural end', 0],
    ['process.exit', 3],
  ] as const) {
    test(`bunyan, ${kind}: 1,000 lines, then ${ending}: all are on disk`, async (t) => {
      const dir = await temporaryDirectory(t)
      const end = await runProgram(t, 'bunyan.mjs', [dir, kind, ending])
      const numbers = (await linesOnDisk(dir)).map((line) => (JSON.parse(line) as { n: number }).n)
      const thousand = Array.from({ length: 1000 }, (_, n) => n)
      assert.deepEqual([numbers, end.code], [thousand, code], end.output)
    })
  }
}

test('finish comes after Kafka has everything', async (t) => {
  const brokers = await useKafka()
  const topic = uniqueTopic('stream')
  const { stream } = await open(t, {
    kafka: { brokers, topic, createTopic: { partitions: 1 } },
    endTimeout: 30_000,
  })
  stream.end('one\ntwo')
  await once(stream, 'finish')
  const values = (await readTopic(brokers, topic)).map(({ value }) => String(value))
  assert.deepEqual(values, ['one', 'two'])
})

test('a stream that is destroyed gives its journal back', async (t) => {
  const { dir, stream } = await open(t)
  stream.write('one\n')
  stream.destroy()
  await once(stream, 'close')
  const second = journalStream({ name: 'shop', dir })
  second.write('two\n')
  const { journal } = await second.close()
  assert.equal(journal.segments, 1)
  assert.deepEqual(await linesOnDisk(dir), ['one', 'two'])
})
