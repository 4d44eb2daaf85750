import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { capture } from './capture.ts'

const maxLineBytes = 4096

function bytes(line: string | undefined): number {
  return Buffer.byteLength(line ?? '')
}

test('a line of exactly the limit is whole, one byte more is cut', () => {
  const { log, lines, last } = capture({ maxLineBytes, now: () => 0 })
  log.info('')
  const room = maxLineBytes - bytes(lines[0])
  log.info('x'.repeat(room))
  assert.equal(bytes(lines[1]), maxLineBytes)
  assert.ok(!('log.truncated' in last()))
  log.info('x'.repeat(room + 1))
  assert.equal(bytes(lines[2]), maxLineBytes)
  assert.equal(last()['log.truncated'], true)
  assert.match(String(last().message), /^x+$/)

  log.info('日'.repeat(Math.floor(room / 3)))
  assert.ok(!('log.truncated' in last()))
  log.info('日'.repeat(Math.floor(room / 3) + 1))
  assert.ok(bytes(lines.at(-1)) <= maxLineBytes)
  assert.equal(last()['log.truncated'], true)
})

test('the message is cut before the fields are', () => {
  const { log, lines, last } = capture({ maxLineBytes })
  log.child({ user: 'u' }).info('x'.repeat(10_000), { kept: 'y'.repeat(1000), list: [1, 2, 3] })
  const { message, kept, list, user } = last()
  assert.deepEqual([kept, list, user], ['y'.repeat(1000), [1, 2, 3], 'u'])
  assert.ok(String(message).length > 2000)
  assert.equal(bytes(lines.at(-1)), maxLineBytes)
})

test('a short message stays whole where the fields are too long', () => {
  const { log, lines, last } = capture({ maxLineBytes })
  log.info('short', { first: 1, text: 'y'.repeat(10_000), last: 2 })
  assert.deepEqual([last().message, last().first], ['short', 1])
  assert.match(String(last().text), /^y{3000,}$/)
  assert.ok(bytes(lines.at(-1)) <= maxLineBytes)
})

test('of nested values what fits is kept', () => {
  const { log, last } = capture({ maxLineBytes })
  log.info('m', {
    request: { method: 'GET', body: 'z'.repeat(10_000), url: '/' },
    list: Array(1000).fill('element'),
  })
  const { method, body } = last().request as Record<string, unknown>
  assert.equal(method, 'GET')
  assert.match(String(body), /^z{3000,}$/)

  log.info('m', { list: Array(1000).fill('element'), after: 1 })
  const list = last().list as unknown[]
  assert.ok(list.length > 300 && list.slice(0, -1).every((one) => one === 'element'))
})

test('the stack of an error is cut, its type is kept', () => {
  const { log, last } = capture({ maxLineBytes })
  log.error(Object.assign(new TypeError('m'), { stack: `TypeError: m\n${'  at x\n'.repeat(10_000)}` }))
  assert.deepEqual([last()['error.type'], last()['error.message']], ['TypeError', 'm'])
  assert.match(String(last()['error.stack_trace']), /^TypeError: m\n {2}at x\n/)
})

test('text of several bytes a character, and of characters that JSON escapes, is cut between characters', () => {
  const { log, lines, last } = capture({ maxLineBytes })
  for (const piece of ['é', '日', '🎉', '\u0001', '"', '\\', '\n', '\ud83d', '\u2028', 'a🎉']) {
    log.info(piece.repeat(5000), { text: piece.repeat(5000) })
    assert.ok(bytes(lines.at(-1)) <= maxLineBytes)
    for (const text of [last().message, last().text]) {
      assert.ok(String(text).length > 100)
      assert.ok(piece.repeat(5000).startsWith(String(text)))
      assert.equal(/\p{Surrogate}/u.test(String(text)), piece === '\ud83d')
    }
  }
})

test('a line far over the limit, in one text or in many, takes no more memory than a line can have', () => {
  const { log, lines, last } = capture()
  const text = '\u0001'.repeat(100_000_000)
  log.info(text, { text, deep: [{ text }], [text]: 1 })
  assert.equal(last()['log.truncated'], true)
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, text]))
  log.info('m', many)
  assert.equal(last()['log.truncated'], true)
  log.child(many).info('m')
  assert.equal(last()['log.truncated'], true)
  log.child({ text }).child({ more: text }).info('m', { after: text })
  assert.equal(last()['log.truncated'], true)
  for (const line of lines) assert.ok(bytes(line) <= 262_144)
})

test('the names of the line come first, also where a field has a number for a name', () => {
  const { log, lines } = capture({ maxLineBytes })
  log.info('m', { 5: 'x'.repeat(10_000), message: 1 })
  assert.match(
    lines[0] ?? '',
    /^\{"@timestamp":"[^"]{24}","log.level":"info","log.logger":"shop","service.name":"shop","process.pid":/,
  )
})

test('the longest names leave room for a message', () => {
  const { log, lines, last } = capture({ maxLineBytes, name: 'x'.repeat(100) })
  log.get('\u0001'.repeat(153)).info('m'.repeat(5000))
  assert.ok(bytes(lines[0]) <= maxLineBytes)
  assert.match(String(last().message), /^m{1000,}$/)
})

test('any line fits, is valid, and is cut only if it has to be', () => {
  const text = fc.string({ unit: 'binary', maxLength: 3000 })
  const fields = fc.dictionary(fc.string(), fc.oneof(text, fc.jsonValue(), fc.array(text, { maxLength: 5 })))
  fc.assert(
    fc.property(text, fields, (message, values) => {
      const small = capture({ maxLineBytes, now: () => 0 })
      const large = capture({ now: () => 0 })
      small.log.info(message, values)
      large.log.info(message, values)
      const cut = bytes(large.lines[0]) > maxLineBytes
      assert.ok(bytes(small.lines[0]) <= maxLineBytes)
      assert.equal(small.last()['log.truncated'], cut || undefined)
      if (cut) assert.ok(bytes(small.lines[0]) > maxLineBytes / 3)
      else assert.equal(small.lines[0], large.lines[0])
    }),
    { numRuns: 300 },
  )
})
