import fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import slowRedact from '@pinojs/redact'
import { mdc } from '../../src/logger/mdc.ts'
import { patternFormatter } from '../../src/logger/formatters/pattern-formatter.ts'
import type { RedactOptions } from '../../src/logger/redact.ts'
import { capture } from './capture.ts'
import { formatted } from './formatters/records.ts'

const CENSOR = '[Redacted]'

function lineOf(redact: readonly string[] | RedactOptions, fields: object): Record<string, unknown> {
  const { log, last } = capture({ redact })
  log.info('m', fields)
  return last()
}

test('what a path leads to is not in the line, and the objects stay as they are', () => {
  const fields = {
    password: 'p',
    user: { name: 'ada', password: 'p', keys: ['k1', 'k2'] },
    users: [
      { token: 't', id: 1 },
      { token: 't', id: 2 },
    ],
    headers: { 'x-key': 'k', accept: '*/*' },
    deep: { one: { secret: 1 }, two: { secret: { a: 1 } } },
  }
  const before = structuredClone(fields)
  Object.freeze(fields)
  const paths = [
    'password',
    'user.password',
    'user.keys[1]',
    'users[*].token',
    `headers["x-key"]`,
    'deep.*.secret',
  ]
  const line = lineOf(paths, fields)
  assert.deepEqual(line.password, CENSOR)
  assert.deepEqual(line.user, { name: 'ada', password: CENSOR, keys: ['k1', CENSOR] })
  assert.deepEqual(line.users, [
    { token: CENSOR, id: 1 },
    { token: CENSOR, id: 2 },
  ])
  assert.deepEqual(line.headers, { 'x-key': CENSOR, accept: '*/*' })
  assert.deepEqual(line.deep, { one: { secret: CENSOR }, two: { secret: CENSOR } })
  assert.deepEqual(fields, before)
})

test('a name with dots is as good as objects in objects', () => {
  const line = lineOf(['user.password', 'card', '*.secret'], {
    'user.password': 1,
    'user.password.hash': 2,
    'user.name': 3,
    'card.number': 4,
    cards: 5,
    'a.secret': 6,
  })
  const {
    'user.password': a,
    'user.password.hash': b,
    'user.name': c,
    'card.number': d,
    cards: e,
    'a.secret': f,
  } = line
  assert.deepEqual([a, b, c, d, e, f], [CENSOR, CENSOR, 3, CENSOR, 5, CENSOR])
})

test('what is bound, in base, in the MDC or in an error is kept out as well', () => {
  const { log, last } = capture({
    base: { token: 1 },
    redact: ['token', 'user.token', 'password', 'err.code', 'error.stack'],
  })
  mdc.run({ password: 'p', id: 1 }, () => {
    log.child({ user: { token: 1 } }).error(Object.assign(new Error('no'), { code: 'secret' }))
  })
  const { token, user, password, id, 'error.code': code, 'error.stack_trace': stack } = last()
  assert.deepEqual([token, user, password, id], [CENSOR, { token: CENSOR }, CENSOR, 1])
  assert.deepEqual([code, stack, last()['error.message']], [CENSOR, CENSOR, 'no'])
})

test('a pattern shows no more of the MDC than the line, also where the line has a prefix', () => {
  for (const path of ['token', 'labels.token']) {
    const options = { redact: [path], mdc: { prefix: 'labels.' } }
    const shown = formatted(
      patternFormatter('%X{token} %X %f'),
      (log) => mdc.run({ token: 'secret' }, () => log.info('m')),
      options,
    )
    assert.equal(shown, `${CENSOR} {token=${CENSOR}} labels.token=${CENSOR}`)
  }
})

test('a path may be the prefix of the MDC itself, or begin with it', () => {
  for (const path of ['labels', 'labels.token']) {
    const { log, last } = capture({ redact: [path], mdc: { prefix: 'labels' } })
    mdc.run({ '.token': 'secret' }, () => log.info('m', { labels: { token: 'secret' } }))
    assert.doesNotMatch(JSON.stringify(last().labels), /secret/)
  }
})

test('what toJSON, a Map or a class gives is looked at, not what it was made of', () => {
  const user = { toJSON: () => ({ name: 'ada', password: 'p' }) }
  class Account {
    password = 'p'
    id = 1
  }
  const map = new Map([['password', 'p']])
  const line = lineOf(['*.password', 'password'], { user, account: new Account(), map })
  assert.deepEqual(line.user, { name: 'ada', password: CENSOR })
  assert.deepEqual(line.account, { password: CENSOR, id: 1 })
  assert.deepEqual(line.map, { password: CENSOR })
  const { log, last } = capture({ redact: ['password'] })
  log.info(new Account(), 'm')
  assert.deepEqual([last().password, last().id], [CENSOR, 1])
})

