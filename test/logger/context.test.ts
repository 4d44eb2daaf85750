import express from 'express'
import fastify from 'fastify'
import assert from 'node:assert/strict'
import { AsyncResource } from 'node:async_hooks'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { gdc } from '../../src/logger/gdc.ts'
import { patternFormatter } from '../../src/logger/formatters/pattern-formatter.ts'
import type { Logger } from '../../src/logger/logger.ts'
import { mdc } from '../../src/logger/mdc.ts'
import { ndc } from '../../src/logger/ndc.ts'
import { capture, parseLine } from './capture.ts'
import { formatted, records } from './formatters/records.ts'

/** What is put outside of a run is there for all tests of the file. */
function forgetAfter(t: TestContext): void {
  t.after(() => {
    mdc.clear()
    ndc.clear()
    gdc.clear()
  })
}

test('fields of the MDC are in the lines of a run, and of nothing else', async () => {
  const { log, last } = capture()
  const seen = async (id: string): Promise<unknown> =>
    mdc.run({ 'request.id': id }, async () => {
      await setImmediate()
      log.get('db').info('m')
      return last()['request.id']
    })
  assert.deepEqual(await Promise.all([seen('a'), seen('b')]), ['a', 'b'])
  log.info('m')
  assert.equal('request.id' in last(), false)
})

test('what is put within a run stays in it, also between what runs at the same time', async () => {
  const { log, last } = capture()
  await mdc.run({ 'request.id': 'r', user: 'nobody' }, async () => {
    mdc.put('user', 'ada')
    const inner = (step: number): Promise<void> =>
      mdc.run({ step }, async () => {
        mdc.put('user', `inner ${step}`)
        await setImmediate()
        mdc.remove('request.id')
        log.info('m')
        assert.deepEqual([last().user, last().step, 'request.id' in last()], [`inner ${step}`, step, false])
      })
    await Promise.all([inner(1), inner(2)])
    log.info('m')
    assert.deepEqual([last().user, last().step, last()['request.id']], ['ada', undefined, 'r'])
    assert.deepEqual({ ...mdc.getContext() }, { 'request.id': 'r', user: 'ada' })
  })
  assert.equal(mdc.get('user'), undefined)
})

test('outside of a run the process has an MDC of its own, with which a run begins', (t) => {
  forgetAfter(t)
  const { log, last } = capture()
  mdc.put('region', 'eu')
  log.info('m')
  assert.equal(last().region, 'eu')
  mdc.run({ step: 1 }, () => {
    mdc.put('region', 'us')
    log.info('m')
    assert.deepEqual([last().region, last().step], ['us', 1])
  })
  log.info('m')
  assert.deepEqual([last().region, mdc.get('region'), mdc.get('toString')], ['eu', 'eu', undefined])
  mdc.put('region', undefined)
  log.info('m')
  assert.equal('region' in last(), false)
})

test('run gives what the work gives, and lets through what it throws', async () => {
  assert.equal(
    mdc.run({ a: 1 }, () => 5),
    5,
  )
  assert.equal(await ndc.run('a', () => Promise.resolve(6)), 6)
  const error = new Error('no')
  const thrower = (): never => {
    throw error
  }
  assert.throws(() => mdc.run({ a: 1 }, thrower), error)
  assert.equal(mdc.get('a'), undefined)
})

test('a callback that was bound to a run has its MDC', async () => {
  const { log, last } = capture()
  const later = mdc.run({ 'request.id': 'r' }, () => AsyncResource.bind(() => log.info('m')))
  later()
  assert.equal(last()['request.id'], 'r')
  const logged = mdc.run({ n: 1 }, () => setImmediate(undefined).then(() => log.info('m')))
  await logged
  assert.equal(last().n, 1)
})

