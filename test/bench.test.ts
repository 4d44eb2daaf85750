import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import * as adapters from '../bench/adapters.ts'
import * as app from '../bench/app.ts'
import type { Report } from '../bench/bench.ts'
import * as backlog from '../bench/backlog.ts'
import * as call from '../bench/call.ts'
import * as consume from '../bench/consume.ts'
import * as consumeMemory from '../bench/consume-memory.ts'
import { benchSearch } from '../bench/search.ts'
import { percentiles } from '../bench/cases/percentiles.ts'
import { TimeHistogram } from '../bench/cases/time-histogram.ts'
import { benchContext } from '../bench/context.ts'
import * as endToEnd from '../bench/end-to-end.ts'
import * as forward from '../bench/forward.ts'
import * as grok from '../bench/grok.ts'
import { childTime, kcatVersion } from '../bench/kcat.ts'
import * as latency from '../bench/latency.ts'
import { countLines, linesOnDisk } from '../bench/lines-on-disk.ts'
import * as memory from '../bench/memory.ts'
import { readOptions } from '../bench/options.ts'
import * as outage from '../bench/outage.ts'
import { LINE_BYTES } from '../bench/padding.ts'
import { benchPattern } from '../bench/pattern.ts'
import { interleave, ratios, spread } from '../bench/rounds.ts'
import { rsyslogVersion } from '../bench/rsyslog.ts'
import { BENCH_CONFIG } from '../bench/topics.ts'
import { temporaryDirectory } from './journal/open-journal.ts'
import { startKafka } from './kafka/cluster.ts'

// A short form of each benchmark: what it says about lines has to be true. What it says about time is not
// looked at, but for its being there.

/** Only there does the system tell the CPU of one thread. */
const IS_LINUX = process.platform === 'linux'

/** The cells of the row that begins with `name`, as printed. */
function row({ text }: Report, name: string): string[] {
  const line = text.split('\n').find((one) => one.startsWith(`${name}  `))
  assert.ok(line !== undefined, `a row for ${name} in\n${text}`)
  return line.slice(name.length).trim().split(/\s+/)
}

/** A cell as a number: from ten thousand on it has commas. */
function figure(cell: string): number {
  return Number(cell.replaceAll(',', ''))
}

function assertWellFormed({ text, failures }: Report): void {
  assert.deepEqual(failures, [])
  assert.deepEqual(
    text.split('\n').filter((line) => line.length > 80),
    [],
  )
  assert.doesNotMatch(text, /NaN|undefined|Infinity/)
}

