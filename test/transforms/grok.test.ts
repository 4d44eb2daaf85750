import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { grok, type GrokOptions } from '../../src/transforms/grok.ts'
import { library } from '../../src/transforms/grok/library.ts'
import { Matcher, TooLong } from '../../src/transforms/grok/matcher.ts'
import { parsePattern } from '../../src/transforms/grok/parse.ts'
import { after } from './run.ts'

/** What a text gives beside itself. */
function read(options: GrokOptions | string, message: string): unknown {
  const own = typeof options === 'string' ? { match: options } : options
  const fields = after(grok(own), { message }) as Record<string, unknown>
  delete fields.message
  return fields
}

const agent = '"Mozilla/5.0 (X11; Linux x86_64) \\"quoted\\""'
const line = `192.168.1.17 - frank [21/Nov/2026:13:10:00 +0000] "GET /orders/17?x=1 HTTP/1.1" 503 - "-" ${agent}`

test("lines of Apache and nginx, with the library's patterns", () => {
  assert.deepEqual(read('%{COMBINEDAPACHELOG}', line), {
    clientip: '192.168.1.17',
    ident: '-',
    auth: 'frank',
    timestamp: '21/Nov/2026:13:10:00 +0000',
    verb: 'GET',
    request: '/orders/17?x=1',
    httpversion: '1.1',
    response: '503',
    referrer: '"-"',
    agent,
  })
  assert.deepEqual(read('%{COMMONAPACHELOG}', 'shop.example - - [21/Nov/2026:13:10:00 +0000] "?" 400 226'), {
    clientip: 'shop.example',
    ident: '-',
    auth: '-',
    timestamp: '21/Nov/2026:13:10:00 +0000',
    rawrequest: '?',
    response: '400',
    bytes: '226',
  })
})