test('a field of the logger replaces that of the MDC, and one of the call both', () => {
  const { log, last } = capture({ base: { version: 1 } })
  const child = log.child({ user: 'bound' })
  mdc.run({ user: 'mdc', version: 2, message: 'forged', err: new TypeError('old') }, () => {
    child.info('m')
    assert.deepEqual(
      [last().user, last().version, last().message, last()['field.message'], last()['error.type']],
      ['bound', 1, 'm', 'forged', 'TypeError'],
    )
    child.info('m', { user: 'call' })
    assert.equal(last().user, 'call')
    log.info({ user: 'call', n: 1 }, 'm')
    assert.deepEqual([last().user, last().n], ['call', 1])
    log.error(new RangeError('new'))
    assert.deepEqual([last()['error.type'], last()['error.message']], ['RangeError', 'new'])
  })
})

test('more loggers than are remembered, and contexts that change between calls', () => {
  const { log, last } = capture()
  const children = Array.from({ length: 20 }, (_, n) => log.child({ n }))
  mdc.run({ step: 0 }, () => {
    for (let step = 0; step < 3; step++) {
      mdc.put('step', step)
      for (const [n, child] of children.entries()) {
        child.info('m')
        assert.deepEqual([last().n, last().step], [n, step])
      }
    }
  })
})

test('what throws when it is looked at, or has no end, is in the line as it is in fields', () => {
  const { log, last } = capture()
  const fields = {
    get bad(): never {
      throw new Error('no')
    },
    big: 5n,
    ['__proto__']: 'own',
  }
  mdc.run(fields, () => log.info('m'))
  assert.deepEqual([last().bad, last().big], ['[Throws: no]', '5'])
  assert.equal(Object.getOwnPropertyDescriptor(last(), '__proto__')?.value, 'own')
})

test('the NDC is in lines as tags', (t) => {
  forgetAfter(t)
  const { log, last } = capture()
  ndc.push('main')
  ndc.run('request', () => {
    ndc.push('db')
    log.info('m')
    assert.deepEqual(last().tags, ['main', 'request', 'db'])
    assert.deepEqual(
      [ndc.depth, ndc.peek(), ndc.get(), ndc.pop(), ndc.depth],
      [3, 'db', 'main request db', 'db', 2],
    )
    log.info('m')
    assert.deepEqual(last().tags, ['main', 'request'])
    const stack = ndc.cloneStack()
    mdc.run({}, () => {
      ndc.clear()
      assert.deepEqual([ndc.depth, ndc.pop(), ndc.peek(), ndc.get()], [0, undefined, undefined, ''])
      ndc.inherit(stack)
      assert.equal(ndc.get(), 'main request')
    })
  })
  log.info('m')
  assert.deepEqual(last().tags, ['main'])
  ndc.clear()
  log.info('m')
  assert.equal('tags' in last(), false)
})

test('the NDC is no higher than it may be', (t) => {
  const usual = ndc.maxDepth
  t.after(() => (ndc.maxDepth = usual))
  assert.equal(usual, 256)
  ndc.run('a', () => {
    ndc.maxDepth = 2
    ndc.push('b')
    ndc.push('c')
    assert.equal(ndc.get(), 'a b')
    ndc.inherit(['x', 'y', 'z'])
    assert.equal(ndc.get(), 'x y')
  })
})

test('the GDC is in all lines as service.node.name, as soon as it is set', (t) => {
  forgetAfter(t)
  const { log, last } = capture()
  mdc.run({ a: 1 }, () => {
    log.info('m')
    gdc.set('node-1')
    log.info('m')
    assert.deepEqual([last()['service.node.name'], last().a, gdc.get()], ['node-1', 1, 'node-1'])
    gdc.clear()
    log.info('m')
    assert.deepEqual([last()['service.node.name'], gdc.get()], [undefined, undefined])
  })
})

test('formatters have the contexts as they were at the call', (t) => {
  forgetAfter(t)
  const act = (log: Logger): void => {
    gdc.set('node-1')
    mdc.run({ user: 'ada', n: 1 }, () => {
      ndc.push('outer')
      ndc.run('inner', () => log.info('m', { user: 'call' }))
    })
  }
  assert.equal(
    formatted(patternFormatter('%X{user} %X{n} %X [%x] '), act),
    'ada 1 {user=ada, n=1} [outer inner] ',
  )
  assert.equal(formatted(patternFormatter('%g', { directives: 'log4r' }), act), 'node-1\n')
  const [record] = records(act)
  mdc.put('user', 'later')
  assert.deepEqual({ ...record?.mdc }, { user: 'ada', n: 1 })
  assert.deepEqual([record?.ndc, record?.gdc], [['outer', 'inner'], 'node-1'])
})