test('the benchmarks run, and all lines are where they were to go', async (t) => {
  const kafka = await startKafka({ config: BENCH_CONFIG })
  t.after(() => kafka.stop())
  const dir = await temporaryDirectory(t)
  const surroundings = { kafka, dir, rounds: 1 }

  await t.test('call', async () => {
    const report = await call.benchCalls({ ...surroundings, lines: 1900, warmup: 100 })
    assertWellFormed(report)
    const others = ['pino, async', 'pino, sync', 'winston, File']
    for (const name of ['logflume, to Kafka', 'logflume, disk only', ...others]) {
      const [thread, ratio, all, bytes, ...more] = row(report, name)
      assert.deepEqual(more, [])
      if (IS_LINUX) assert.ok(Number(thread) > 0 && Number(ratio) > 0, 'CPU of the main thread')
      assert.ok(Number(all) > 0, 'CPU of the process')
      assert.ok(Number(bytes) >= LINE_BYTES)
    }
    if (IS_LINUX) assert.equal(row(report, 'pino, worker')[1], '1.00', 'the peer beside itself')
  })

  await t.test('forward', async () => {
    const report = await forward.benchForward({ ...surroundings, lines: 4000 })
    assertWellFormed(report)
    for (const name of ['logflume', 'logflume gzip', 'kafkajs send', 'kafkajs gzip']) row(report, name)
    if ((await rsyslogVersion()) !== undefined)
      for (const name of ['rsyslog', 'rsyslog gzip']) row(report, name)
    else assert.match(report.text, /apt-get install -y rsyslog rsyslog-kafka/)
    const hasKcat = (await kcatVersion()) !== undefined
    assert.equal(report.text.includes('apt-get install -y kcat'), !hasKcat)
    if (hasKcat) assert.equal(row(report, 'kcat -P -l')[2], '1.00', 'the peer beside itself')
  })

  await t.test('consume', async () => {
    const report = await consume.benchConsume({ ...surroundings, records: 3000 })
    assertWellFormed(report)
    for (const name of ['logflume, by module', 'logflume, one file', 'Connect, one file']) {
      const cells = row(report, name).map(figure)
      assert.ok(cells.length >= 5 && cells.at(-1)! > 0, cells.join())
    }
    assert.equal(report.text.includes('apt-get install -y kcat'), (await kcatVersion()) === undefined)
  })

  await t.test('consume-memory', async () => {
    const report = await consumeMemory.benchConsumeMemory({ ...surroundings, records: 3000, seconds: 1 })
    assertWellFormed(report)
    assert.match(report.text, /stood still for 1 s: RSS from \d+ to\n\d+ MB/)
  })

  await t.test('search', async () => {
    const report = await benchSearch({ ...surroundings, records: 2000 })
    assertWellFormed(report)
    assert.deepEqual(row(report, "kafkajs, the client's bulk helper").at(-1), '1.00', 'beside itself')
    assert.ok(Number(row(report, 'logflume').at(-1)) > 0)
  })

  await t.test('latency', async () => {
    const options = { ...surroundings, rate: 2000, seconds: 1, warmup: 1, rotations: 3 }
    const report = await latency.benchLatency(options)
    assertWellFormed(report)
    for (const name of ['logflume', 'pino, worker', 'pino-roll']) {
      const cells = row(report, name)
      assert.equal(cells.at(-1), '4000', 'lines on disk')
      const [p50, p99, p999, max] = cells.map(figure)
      assert.ok(p50! > 0 && p50! <= p99! && p99! <= p999! && p999! <= max! + 1, cells.join())
    }
    for (const name of ['an empty call', 'winston daily']) row(report, name)
  })

  await t.test('end-to-end', async () => {
    const report = await endToEnd.benchEndToEnd({ ...surroundings, rate: 1000, seconds: 1, warmup: 1 })
    assertWellFormed(report)
    const [p50, p99] = row(report, 'logflume').map(figure)
    assert.ok(p50! > 0 && p50! <= p99! + 0.1)
    const hasRsyslog = (await rsyslogVersion()) !== undefined
    assert.equal(report.text.includes('apt-get install -y rsyslog rsyslog-kafka'), !hasRsyslog)
    if (hasRsyslog) assert.equal(row(report, 'file, rsyslog').at(-1), '1.00', 'the peer beside itself')
  })

  await t.test('memory', async () => {
    const report = await memory.benchMemory({ ...surroundings, lines: 5000 })
    assertWellFormed(report)
    for (const name of ['logflume, to Kafka', 'logflume, disk only', 'pino, worker']) {
      for (const what of ['heap', 'RSS']) {
        const cells = row(report, `${name}: ${what}`)
        assert.equal(cells.length, 6, 'start, four numbers of lines, growth')
        assert.ok(cells.slice(0, 5).every((cell) => figure(cell) > 0))
      }
    }
  })

  await t.test('backlog', async () => {
    const options = { ...surroundings, bytes: 20e6, rate: 1000, seconds: 0.5, warmup: 0 }
    const report = await backlog.benchBacklog(options)
    assertWellFormed(report)
    for (const name of ['with the backlog', 'without one']) {
      const cells = row(report, name).slice(0, 3).map(figure)
      assert.ok(cells.length === 3 && cells.every((cell) => cell > 0), 'start, first line, peak')
    }
    assert.match(report.text, /How the last run caught up:\n\ns +in Kafka +pending/)
  })

  await t.test('outage', async () => {
    const report = await outage.benchOutage({ ...surroundings, lines: 5000, rate: 20_000 })
    assertWellFormed(report)
    for (const name of ['up', 'absent', 'paused']) row(report, `${name}: RSS`)
  })

  // Last, since it ends with a dead broker.
  await t.test('app', async () => {
    const options = { ...surroundings, lines: 4000, warmup: 1000, rate: 10_000, patience: 500 }
    const report = await app.benchApp(options)
    assertWellFormed(report)
    for (const name of ['absent from the start', 'paused in the middle', 'killed in the middle']) {
      assert.equal(row(report, name)[2], '4000', 'lines on disk')
    }
    assert.deepEqual(row(report, 'off (disk only)').slice(2), ['4000', '-'])
    assert.deepEqual(row(report, 'up').slice(2), ['4000', '4000'])
    if (IS_LINUX) assert.equal(row(report, 'off (disk only)')[1], '1.00', 'the peer beside itself')
  })
})

