import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as zlib from 'node:zlib'
import { readForwardOptions } from '../../src/forward/options.ts'
import { OptionReader } from '../../src/options.ts'

const brokers = ['127.0.0.1:9092']
const read = (options: object) =>
  readForwardOptions(new OptionReader('kafka', { brokers, ...options }), { service: 'shop' })

function refused(options: object, message: RegExp): void {
  assert.throws(() => read(options), { code: 'INVALID_OPTION', message })
}

test('what is not asked for has its default', () => {
  const { kafka, compression, headers } = read({})
  assert.deepEqual([compression, headers, kafka.acks], ['none', undefined, 'all'])
  assert.deepEqual([kafka.tls, kafka.sasl], [undefined, undefined])
  assert.deepEqual(kafka.createTopic, { partitions: 4, replicationFactor: 2, config: {} })
})

test('codecs, acks, headers and settings of a topic', () => {
  for (const compression of ['gzip', 'lz4', 'snappy'])
    assert.equal(read({ compression }).compression, compression)
  const createTopic = { config: { 'retention.ms': '1000' } }
  const { kafka, headers } = read({ acks: 'leader', headers: { team: 'shop' }, createTopic })
  assert.deepEqual([kafka.acks, headers], ['leader', { team: 'shop' }])
  assert.deepEqual(kafka.createTopic, { partitions: 4, replicationFactor: 2, ...createTopic })
})

test('what is wrong is named', () => {
  refused({ compression: 'lzma' }, /^kafka\.compression: expected one of none, gzip, zstd, lz4, snappy, got/)
  refused({ acks: 1 }, /^kafka\.acks: expected one of all, leader, none, got 1 \(number\)/)
  refused({ headers: { team: 7 } }, /^kafka\.headers\.team: expected a string, got 7 \(number\)/)
  refused({ headers: 'team=shop' }, /^kafka\.headers: expected an object/)
  refused(
    { createTopic: { config: { 'retention.ms': 1000 } } },
    /^kafka\.createTopic\.config\.retention\.ms: /,
  )
})

test('zstd is there where Node has it', () => {
  if ('zstdCompress' in zlib) assert.equal(read({ compression: 'zstd' }).compression, 'zstd')
  else refused({ compression: 'zstd' }, /^kafka\.compression: expected Node 22\.15 or newer .* got "v\d+/)
})
