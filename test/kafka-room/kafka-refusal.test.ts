import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaRefusal } from '../../src/kafka/kafka-refusal.ts'

void test('a code that is not known yet may heal: lines wait rather than being given up', () => {
  const { message, kafkaCode, kafkaName, retryable } = KafkaRefusal.answered(12_345, 'produce to logs-0')
  assert.deepEqual([kafkaCode, kafkaName, retryable], [12_345, 'ERROR_12345', true])
  assert.equal(message, 'produce to logs-0: ERROR_12345 (12345)')
})

void test('no answer has no code, and its cause', () => {
  const cause = new Error('reset')
  const refusal = KafkaRefusal.unanswered('produce to logs-0: reset', { cause })
  assert.deepEqual([refusal.kafkaCode, refusal.retryable, refusal.cause], [undefined, true, cause])
})