test('the benchmark of the adapters runs, and all lines of ours are on disk', async (t) => {
  const dir = await temporaryDirectory(t)
  const report = await adapters.benchAdapters({ dir, rounds: 1, lines: 1900, warmup: 100 })
  assertWellFormed(report)
  for (const name of [
    'logflume/pino',
    'journalDestination',
    'logflume/winston',
    'pino-roll',
    'winston, File',
  ]) {
    const cells = row(report, name)
    assert.ok(Number(cells[2]) > 0, 'CPU of the process')
    assert.equal(cells.at(-1), '2000', 'lines on disk')
  }
})

test('the benchmark of grok runs, and all records are read right', async () => {
  const report = await grok.benchGrok({ rounds: 1, records: 2000, warmup: 1000 })
  assertWellFormed(report)
  if (IS_LINUX) assert.equal(row(report, 'RegExp in a function')[1], '1.00', 'the peer beside itself')
  const one = { name: 'one', way: 'own', thread: 1, process: 1, wall: 1 } as const
  assert.deepEqual(grok.wrongCounts(one, [{ ...one, right: 9 }], 10), [
    'grok, one, round 1: 9 of 10 records read right',
  ])
})

test('so do those of patterns and contexts', async (t) => {
  const options = { dir: await temporaryDirectory(t), rounds: 1, lines: 1900, warmup: 100 }
  const reports = [
    [await benchPattern(options), ['logflume, fileOutputter', 'log4js, file appender']],
    [
      await benchContext(options),
      ['bound fields, no context', 'in the MDC', 'in two MDCs and an NDC', 'bound, and a span'],
    ],
  ] as const
  for (const [report, names] of reports) {
    assertWellFormed(report)
    for (const name of names) if (IS_LINUX) assert.ok(Number(row(report, name)[0]) > 0, name)
  }
})

test('lines that are missing on disk, doubled or not as they were logged are noticed', async (t) => {
  const dir = await temporaryDirectory(t)
  const look = async (...ids: number[]) => {
    await writeFile(join(dir, 'a.log'), ids.map((id) => `{"id":${id}}\n`).join(''))
    return linesOnDisk(dir, (n) => 10 + n)
  }
  assert.deepEqual(await look(10, 11, 12), { lines: 3, bytes: 30, wrong: 0 })
  assert.deepEqual(await look(10, 12), { lines: 2, bytes: 20, wrong: 1 })
  assert.deepEqual(await look(10, 10, 11), { lines: 3, bytes: 30, wrong: 2 })
  assert.equal(await countLines(dir), 3)
  await writeFile(join(dir, 'b.log.gz'), gzipSync('{"id":13}\n{"id":14}\n'))
  assert.equal(await countLines(dir), 5)
  assert.deepEqual(await linesOnDisk(dir, (n) => [10, 10, 11, 13, 14][n]!), { lines: 5, bytes: 50, wrong: 0 })
  await rm(join(dir, 'b.log.gz'))
  await rm(join(dir, 'a.log'))
  assert.deepEqual(await linesOnDisk(dir, Number), { lines: 0, bytes: 0, wrong: 0 })
})

