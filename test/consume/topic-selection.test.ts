import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectTopics } from '../../src/consume/topic-selection.ts'

const existing = ['logs-a', 'logs-b', 'audit', '__consumer_offsets']

test('names and regular expressions mean each topic once, and names that are not there are missing', () => {
  assert.deepEqual(selectTopics(['audit', /^logs-/, 'logs-b', 'later'], existing), {
    present: ['audit', 'logs-a', 'logs-b'],
    missing: ['later'],
  })
})

test("Kafka's own topics are meant by name only, and a pattern that remembers does not skip any", () => {
  assert.deepEqual(selectTopics([/./g], existing).present, ['audit', 'logs-a', 'logs-b'])
  assert.deepEqual(selectTopics(['__consumer_offsets'], existing).present, ['__consumer_offsets'])
})
