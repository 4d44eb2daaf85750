import assert from 'node:assert/strict'
import { readTopic } from '../kafka/read-topic.ts'

export async function linesInKafka(brokers: readonly string[], topic: string): Promise<string[]> {
  return (await readTopic(brokers, topic)).map(({ value }) => String(value))
}

/** Says where two long lists begin to differ, instead of printing both. */
export function assertSame(actual: readonly string[], expected: readonly string[]): void {
  const at = expected.findIndex((line, index) => line !== actual[index])
  if (at !== -1)
    assert.equal(actual[at], expected[at], `line ${at} of ${expected.length}, ${actual.length} are there`)
  assert.equal(actual.length, expected.length)
}