test('a run in which the counts do not add up is reported with its round', () => {
  const cost = { thread: 1, process: 1, wall: 1 }
  const whole = { lines: 100, bytes: 21_900, wrong: 0 }
  const one = { name: 'one' }

  const adapted = { ...cost, found: whole }
  assert.deepEqual(adapters.wrongCounts(one, [adapted, { ...adapted, found: { ...whole, wrong: 1 } }], 100), [
    'adapters, one, round 2: 100 of 100 lines on disk, 1 wrong ones',
  ])

  const called = { ...cost, found: whole, records: 100 }
  assert.deepEqual(call.wrongCounts(one, [called, { ...called, records: undefined }], 100), [])
  assert.deepEqual(call.wrongCounts(one, [called, { ...called, found: { ...whole, lines: 99 } }], 100), [
    'call, one, round 2: 99 of 100 lines on disk, 0 wrong ones',
  ])
  assert.deepEqual(call.wrongCounts(one, [{ ...called, records: 101 }], 100), [
    'call, one, round 1: 101 records of 100 lines in Kafka',
  ])

  const sent = { lines: 100, records: 100, bytes: 0, wall: 1, process: 1 }
  assert.deepEqual(forward.wrongCounts(one, [sent, sent]), [])
  assert.deepEqual(forward.wrongCounts(one, [sent, { ...sent, records: 99 }]), [
    'forward, one, round 2: 99 records of 100 lines in Kafka',
  ])

  const counts = { written: 100, forwarded: 60, pending: 40, lost: {} }
  const logged = { cost, counts, found: whole, records: undefined }
  assert.deepEqual(app.wrongCounts(one, [logged], 100), [])
  assert.deepEqual(app.wrongCounts(one, [{ ...logged, records: 60 }], 100), [
    'app, Kafka one, round 1: 60 of 100 lines in Kafka',
  ])
  assert.deepEqual(app.wrongCounts(one, [{ ...logged, found: { ...whole, wrong: 3 } }], 100), [
    'app, Kafka one, round 1: 100 of 100 lines on disk, 3 wrong ones',
  ])
  assert.deepEqual(app.wrongCounts(one, [{ ...logged, counts: { ...counts, pending: 39 } }], 100), [
    'app, Kafka one, round 1: 99 of 100 lines accounted for, 100 written',
  ])

  const ours = { ...one, forwards: true } as const
  const timed = { onDisk: 100, records: 100 }
  assert.deepEqual(latency.wrongCounts(ours, [timed], 100), [])
  assert.deepEqual(latency.wrongCounts(one, [{ ...timed, onDisk: 98 }], 100), [], 'a peer: the table tells')
  assert.deepEqual(latency.wrongCounts(ours, [timed, { ...timed, onDisk: 98 }], 100), [
    'latency, one, round 2: 98 of 100 lines on disk, 100 in Kafka',
  ])
  assert.deepEqual(memory.wrongCounts(one, [timed, { ...timed, records: undefined }], 100), [])
  assert.deepEqual(memory.wrongCounts(one, [{ ...timed, records: 99 }], 100), [
    'memory, one, round 1: 100 of 100 lines on disk, 99 in Kafka',
  ])
  const arrived = { records: 100, disordered: 0 }
  assert.deepEqual(endToEnd.wrongCounts(one, [arrived], 100), [])
  assert.deepEqual(endToEnd.wrongCounts(one, [{ ...arrived, disordered: 2 }], 100), [
    'end-to-end, one, round 1: 100 of 100 lines, 2 out of order',
  ])
  assert.deepEqual(outage.wrongCounts(one, [{ onDisk: 100, counts }], 100), [])
  assert.deepEqual(outage.wrongCounts(one, [{ onDisk: 99, counts }], 100), [
    'outage, Kafka one, round 1: 99 of 100 lines on disk, 100 accounted for, 100 written',
  ])
  const caughtUp = { lines: 100, records: 100, tail: { first: 0, lines: 100, disordered: 0 } }
  const all = { ...counts, forwarded: 100, pending: 0 }
  assert.deepEqual(backlog.wrongCounts(one, [{ ...caughtUp, counts: all }]), [])
  assert.deepEqual(backlog.wrongCounts(one, [{ ...caughtUp, counts: all, records: 101 }]), [
    'backlog, one, round 1: 101 of 100 lines in Kafka, 100 accounted for, 0 out of order',
  ])
})