test('a censor of your own, and remove', () => {
  const fields = { card: '1234 5678', user: { token: 't', id: 1 }, list: [1, 2] }
  assert.equal(lineOf({ paths: ['card'], censor: '***' }, fields).card, '***')
  const seen: unknown[] = []
  const censor = (value: unknown, path: readonly string[]): unknown => {
    seen.push(path)
    return typeof value === 'string' ? value.slice(-4) : { was: typeof value }
  }
  const line = lineOf({ paths: ['card', 'user.token', 'list[0]', 'user.none'], censor }, fields)
  assert.deepEqual([line.card, line.user, line.list], ['5678', { token: 't', id: 1 }, [{ was: 'number' }, 2]])
  assert.deepEqual(seen, [['card'], ['user', 'token'], ['list', '0']])
  const less = lineOf({ paths: ['card', 'user.token', 'list'], remove: true }, fields)
  assert.deepEqual(['card' in less, less.user, 'list' in less], [false, { id: 1 }, false])
  const thrower = (): never => {
    throw new Error('tells 1234 5678')
  }
  assert.equal(lineOf({ paths: ['card'], censor: thrower }, fields).card, CENSOR)
})

test('cycles, getters that throw, and huge values are as they are without it', () => {
  const cycle: Record<string, unknown> = { secret: 's' }
  cycle.self = cycle
  const bad = {
    get secret(): never {
      throw new Error('no')
    },
    get other(): never {
      throw new Error('no')
    },
  }
  const line = lineOf(['*.secret', '*.self.secret'], { cycle, bad })
  assert.deepEqual(line.cycle, { secret: CENSOR, self: '[Circular]' })
  assert.deepEqual(line.bad, { secret: CENSOR, other: '[Throws: no]' })
})

test('more names than are remembered', () => {
  const { log, last } = capture({ redact: ['*.secret'] })
  for (let n = 0; n < 2500; n++) {
    log.info('m', { [`key${n}`]: { secret: n, n } })
    assert.deepEqual(last()[`key${n}`], { secret: CENSOR, n })
  }
})

// pino's own, as an oracle: the same paths keep the same out of objects and arrays.
test('paths mean what they mean in pino', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.string(),
      fc.dictionary(name, tie('value')),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  })).value
  const more = fc.oneof(
    name.map((one) => `.${one}`),
    name.map((one) => `["${one}"]`),
    fc.constantFrom('[0]', '[*]', '.*'),
  )
  const path = fc.tuple(name, fc.array(more, { maxLength: 3 })).map(([first, rest]) => first + rest.join(''))
  fc.assert(
    fc.property(fc.dictionary(name, value), path, (fields, one) => {
      const theirs = JSON.parse(slowRedact({ paths: [one], censor: CENSOR })(fields) as string) as Record<
        string,
        unknown
      >
      const line = lineOf([one], fields)
      for (const key of ['a', 'b', 'c']) assert.deepEqual(line[key], theirs[key], `${one} ${key}`)
    }),
    { numRuns: 300 },
  )
})

test('a path that is none is refused, with its place', () => {
  const refused = (redact: unknown, message: RegExp): void =>
    assert.throws(() => capture({ redact: redact as [] }), { code: 'INVALID_OPTION', message })
  refused(['a', 'b..c'], /^redact\[1\]: expected a path, as 'user\.password', .*, got "b\.\.c" \(string\)/)
  for (const path of ['.a', 'a.', 'a[', 'a[b]', 'a]', 'a b', '[]', 'a["b]', '**', 'a*'])
    refused([path], /^redact\[0\]: expected a path/)
  refused({ paths: ['a', '.'] }, /^redact\.paths\[1\]: expected a path/)
  refused([], /^redact\.paths: expected a non-empty array/)
  refused('password', /^redact: expected an array of paths, or an object, got "password"/)
  refused({ paths: ['a'], censor: 5 }, /^redact\.censor: expected a text or a function, got 5/)
  refused({ paths: ['a'], remove: 'yes' }, /^redact\.remove: expected true or false/)
  refused({ path: ['a'] }, /^redact\.paths: expected/)
  refused({ paths: ['a'], sensor: 'x' }, /^redact\.sensor: no such option/)
})

test('any text is a path or is refused, and lines are made', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('ab.*[]"\'0 \\')) }), (path) => {
      try {
        assert.equal(lineOf([path], { a: { b: [1, { a: 1 }] }, b: 1, 'a.b': 2 }).message, 'm')
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, 'INVALID_OPTION', String(error))
      }
    }),
    { numRuns: 1000 },
  )
})
