import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countLines } from '../../src/lines.ts'
import { codecOf } from '../../src/kafka/codecs.ts'
import { compressBatch, encodeBatch } from '../../src/kafka/record-batch.ts'
import type { BatchHeader } from '../../src/kafka/record-batch.ts'
import { headerBlock } from '../../src/kafka/record-headers.ts'
import type { RecordIds } from '../../src/kafka/record-headers.ts'
import { decodeBatch } from './decode-batch.ts'

const gzip = codecOf('gzip')!
const header: BatchHeader = { producerId: 5n, producerEpoch: 3, baseSequence: 17, timestamp: 1_000 }
const timed = (time: string, rest = ''): string => `{"@timestamp":"${time}"${rest}}`
const joined = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''))
const values = ({ records }: Awaited<ReturnType<typeof decodeBatch>>): string[] =>
  records.map(({ value }) => String(value ?? ''))

void test('one record a line, in order, the value without its newline, no key, no headers', async () => {
  const lines = ['first', 'zweite Zeile, äöü', '{"third":"\u{1f600}"}']
  const { bytes, records } = encodeBatch(joined(lines), header)
  const batch = await decodeBatch(bytes)
  assert.equal(records, 3)
  assert.deepEqual(values(batch), lines)
  assert.deepEqual(
    batch.records.map(({ offset, key, headers }) => ({ offset, key, headers })),
    ['0', '1', '2'].map((offset) => ({ offset, key: null, headers: {} })),
  )
})

void test('the header carries producer, epoch and sequence under the checksum', async () => {
  const extremes: BatchHeader[] = [
    { producerId: -1n, producerEpoch: -1, baseSequence: -1, timestamp: 0 },
    { producerId: 2n ** 63n - 1n, producerEpoch: 32_767, baseSequence: 2 ** 31 - 1, timestamp: 0 },
  ]
  for (const one of [header, ...extremes]) {
    const batch = await decodeBatch(encodeBatch(joined(['a', 'b']), one).bytes)
    assert.equal(batch.producerId, String(one.producerId))
    assert.equal(batch.producerEpoch, one.producerEpoch)
    assert.equal(batch.firstSequence, one.baseSequence)
    assert.equal(batch.lastOffsetDelta, 1)
    assert.equal(batch.partitionLeaderEpoch, -1)
    assert.equal(batch.inTransaction || batch.isControlBatch, false)
  }
})

void test('an empty line is a record with an empty value, so that lines and records stay one to one', async () => {
  const { bytes, records } = encodeBatch(Buffer.from('\n\na\n\n'), header)
  assert.equal(records, 4)
  assert.deepEqual(values(await decodeBatch(bytes)), ['', '', 'a', ''])
})

void test('a record has the time of its event, the batch the greatest of them', async () => {
  const lines = [
    timed('2026-11-21T13:10:00.123Z'),
    timed('2026-11-21T13:10:59.999Z', ',"message":"same minute"'),
    timed('2026-11-21T13:09:00.000Z', ',"message":"the clock went back"'),
    timed('2026-11-21T13:11:00.000Z'),
  ]
  const batch = await decodeBatch(encodeBatch(joined(lines), header).bytes)
  assert.deepEqual(
    batch.records.map(({ timestamp }) => new Date(Number(timestamp)).toISOString()),
    [
      '2026-11-21T13:10:00.123Z',
      '2026-11-21T13:10:59.999Z',
      '2026-11-21T13:09:00.000Z',
      '2026-11-21T13:11:00.000Z',
    ],
  )
  assert.equal(Number(batch.firstTimestamp), Date.parse('2026-11-21T13:10:00.123Z'))
  assert.equal(Number(batch.maxTimestamp), Date.parse('2026-11-21T13:11:00.000Z'))
})

