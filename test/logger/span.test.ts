import { context, trace, TraceFlags, type ContextManager } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { mdc } from '../../src/logger/mdc.ts'
import { capture } from './capture.ts'

// With the real API and the real SDK: these keep the span where we look for it.

/** Registers OpenTelemetry as an application does, until the test is over. */
function register(t: TestContext, manager: ContextManager = new AsyncLocalStorageContextManager().enable()) {
  trace.setGlobalTracerProvider(new BasicTracerProvider())
  context.setGlobalContextManager(manager)
  t.after(() => {
    trace.disable()
    context.disable()
  })
  return trace.getTracer('test')
}

/** A clock of which no two times are the same, as the look for OpenTelemetry is once a millisecond. */
function clock(): () => number {
  let now = 1_700_000_000_000
  return () => now++
}

test('lines within a span have its ids, across await, and others have none', async (t) => {
  const { log, last } = capture({ now: clock() })
  log.info('before there is OpenTelemetry')
  const tracer = register(t)
  log.info('m')
  assert.equal('trace.id' in last(), false)
  const within = (name: string): Promise<void> =>
    tracer.startActiveSpan(name, async (span) => {
      const { traceId, spanId } = span.spanContext()
      for (let step = 0; step < 2; step++) {
        log.child({ step }).info('m', { n: 1 })
        assert.deepEqual(
          [last()['trace.id'], last()['span.id'], last().step, last().n],
          [traceId, spanId, step, 1],
        )
        await setImmediate()
      }
      tracer.startActiveSpan('inner', (inner) => {
        log.info('m')
        assert.deepEqual([last()['trace.id'], last()['span.id']], [traceId, inner.spanContext().spanId])
      })
      log.error(new Error('no'))
      assert.equal(last()['span.id'], spanId)
    })
  await Promise.all([within('a'), within('b')])
  log.info('m')
  assert.equal('span.id' in last(), false)
})

test('fields of the contexts, the logger and the call replace those of the span', (t) => {
  const tracer = register(t)
  const { log, last } = capture()
  tracer.startActiveSpan('a', (span) => {
    mdc.run({ 'span.id': 'mdc', user: 'ada' }, () => log.info('m'))
    assert.deepEqual(
      [last()['trace.id'], last()['span.id'], last().user],
      [span.spanContext().traceId, 'mdc', 'ada'],
    )
    log.child({ 'span.id': 'bound' }).info('m')
    assert.equal(last()['span.id'], 'bound')
    log.info('m', { 'span.id': 'call' })
    assert.equal(last()['span.id'], 'call')
  })
})

test('a span that came over the wire counts, one without ids does not', (t) => {
  register(t)
  const { log, last } = capture()
  const spanContext = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: TraceFlags.NONE }
  const logWithin = (ids: typeof spanContext): void =>
    context.with(trace.setSpanContext(context.active(), ids), () => log.info('m'))
  logWithin(spanContext)
  assert.deepEqual([last()['trace.id'], last()['span.id']], [spanContext.traceId, spanContext.spanId])
  logWithin({ ...spanContext, traceId: '0'.repeat(32) })
  assert.equal('trace.id' in last(), false)
})

test('otel: false leaves the ids out', (t) => {
  const tracer = register(t)
  const { log, last } = capture({ otel: false })
  tracer.startActiveSpan('a', () => log.info('m'))
  assert.equal('trace.id' in last(), false)
})

test('a context manager that throws costs nothing but the ids', (t) => {
  const manager = new AsyncLocalStorageContextManager()
  manager.active = () => {
    throw new Error('no')
  }
  register(t, manager)
  const { log, last } = capture()
  log.info('m')
  assert.deepEqual([last().message, 'trace.id' in last()], ['m', false])
})
