import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { defineSink, LogflumeError, testPipeline, type Sink } from '../../src/consumer.ts'
import { appendLines, collect, journalDirectory, makeConsumer } from './journal.ts'

// The README's example of a sink.
const webhook = (url: string): Sink =>
  defineSink({
    name: 'webhook',
    async write(records, { signal }) {
      const body = records.map(({ line }) => line).join('\n')
      const answer = await fetch(url, { method: 'POST', body, signal })
      if (answer.status === 400) throw new LogflumeError('SINK', await answer.text()) // dead letters
      if (!answer.ok) throw new Error(`${url} answers ${answer.status}`) // tried again
    },
  })

test('a sink of ten lines is tried again where it fails, and its refusals are dead letters', async (t) => {
  const bodies: string[] = []
  const statuses = [503, 200, 400]
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      bodies.push(body)
      response.writeHead(statuses[bodies.length - 1] ?? 200).end('no thanks')
    })
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

  const dir = await journalDirectory(t)
  const deadLetter = collect('dead letters')
  const run = async (): Promise<void> => {
    const from = { dir, name: 'shop', follow: false }
    await makeConsumer(t, { from, sinks: [webhook(url)], deadLetter }).consumer.run()
  }
  await appendLines(dir, ['a', 'b'])
  await run()
  assert.deepEqual(bodies, ['a\nb', 'a\nb'])
  await appendLines(dir, ['c'])
  await run()
  assert.deepEqual(bodies.slice(2), ['c'])
  assert.equal(deadLetter.records[0]?.get('error.message'), 'sink webhook: write: no thanks')
})

test('the sink of the README is tested by the helper of the README', async (t) => {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { delivered, dead, dropped } = await testPipeline({ sinks: [webhook(url)] }, ['a line', { n: 1 }])
  assert.deepEqual([delivered.length, dead.length, dropped], [2, 0, 0])
})
