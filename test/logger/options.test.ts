import assert from 'node:assert/strict'
import test from 'node:test'
import { readLoggerOptions } from '../../src/logger/options.ts'
import { OptionReader } from '../../src/options.ts'
import { capture } from './capture.ts'

function read(options: object): ReturnType<typeof readLoggerOptions> {
  const reader = new OptionReader('options', options)
  const settings = readLoggerOptions(reader)
  reader.end()
  return settings
}

test('the defaults', () => {
  const { name, level, base, maxLineBytes, pid, now } = read({ name: 'shop' })
  assert.deepEqual([name, level.name, base, maxLineBytes, pid], ['shop', 'info', {}, 262_144, process.pid])
  assert.ok(Math.abs(now() - Date.now()) < 1000)
})

test('names that can be file names', () => {
  for (const name of ['shop', 'a', 'Shop-1_b.c', '_x', '-x', '7', 'x'.repeat(100)]) {
    assert.equal(read({ name }).name, name)
  }
})

test('an option with a wrong value is refused in words that name it', () => {
  const cases: [object, RegExp][] = [
    [{}, /^name: expected a non-empty string, got undefined$/],
    ...['', 5].map((name): [object, RegExp] => [{ name }, /^name: expected a non-empty string, got /]),
    ...['.x', '..', 'a/b', 'a\\b', 'a:b', 'a b', 'ä', 'x\n', 'x'.repeat(101)].map((name): [object, RegExp] => [
      { name },
      /^name: expected up to 100 letters, digits, \., _ and -, not starting with a dot, got "/,
    ]),
    [{ level: 'verbose' }, /^level: expected one of trace, debug, info, warn, error, fatal, off, got "verbose"/],
    [{ level: 30 }, /^level: expected one of .*, got 30 \(number\)$/],
    [{ level: 'audit', levels: { audit2: 5 } }, /^level: expected one of audit2, trace, /],
    [{ levels: [] }, /^levels: expected an object of ranks by level name, as in \{ audit: 35 \}, got \[\] \(array\)$/],
    [{ levels: 5 }, /^levels: expected an object/],
    ...['1a', '', 'a-b', 'a b', 'ä', 'x'.repeat(33)].map((name): [object, RegExp] => [
      { levels: { [name]: 5 } },
      /^levels: expected names of up to 32 letters, digits, _ and \$ that do not start with a digit, got "/,
    ]),
    ...['off', 'log', 'get', 'child', 'level', 'isLevelEnabled', 'name', 'stats', 'flush', 'close', 'then', 'toJSON', 'constructor', 'toString', 'hasOwnProperty'].map((name): [object, RegExp] => [
      { levels: { [name]: 5 } },
      /^levels: expected names that a logger has no other use for, got "/,
    ]),
    [JSON.parse('{"levels":{"__proto__":5}}') as object, /^levels: expected names that a logger has no other use for/],
    ...[0, -1, 1.5, '5', Number.NaN, Infinity, null].map((rank): [object, RegExp] => [
      { levels: { audit: rank } },
      /^levels\.audit: expected a whole number of at least 1, got /,
    ]),
    [{ base: [] }, /^base: expected an object of fields, got \[\] \(array\)$/],
    [{ base: 'text' }, /^base: expected an object of fields, got "text" \(string\)$/],
    [{ maxLineBytes: 4095 }, /^maxLineBytes: expected a whole number from 4096 to 1048576, got 4095 \(number\)$/],
    [{ maxLineBytes: 1_048_577 }, /^maxLineBytes: /],
    [{ maxLineBytes: '1 MB' }, /^maxLineBytes: /],
    [{ nmae: 'shop' }, /^nmae: no such option; there are base, level, levels, maxLineBytes, mdc, name, otel, redact, serializers, trace$/],
  ] // prettier-ignore
  for (const [options, message] of cases) {
    const whole =
      'name' in options || Object.keys(options).length === 0 ? options : { name: 'shop', ...options }
    assert.throws(() => read(whole), { name: 'LogflumeError', code: 'INVALID_OPTION', message })
  }
  assert.throws(() => capture({ base: new Date() }), { code: 'INVALID_OPTION', message: /^base: / })
})

test('base fields are on each line and are looked at once', () => {
  const base = { 'service.version': '1.2.3', 'service.node': { name: 'a' } }
  const { log, last } = capture({ base })
  base['service.version'] = '2'
  log.get('db').child({}).info('m')
  assert.deepEqual([last()['service.version'], last()['service.node']], ['1.2.3', { name: 'a' }])
})
