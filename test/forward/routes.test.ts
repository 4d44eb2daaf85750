import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from 'logflume'
import { linesOnDisk, temporaryDirectory } from '../journal/open-journal.ts'
import { useKafka } from '../kafka/brokers.ts'
import { uniqueTopic } from '../kafka/read-topic.ts'
import { assertSame, linesInKafka as linesIn } from './lines.ts'
import { runApp } from './run-app.ts'

test('two routes, what is dropped, a logger with its own topic, and all others: line by line', async (t) => {
  const brokers = await useKafka()
  const dir = await temporaryDirectory(t)
  const name = uniqueTopic('routes')
  const log = createLogger({
    name: 'shop',
    dir,
    level: 'debug',
    levels: { alarm: 55 },
    kafka: {
      brokers,
      topic: `${name}-{service}-{YYYYMMDD}`,
      createTopic: { partitions: 2 },
      batchBytes: 10_000,
      routes: [
        { level: { min: 'error' }, topic: `${name}-errors` },
        { logger: 'shop::http', match: /"path":"\/health\/?"/, drop: true },
        { logger: 'shop::http', topic: `${name}-http` },
      ],
    },
  })
  t.after(() => log.close())
  const http = log.get('http')
  const audit = log.get('audit', { topic: `${name}-audit` })
  for (let n = 0; n < 400; n++) {
    log.debug('default', { n })
    http.info('request', { n, path: n % 3 === 0 ? '/health' : '/orders' })
    http.get('client').warn('slow', { n })
    audit.get('login').error('audit', { n })
    if (n % 7 === 0) log.alarm('alarm', { n })
    if (n % 50 === 0) await log.flush()
  }
  const { written, forwarded, dropped, pending, lost } = await log.close({ timeout: 30_000 })
  assert.deepEqual({ forwarded, pending, lost }, { forwarded: written - dropped, pending: 0, lost: {} })
  const disk = await linesOnDisk(dir)
  const of = (message: string): string[] => disk.filter((line) => line.includes(`"message":"${message}"`))
  const isHealth = (line: string): boolean => line.includes('"path":"/health"')
  assert.equal(dropped, of('request').filter(isHealth).length)
  assertSame(await linesIn(brokers, `${name}-audit`), of('audit'))
  assertSame(await linesIn(brokers, `${name}-errors`), of('alarm'))
  const toHttp = disk.filter((line) => /"message":"(?:request|slow)"/.test(line) && !isHealth(line))
  assertSame(await linesIn(brokers, `${name}-http`), toHttp)
  const days = new Set(disk.map((line) => line.slice(15, 25).replaceAll('-', '')))
  const others = await Promise.all([...days].map((day) => linesIn(brokers, `${name}-shop-${day}`)))
  assertSame(others.flat(), of('default'))
})

test('kill -9 at random moments: each line is in its topic once, in order', async (t) => {
  const brokers = await useKafka()
  const dir = await temporaryDirectory(t)
  const name = uniqueTopic('routes')
  const routes = [
    { match: '0,"pad"', topic: `${name}-0` },
    { match: '5,"pad"', drop: true as const },
    { match: '7,"pad"', topic: `${name}-7` },
  ]
  const kafka = { brokers, topic: name, routes, batchBytes: 20_000, createTopic: { partitions: 1 } }
  const options = { name: 'shop', dir, rotate: { maxBytes: 2_000_000 }, kafka }
  const waits: number[] = []
  for (let run = 0; run < 5; run++) {
    const app = runApp(t, options, { lines: 1_000_000, group: 50, run: `kill ${run}` })
    await app.started
    const wait = Math.round(Math.random() * 600)
    waits.push(wait)
    await delay(wait)
    await app.kill()
  }
  t.diagnostic(`killed after ${waits.join(', ')} ms`)
  const last = await runApp(t, options, { lines: 100, run: 'last' }).closed
  assert.deepEqual([last.pending, last.lost, last.kafka.duplicatesPossible], [0, {}, 0])
  assert.equal(last.written, last.forwarded + last.dropped)
  const disk = await linesOnDisk(dir)
  const ends = (...digits: string[]): string[] =>
    disk.filter((line) => digits.includes(/(\d),"pad"/.exec(line)?.[1] ?? ''))
  assertSame(await linesIn(brokers, `${name}-0`), ends('0'))
  assertSame(await linesIn(brokers, `${name}-7`), ends('7'))
  assertSame(await linesIn(brokers, name), ends('1', '2', '3', '4', '6', '8', '9'))
})
