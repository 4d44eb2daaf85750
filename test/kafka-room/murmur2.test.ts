import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import { murmur2, partitionOf } from '../../src/kafka/murmur2.ts'

const load = createRequire(import.meta.url)
const kafkajs = load('kafkajs/src/producer/partitioners/default/murmur2') as (key: Buffer) => number

// Of Kafka's own test, UtilsTest.testMurmur2.
const java: Readonly<Record<string, number>> = {
  '21': -973_932_308,
  foobar: -790_332_482,
  'a-little-bit-long-string': -985_981_536,
  'a-little-bit-longer-string': -1_486_304_829,
  lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58_897_971,
  abc: 479_470_107,
}

test("the hash is that of Java's client", () => {
  for (const [key, hash] of Object.entries(java)) assert.equal(murmur2(Buffer.from(key)), hash, key)
})

test('for any bytes it is what kafkajs makes of them, and the partition as well', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.integer({ min: 1, max: 1000 }), (bytes, partitions) => {
      const hash = kafkajs(Buffer.from(bytes))
      assert.equal(murmur2(bytes), hash)
      assert.equal(partitionOf(bytes, partitions), (hash & 0x7fff_ffff) % partitions)
    }),
    { numRuns: 1000 },
  )
})
