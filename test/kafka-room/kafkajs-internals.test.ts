import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { kafkajsInternals, loadKafkajs } from '../../src/kafka/kafkajs-internals.ts'

const load = createRequire(import.meta.url) as (path: string) => unknown

void test('the installed kafkajs is the one whose inside is known', () => {
  assert.equal(kafkajsInternals(), kafkajsInternals())
})

void test('another kafkajs, a changed one and none are refused with the reason', () => {
  const faults: [(path: string) => unknown, RegExp][] = [
    [
      (path) => (path.endsWith('package.json') ? { version: '3.0.0' } : load(path)),
      /this is version 3\.0\.0/,
    ],
    [(path) => (path.endsWith('broker') ? {} : load(path)), /its Broker is no function/],
    [(path) => load(path.replace('kafkajs', 'no-such-package')), /Cannot find module/],
  ]
  for (const [require, reason] of faults) {
    assert.throws(() => loadKafkajs(require), { code: 'KAFKA', message: /^kafkajs is pinned to 2\.2\.4/ })
    assert.throws(() => loadKafkajs(require), reason)
  }
})