test('percentiles are times that were measured', () => {
  const times = Float64Array.from({ length: 2000 }, (_, index) => 2000 - index)
  assert.deepEqual(percentiles(times), { count: 2000, p50: 1000, p99: 1980, p999: 1998, max: 2000 })
  assert.deepEqual(percentiles(Float64Array.of(7)), { count: 1, p50: 7, p99: 7, p999: 7, max: 7 })

  const histogram = new TimeHistogram()
  for (let time = 1; time <= 100; time++) histogram.add(time)
  histogram.add(1e9)
  assert.ok(Math.abs(histogram.percentile(0.5) - 51) < 0.2)
  assert.ok(Math.abs(histogram.percentile(0.99) - 100) < 0.2)
})

test('cases take turns, and a ratio is made within a round', async () => {
  const order: string[] = []
  const results = await interleave([{ name: 'a' }, { name: 'b' }], 3, ({ name }) => {
    order.push(name)
    return Promise.resolve(order.length)
  })
  assert.equal(order.join(''), 'ababab')
  assert.deepEqual(results, [
    [1, 3, 5],
    [2, 4, 6],
  ])
  assert.deepEqual(ratios([2, 9], [1, 3]), [2, 3])
  assert.deepEqual(spread([5, 1, 3]), { median: 3, least: 1, most: 5 })
  assert.deepEqual(spread([4, 1, 2, 3]), { median: 2.5, least: 1, most: 4 })
})

test('the CPU time of a child is read as dash and as bash print it', () => {
  assert.equal(childTime('0m0.001s 0m0.002s\n1m2.500s 0m0.250s\n'), 62_750_000)
  assert.equal(childTime('0m0.001000s 0m0.002000s\n0m0.730000s 0m0.020000s\n'), 750_000)
})

async function runMain(t: TestContext, ...args: string[]) {
  const main = ['--import', 'tsx', 'bench/main.ts', ...args]
  const { signal } = t
  return promisify(execFile)(process.execPath, main, { signal }).catch((error: unknown) => {
    return error as { code: number; stdout: string; stderr: string }
  })
}

test('npm run bench tells how it is used, also when it is used wrongly', async (t) => {
  const { stdout } = await runMain(t, '--help')
  assert.match(stdout, /^npm run bench [^]* call  [^]* app  [^]* forward  [^]* backlog  /)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line)

  const uses = [
    [['cal'], /^'cal': expected call, app, forward, latency, .*exits.* or nothing/],
    [['--fast'], /^Unknown option '--fast'/],
  ] as const
  for (const [wrong, message] of await Promise.all(
    uses.map(async ([args, message]) => [await runMain(t, ...args), message] as const),
  )) {
    assert.equal('code' in wrong && wrong.code, 2)
    assert.match(wrong.stderr, message)
  }
})

test('options are read, and refused by their names', () => {
  const defaults = { quick: false, rounds: undefined, node: undefined, gb: undefined, replicas: [1] }
  assert.deepEqual(readOptions([]), { ...defaults, benches: ['call', 'app', 'forward', 'exits'] })
  assert.deepEqual(readOptions(['backlog', '--gb', '2', '--rounds', '7', '--quick']), {
    ...defaults,
    benches: ['backlog'],
    quick: true,
    rounds: 7,
    gb: 2,
  })
  assert.deepEqual(readOptions(['call', '--node', '26', '--replicas', '1', '--replicas', '3']), {
    ...defaults,
    benches: ['call'],
    node: '26',
    replicas: [1, 3],
  })
  const wrong = [
    [['--rounds', '0'], /^--rounds: expected a number from 1 to 1000, got '0'/],
    [['--rounds', ''], /^--rounds: expected a number from 1 to 1000, got ''/],
    [['--gb', '0.5'], /^--gb: expected a number from 1 to 10000, got '0.5'/],
    [['--replicas', '4'], /^--replicas: expected a number from 1 to 3, got '4'/],
    [['--node', 'latest; rm'], /^--node: expected a version, as 26 or 24.1, got 'latest; rm'/],
  ] as const
  for (const [args, message] of wrong) assert.throws(() => readOptions(args), { name: 'TypeError', message })
})