test('lines of syslog, Java, Redis, and times', () => {
  assert.deepEqual(read('%{SYSLOGLINE:line}', 'Nov  1 13:10:00 web1 sshd[123]: Failed password'), {
    line: 'Nov  1 13:10:00 web1 sshd[123]: Failed password',
    timestamp: 'Nov  1 13:10:00',
    logsource: 'web1',
    program: 'sshd',
    pid: '123',
  })
  assert.deepEqual(read('%{JAVASTACKTRACEPART}', 'at com.example.Shop$1.run(Shop.java:17)'), {
    class: 'com.example.Shop$1',
    method: 'run',
    file: 'Shop.java',
    line: '17',
  })
  assert.deepEqual(read('^%{TIMESTAMP_ISO8601:t}$', '2026-11-21T13:10:00,123+01:00'), {
    t: '2026-11-21T13:10:00,123+01:00',
  })
  for (const [pattern, yes, no] of [
    [
      '^%{IP}$',
      ['::1', 'fe80::1%eth0', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4', '10.0.0.255'],
      ['1.2.3.256', '1:2:3'],
    ],
    ['^%{NUMBER}$', ['-1.5', '.5', '7'], ['1.', 'x']],
    ['^%{UUID}$', ['5f0c7127-9be0-4b2a-9d2e-8b6d9c1a3e4f'], ['5f0c7127']],
    ['^%{URI}$', ['https://bob@shop.example:8080/a/b?c=d'], ['shop']],
    ['^%{PATH}$', ['/var/log/app.log', 'C:\\logs\\a.log'], ['var']],
    ['^%{MAC}$', ['00:11:22:aa:bb:cc', '0011.22aa.bbcc'], ['00:11']],
    ['^%{LOGLEVEL}$', ['WARN', 'warning', 'Error'], ['none']],
    ['^%{QS}$', ['"a \\" b"', "'x'", '`y`', '""'], ['"x']],
    ['^%{HOSTPORT}$', ['shop.example:443'], ['shop.example']],
  ] as const) {
    const matches = (text: string): boolean => (read(pattern, text) as { tags?: unknown }).tags === undefined
    for (const text of yes) assert.ok(matches(text), `${pattern} of ${text}`)
    for (const text of no) assert.ok(!matches(text), `${pattern} not of ${text}`)
  }
})

test('each pattern of the library can be read', () => {
  const names = library.flatMap((lines) => lines.split('\n').map((one) => one.split(' ', 1)[0] ?? ''))
  assert.ok(names.length > 300)
  for (const name of names) grok({ match: `%{${name}}` })
})

test('types, nested names, groups of a name, captures of one name', () => {
  assert.deepEqual(
    read('%{WORD:[http][verb]} %{NUMBER:ms:float} %{INT:n:int} %{WORD:ok:boolean}', 'GET 1.5 -7 true'),
    {
      'http.verb': 'GET',
      ms: 1.5,
      n: -7,
      ok: true,
    },
  )
  assert.deepEqual(read('%{NOTSPACE:n:int} %{INT:big:int}', 'seven 12345678901234567890'), {
    n: 'seven',
    big: '12345678901234567890',
  })
  assert.deepEqual(read('(?<user.name>[a-z]+)@(?<[host][name]>\\S+)', 'bob@shop'), {
    'user.name': 'bob',
    'host.name': 'shop',
  })
  assert.deepEqual(read('%{WORD:w} %{WORD:w} %{WORD:w}', 'a b c'), { w: ['a', 'b', 'c'] })
  assert.deepEqual(read('(?:%{INT:v}|%{WORD:v})', 'a'), { v: 'a' })
})

test('several patterns: the first that matches; options for empty captures, target and patterns', () => {
  assert.deepEqual(read({ match: ['^%{INT:n}$', '%{WORD:w}'] }, 'a'), { w: 'a' })
  assert.deepEqual(read('a(?<x>b*)c', 'ac'), {})
  assert.deepEqual(read({ match: 'a(?<x>b*)c', keepEmpty: true }, 'ac'), { x: '' })
  assert.deepEqual(read({ match: '%{ORDER:order}', patterns: { ORDER: 'O-%{INT}' } }, 'x O-17'), {
    order: 'O-17',
  })
  const patterns = '# ours\nORDER O-%{NR}\nNR \\d{3}\nWORD [A-Z]\n'
  assert.deepEqual(read({ match: '%{ORDER:order} %{WORD:w}', patterns, target: 'd' }, 'O-123 xY'), {
    tags: ['_grokparsefailure'],
  })
  assert.deepEqual(read({ match: '%{ORDER:order} %{WORD:w}', patterns, target: 'd' }, 'O-123 Y'), {
    d: { order: 'O-123', w: 'Y' },
  })
  assert.deepEqual(after(grok({ match: '^x %{GREEDYDATA:message}' }), 'x rest'), { message: 'rest' })
})

test('what does not match is tagged; what is dead says why', () => {
  assert.deepEqual(read('%{INT:n}', 'x'), { tags: ['_grokparsefailure'] })
  assert.throws(() => read({ match: '%{INT:n}', onFailure: 'dead' }, 'x'), {
    message: 'grok: no pattern matches',
  })
})

test('patterns that cannot be read are refused with their place', () => {
  const wrong: [GrokOptions, RegExp][] = [
    [{ match: 'a %{NOPE:x}' }, /^grok\.match: .*no pattern is named NOPE, at character 3 of a %\{NOPE:x\}/],
    [{ match: '%{INT:x:decimal}' }, /no type is named decimal/],
    [{ match: '(a' }, /a '\(' without its '\)' at character 1/],
    [{ match: 'a)' }, /a '\)' without its '\('/],
    [{ match: '[a' }, /a '\[' without its '\]'/],
    [{ match: '*a' }, /nothing that '\*' could repeat/],
    [{ match: '(a)\\1' }, /\\1, which is not supported/],
    [{ match: '[z-a]' }, /a range that ends before it begins/],
    [{ match: 'a{3,2}' }, /a count in the right order/],
    [
      { match: '%{A}', patterns: { A: 'x%{B}', B: '%{A}' } },
      /^grok\.patterns\.A: .*%\{A\}, which is a part of itself/,
    ],
    [{ match: 'a', patterns: { A: 1 as never } }, /^grok\.patterns\.A: expected a pattern/],
    [
      { match: 'a', patterns: 'A x\nnonsense' },
      /^grok\.patterns: expected lines like NAME pattern, and no nonsense/,
    ],
    [{ match: 'a', timeLimit: 0 }, /^grok\.timeLimit: expected a whole number of at least 1/],
  ]
  for (const [options, message] of wrong)
    assert.throws(() => grok(options), { code: 'INVALID_OPTION', message })
})

/** Where a pattern matches first, as `[start, captured]`. */
function found(source: string, text: string): string | undefined {
  const matcher = new Matcher(
    parsePattern(`(?<x>${source})`, () => undefined),
    1000,
  )
  return matcher.matches(text) ? matcher.captured(0) : undefined
}

test('expressions as Ruby has them', () => {
  const table: [source: string, text: string, match: string | undefined][] = [
    ['^b$', 'a\nb\nc', 'b'],
    ['\\Ab', 'a\nb', undefined],
    ['b\\Z', 'a\nb\n', 'b'],
    ['b\\z', 'b\n', undefined],
    ['a.c', 'a\nc', undefined],
    ['(?m)a.c', 'a\nc', 'a\nc'],
    ['(?i)äB', 'Äb', 'Äb'],
    ['(?i:a)b', 'AB', undefined],
    ['a(?i)b|c', 'C', 'C'],
    ['(?x) a b # remark\n', 'ab', 'ab'],
    ['a(?#remark)b', 'ab', 'ab'],
    ['[[:alpha:]&-]+', '1ä&-', 'ä&-'],
    ['[^[:space:]\\]]+', ' a]', 'a'],
    ['[]a]+', 'a]', 'a]'],
    ['[a-[b]]+', '-b', '-b'],
    ['\\h+', 'xyzBEEF', 'BEEF'],
    ['\\x41\\u0042\\103?', 'ABC', undefined],
    ['(?>a+)a', 'aaa', undefined],
    ['a++a', 'aaa', undefined],
    ['a{2}', 'aaa', 'aa'],
    ['a{,2}b', 'aaab', 'aab'],
    ['a{x', 'a{x', 'a{x'],
    ['a+?', 'aa', 'a'],
    ['(?:a?)*b', 'aab', 'aab'],
    ['(?:a|ab)(?:c|bcd)(?:d*)', 'abcd', 'abcd'],
    ['(?:x(?:ab)??)+c', 'xabc', 'xabc'],
    ['(?:[ab]{1,2}c|d)+c', 'abcdcc', 'abcdc'],
    ['(?<=\\d{1,3})x', '12x', 'x'],
    ['(?<!a)b', 'ab b', 'b'],
    ['a(?=b)', 'ac ab', 'a'],
    ['a(?!b)', 'ab ac', 'a'],
    ['\\bfoo\\b', 'xfoo foo', 'foo'],
    ['\\p{Alpha}\\P{Alpha}', 'a1', 'a1'],
  ]
  for (const [source, text, match] of table) {
    if (source.includes('\\103')) assert.throws(() => found(source, text), /not supported/)
    else assert.equal(found(source, text), match, `${source} of ${text}`)
  }
})

/** Expressions that mean the same to JavaScript. */
const expression = fc.letrec((tie) => ({
  atom: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\b', '^', '$', 'ab', '1'),
    fc
      .tuple(fc.constantFrom('(?:', '(?=', '(?!', '(?<=', '(?<!'), tie('choice'))
      .map(([open, inside]) => `${open}${String(inside)})`),
  ),
  part: fc
    .tuple(tie('atom'), fc.constantFrom('', '', '*', '+', '?', '*?', '+?', '??', '{1,2}', '{0,2}?', '{2}'))
    .map(([atom, count]) => {
      const text = String(atom)
      const isPlace = /^(?:\\b|\^|\$|\(\?<?[=!].*)$/.test(text)
      return isPlace ? text : `(?:${text})${count}`
    }),
  choice: fc
    .array(
      fc.array(tie('part'), { maxLength: 3 }).map((parts) => parts.join('')),
      { minLength: 1, maxLength: 2 },
    )
    .map((options) => options.join('|')),
})).choice

test('the matcher finds what JavaScript finds', () => {
  fc.assert(
    fc.property(
      expression,
      fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', '\n'), maxLength: 12 }),
      (source, text) => {
        const theirs = new RegExp(source, 'm').exec(text)?.[0]
        assert.equal(found(source, text), theirs)
      },
    ),
    { numRuns: 1500 },
  )
})

test('no text holds a pattern up for longer than it may, however catastrophic the two are together', () => {
  const evil: [match: string, text: string][] = [
    ['^(a+)+$', `${'a'.repeat(60)}!`],
    ['^(a|aa)+$', `${'a'.repeat(80)}!`],
    ['^(.*?,){25}P', '1,2,3,4,5,6,7,8,9,'.repeat(20)],
    ['(x+x+)+y', 'x'.repeat(60)],
    ['%{UNIXPATH:p}!', `/${'a'.repeat(60)}`],
    ['%{DATA:a} %{DATA:b} %{DATA:c} %{DATA:d} %{DATA:e}!', 'a '.repeat(5000)],
    ['(?=(a*)*b)c', 'a'.repeat(60)],
    ['(?<!(a|a)*)b', `${'a'.repeat(60)}b`],
    ['(?:ab|c)*$!', 'ab'.repeat(500_000)],
    ['(?:(?:(?:a{0,50}){0,50}){0,50})b', 'a'.repeat(2000)],
  ]
  for (const [match, text] of evil) {
    const transform = grok({ match, timeLimit: 20 })
    const started = performance.now()
    const fields = after(transform, { message: text }) as { tags: unknown }
    const took = performance.now() - started
    assert.ok(took < 1500, `${match} took ${took} ms`)
    assert.match(String(fields.tags), /^_grok(?:timeout|parsefailure)$/, match)
  }
  const first = after(grok({ match: evil[0]![0], timeLimit: 20 }), { message: evil[0]![1] }) as {
    tags: unknown
  }
  assert.deepEqual(first.tags, ['_groktimeout'])
  assert.throws(
    () => after(grok({ match: '^(a+)+$', timeLimit: 20, onFailure: 'dead' }), `${'a'.repeat(60)}!`),
    {
      message: 'grok: the pattern took longer than 20 ms',
    },
  )
})

test('a repetition may go round as often as the text is long, where each turn can end in one way', () => {
  const text = `"${'\\"'.repeat(200_000)}"`
  assert.deepEqual(read('^%{QS:quoted}$', text), { quoted: text })
  assert.deepEqual(read('^%{JAVACLASS:name}$', `${'a.'.repeat(200_000)}B`), {
    name: `${'a.'.repeat(200_000)}B`,
  })
})

test('after a text that took too long the next one is matched as if nothing had been', () => {
  const transform = grok({ match: '^(?:(?<a>a+)+b|(?<c>c))$', timeLimit: 5 })
  assert.deepEqual((after(transform, `${'a'.repeat(60)}!`) as { tags: unknown }).tags, ['_groktimeout'])
  assert.deepEqual(after(transform, 'c'), { message: 'c', c: 'c' })
  assert.deepEqual(after(transform, 'aab'), { message: 'aab', a: 'aa' })
})

test('whatever the expression and the text are, an answer comes in time', () => {
  const limit = 5
  fc.assert(
    fc.property(
      expression,
      fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 50, maxLength: 400 }),
      (source, text) => {
        const matcher = new Matcher(
          parsePattern(`(?:${source})+(?:${source})*!`, () => undefined),
          limit,
        )
        const started = performance.now()
        try {
          matcher.matches(text)
        } catch (error) {
          assert.ok(error instanceof TooLong)
        }
        assert.ok(performance.now() - started < 1000)
      },
    ),
    { numRuns: 100 },
  )
})