void test('a line without a time has that of the line before; the first, that of the header', async () => {
  const time = '2026-11-21T13:10:00.123Z'
  const lines = [
    'no time',
    timed(time),
    'no time',
    timed('2026-13-45T99:99:99.999Z'),
    timed('2026-11-21T13:10:00.1234Z'),
  ]
  const batch = await decodeBatch(encodeBatch(joined(lines), header).bytes)
  const event = String(Date.parse(time))
  assert.deepEqual(
    batch.records.map(({ timestamp }) => timestamp),
    ['1000', event, event, event, event],
  )
})

void test('a fraction of a millisecond in the header is left away', async () => {
  const batch = await decodeBatch(encodeBatch(joined(['a']), { ...header, timestamp: 1234.567 }).bytes)
  assert.equal(batch.firstTimestamp, '1234')
})

void test('gzip packs the same records', async () => {
  const lines = Array.from({ length: 500 }, (_, index) => timed('2026-11-21T13:10:00.123Z', `,"n":${index}`))
  const plain = encodeBatch(joined(lines), header)
  const packed = await compressBatch(plain, gzip)
  assert.equal(packed.records, 500)
  assert.ok(packed.bytes.length < plain.bytes.length / 4)
  assert.deepEqual(values(await decodeBatch(packed.bytes)), lines)
  assert.deepEqual(values(await decodeBatch(plain.bytes)), lines, 'the plain batch is still whole')
})

void test('what is no line is refused', () => {
  for (const bytes of ['', 'no newline', 'a\nb']) {
    assert.throws(() => encodeBatch(Buffer.from(bytes), header), { code: 'CORRUPT' })
  }
})

// From single bytes to some longer than 16 KiB, where lengths take one more byte.
const times = fc
  .date({
    min: new Date('1970-01-01T00:00:00.000Z'),
    max: new Date('2100-01-01T00:00:00.000Z'),
    noInvalidDate: true,
  })
  .map((date) => date.toISOString())
const text = fc.string({ unit: 'grapheme', maxLength: 200 }).map((one) => one.replaceAll('\n', ' '))
const line = fc.oneof(
  text,
  fc.constant(''),
  fc.tuple(times, text).map(([time, rest]) => timed(time, rest)),
  fc.tuple(times, fc.nat(45)).map(([time, cut]) => timed(time).slice(0, cut)),
  fc
    .tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.nat(3_000))
    .map(([one, times]) => one.replaceAll('\n', ' ').repeat(times)),
)

void test('any lines come back as they went in, with the times they say', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 200 }), fc.nat(7), async (lines, shift) => {
      // A piece of a larger buffer at any alignment, as blocks of a journal are.
      const block = Buffer.concat([Buffer.alloc(shift, 10), joined(lines), Buffer.from('{"@timestamp":"')])
      const piece = block.subarray(shift, block.length - 15)
      assert.equal(countLines(piece), lines.length)
      const encoded = encodeBatch(piece, header)
      const batch = await decodeBatch(encoded.bytes)
      assert.deepEqual(values(batch), lines)

      let time = header.timestamp
      for (const [index, record] of batch.records.entries()) {
        const said = /^\{"@timestamp":"([^"]{24})"/.exec(lines[index]!)?.[1]
        if (said !== undefined) time = Date.parse(said)
        assert.equal(Number(record.timestamp), time)
      }
      assert.deepEqual(values(await decodeBatch((await compressBatch(encoded, gzip)).bytes)), lines)
    }),
    { numRuns: 100 },
  )
})

void test('the same range gives the same bytes again, packed or not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 50 }), async (lines) => {
      const first = encodeBatch(joined(lines), header)
      const again = encodeBatch(joined(lines), header)
      assert.ok(first.bytes.equals(again.bytes))
      assert.ok((await compressBatch(first, gzip)).bytes.equals((await compressBatch(again, gzip)).bytes))
    }),
    { numRuns: 50 },
  )
})