test('option mdc: a prefix, only some keys, or nothing of the contexts', () => {
  const act = (log: Logger): void =>
    mdc.run({ user: 'ada', step: 1 }, () => ndc.run('here', () => log.info('m')))
  const lineWith = (options: object): object => {
    const { log, last } = capture(options)
    act(log)
    const { user, step, tags, 'labels.user': label, 'labels.step': other } = last()
    return { user, step, tags, label, other }
  }
  const none = { user: undefined, step: undefined, tags: undefined, label: undefined, other: undefined }
  assert.deepEqual(lineWith({ mdc: { prefix: 'labels.' } }), {
    ...none,
    label: 'ada',
    other: 1,
    tags: ['here'],
  })
  assert.deepEqual(lineWith({ mdc: { keys: ['user'] } }), { ...none, user: 'ada', tags: ['here'] })
  assert.deepEqual(lineWith({ mdc: false }), none)
  const options = { mdc: false } as const
  assert.equal(formatted(patternFormatter('%X{user} %x'), act, options), 'ada here')
  assert.equal(formatted(patternFormatter('%X{user}'), act, { mdc: { prefix: 'labels.' } }), 'ada')
})

test('what cannot be is refused by its name', () => {
  const refused = (act: () => unknown, message: RegExp): void =>
    assert.throws(act, { code: 'INVALID_OPTION', message })
  refused(
    () => mdc.run('no' as never, () => 1),
    /^fields of mdc\.run: expected an object of fields, got "no"/,
  )
  refused(() => mdc.run([1], () => 1), /^fields of mdc\.run/)
  refused(() => mdc.run({}, 5 as never), /^work of mdc\.run: expected a function, got 5/)
  refused(() => mdc.put('', 1), /^key of mdc\.put: expected a non-empty string/)
  refused(() => mdc.put(5 as never, 1), /^key of mdc\.put/)
  refused(() => ndc.push(5 as never), /^text of ndc\.push: expected a text, got 5/)
  refused(() => ndc.run('a', 5 as never), /^work of ndc\.run/)
  refused(() => ndc.inherit(['a', 5 as never]), /^stack of ndc\.inherit/)
  refused(() => (ndc.maxDepth = 0), /^ndc\.maxDepth: expected a whole number of at least 1, got 0/)
  refused(() => gdc.set(5 as never), /^name of gdc\.set/)
  refused(() => capture({ mdc: true as never }), /^mdc: expected an object, or false, got true/)
  refused(() => capture({ mdc: { prefix: 5 as never } }), /^mdc\.prefix: expected a text/)
  refused(() => capture({ mdc: { keys: [] } }), /^mdc\.keys: expected a non-empty array/)
  refused(() => capture({ mdc: { key: 'a' } as never }), /^mdc\.key: no such option; there are keys, prefix/)
  refused(() => capture({ otel: 'yes' as never }), /^otel: expected true or false/)
})

test('a run goes around what comes next in Express and in Fastify', async (t) => {
  const { log, lines } = capture()
  const work = async (): Promise<object> => {
    await setImmediate()
    log.info('m')
    return {}
  }
  const app = express()
  app.use((req, _, next) => mdc.run({ 'request.id': req.get('x-request-id') }, next))
  app.get('/', async (_, res) => res.json(await work()))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())

  const other = fastify()
  t.after(() => other.close())
  other.addHook('onRequest', (request, _, done) =>
    mdc.run({ 'request.id': request.headers['x-request-id'] }, done),
  )
  other.get('/', work)
  await other.listen({ port: 0, host: '127.0.0.1' })

  for (const { port } of [server.address(), other.server.address()] as AddressInfo[]) {
    const before = lines.length
    const ids = ['a', 'b', 'c', 'd']
    await Promise.all(
      ids.map((id) =>
        fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-request-id': id, connection: 'close' } }),
      ),
    )
    assert.deepEqual(
      lines
        .slice(before)
        .map((line) => parseLine(line)['request.id'])
        .toSorted(),
      ids,
    )
  }
})
