import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isInstalled } from '../src/peer.ts'

void test('a peer is installed or it is not', () => {
  assert.equal(isInstalled('@platformatic/kafka'), true)
  assert.equal(isInstalled('no-such-peer'), false)
})