void test('headers that are the same on each record', async () => {
  const headers = headerBlock({ team: 'shop', größe: Buffer.from([0, 255]), empty: '' })
  const batch = await decodeBatch(encodeBatch(joined(['a', 'b']), header, { headers }).bytes)
  const expected = { team: Buffer.from('shop'), größe: Buffer.from([0, 255]), empty: Buffer.alloc(0) }
  assert.deepEqual(
    batch.records.map((record) => ({ ...record.headers })),
    [expected, expected],
  )
})

void test('an id on each record, counted on from the first ordinal or told one by one', async () => {
  const idsOf = async (ordinal: RecordIds['ordinal']): Promise<string[]> => {
    const ids = { journal: 'journal', ordinal }
    const { bytes } = encodeBatch(joined(['a', 'b', 'c']), header, { ids, headers: headerBlock({ a: 'b' }) })
    const { records } = await decodeBatch(bytes)
    return records.map(({ headers }) => String((headers as Record<string, Buffer>)['logflume.id']))
  }
  assert.deepEqual(await idsOf(98), ['journal:98', 'journal:99', 'journal:100'])
  const last = Number.MAX_SAFE_INTEGER - 2
  assert.deepEqual(
    await idsOf(last),
    [0, 1, 2].map((more) => `journal:${last + more}`),
  )
  const neighbours = [3, 17, 4_000_000_000]
  assert.deepEqual(
    await idsOf((record) => neighbours[record]!),
    neighbours.map((ordinal) => `journal:${ordinal}`),
  )
})

void test('a key of the bytes of each line, or none', async () => {
  const lines = ['first', '', 'second one', 'x'.repeat(20_000)]
  const key = (bytes: Buffer, from: number, to: number): Buffer | undefined =>
    from === to ? undefined : bytes.subarray(from, to)
  const batch = await decodeBatch(encodeBatch(joined(lines), header, { key }).bytes)
  assert.deepEqual(values(batch), lines)
  assert.deepEqual(
    batch.records.map((record) => record.key && String(record.key)),
    ['first', null, 'second one', 'x'.repeat(20_000)],
  )
})

void test('a number of lines that is not theirs is refused', () => {
  const lines = joined(['a', 'b'])
  const key = (): undefined => undefined
  assert.equal(encodeBatch(lines, header, { records: 2 }).records, 2)
  for (const records of [0, 1, 3, 100]) {
    assert.throws(() => encodeBatch(lines, header, { records }), { code: 'CORRUPT' })
    assert.throws(() => encodeBatch(lines, header, { records, key }), { code: 'CORRUPT' })
  }
})

void test('any lines with keys, headers and ids come back as they went in, packed or not', async () => {
  // kafkajs, which reads them here, takes those that every object has for headers that are there already.
  const name = fc.string({ maxLength: 40 }).filter((one) => !(one in {}))
  const names = fc.dictionary(name, fc.string({ maxLength: 100 }), { maxKeys: 4 })
  const keyed = fc.tuple(line, fc.option(fc.uint8Array({ maxLength: 300 })))
  const batches = fc.array(keyed, { minLength: 1, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(batches, names, fc.nat(), async (records, given, ordinal) => {
      const keys = records.map(([, key]) => (key === null ? undefined : Buffer.from(key)))
      let asked = 0
      const lines = records.map(([one]) => one)
      const encoded = encodeBatch(joined(lines), header, {
        records: lines.length,
        headers: headerBlock(given),
        ids: { journal: 'j', ordinal },
        key: () => keys[asked++],
      })
      for (const { bytes } of [encoded, await compressBatch(encoded, gzip)]) {
        const batch = await decodeBatch(bytes)
        assert.deepEqual(values(batch), lines)
        for (const [index, record] of batch.records.entries()) {
          assert.deepEqual(record.key, keys[index] ?? null)
          const id = record.headers as Record<string, Buffer>
          assert.equal(String(id['logflume.id']), `j:${ordinal + index}`)
          for (const [name, value] of Object.entries(given)) assert.equal(String(id[name]), value)
        }
      }
    }),
    { numRuns: 100 },
  )
})
