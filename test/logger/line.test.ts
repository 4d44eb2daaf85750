import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import test from 'node:test'
import { capture, parseLine, topLevelKeys } from './capture.ts'

test('a line in ECS names, in the order of the design', () => {
  const { log, lines } = capture({ base: { 'service.version': '1' }, now: () => 1_700_000_000_123 })
  log.get('db').child({ 'request.id': 'r1' }).warn('slow "query"', { ms: 12.5 })
  const head = '{"@timestamp":"2023-11-14T22:13:20.123Z","log.level":"warn","log.logger":"shop::db"'
  const process_ = `"service.name":"shop","process.pid":${process.pid},"host.hostname":${JSON.stringify(hostname())}`
  const rest = '"message":"slow \\"query\\"","service.version":"1","request.id":"r1","ms":12.5}\n'
  assert.deepEqual(lines, [`${head},${process_},${rest}`])
})

test('fields cannot overwrite what the line says itself; they are kept under another name', () => {
  const { log, last } = capture({ base: { 'service.name': 'base' } })
  const clash = {
    '@timestamp': 1,
    'log.level': 2,
    'log.logger': 3,
    'log.truncated': 4,
    'process.pid': 5,
    'host.hostname': 6,
    message: 7,
    'field.message': 8,
    'field.field.message': 9,
    'field.free': 10,
  }
  for (const call of [() => log.info('m', clash), () => log.child(clash).info('m')]) {
    call()
    const record = last()
    assert.deepEqual(
      [
        record['log.level'],
        record['log.logger'],
        record['service.name'],
        record['process.pid'],
        record.message,
      ],
      ['info', 'shop', 'shop', process.pid, 'm'],
    )
    assert.equal(record['host.hostname'], hostname())
    assert.match(String(record['@timestamp']), /^\d{4}-/)
    assert.equal(record['log.truncated'], undefined)
    assert.equal(record['field.service.name'], 'base')
    for (const [name, value] of Object.entries(clash)) {
      assert.equal(record[name === 'field.free' ? name : `field.${name}`], value, name)
    }
  }
})

test('names of levels and loggers that JSON has to quote', () => {
  const { log, last } = capture()
  log.get('a"b\nc\u2028').info('m')
  assert.equal(last()['log.logger'], 'shop::a"b\nc\u2028')
})

test('many keys, long keys, and keys that come again after the cache of keys was full', () => {
  const { log, last } = capture()
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 1500; index++) {
      log.info('m', { [`key${index}`]: index, 'a"b': 1, message: 2 })
      const record = last()
      assert.deepEqual([record[`key${index}`], record['a"b'], record['field.message']], [index, 1, 2])
    }
  }
  const long = 'k'.repeat(10_000)
  log.info('m', { [long]: 1 })
  assert.equal(last()[long], 1)
})

test('a key that an inherited property has is no field', (t) => {
  const { log, last } = capture()
  const prototype = Object.prototype as Record<string, unknown>
  prototype.polluted = 1
  t.after(() => delete prototype.polluted)
  log.info('m', { a: 1, deep: { b: 2 } })
  const { deep, polluted } = Object.assign(Object.create(null) as object, last()) as Record<string, unknown>
  assert.equal(polluted, undefined)
  assert.ok(!Object.hasOwn(deep as object, 'polluted'))
})

test('the checks of these tests see a key that comes twice, and a second line', () => {
  assert.deepEqual(topLevelKeys('{"a":{"b":1},"c":["d",{"e":1}],"a":"x\\":"}'), ['a', 'c', 'a'])
  assert.throws(() => parseLine('{"a":1,"a":2}\n'), /each key once/)
  assert.throws(() => parseLine('{"a":1}\n{}\n'), /one line/)
})
