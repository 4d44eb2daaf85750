import { createReadStream } from 'node:fs'
import { CompressionTypes, Kafka, type Message } from 'kafkajs'
import type { ForwardInput, ForwardResult } from './forward-logflume.ts'
import { input, say } from './report.ts'

/** Lines in one request, some 440 KB: a broker takes up to 1 MB. */
const SEND_LINES = 2000
/** As many requests under way as logflume has. */
const IN_FLIGHT = 5

const { brokers, topic, gzip, from, lines } = input() as ForwardInput
const compression = gzip ? CompressionTypes.GZIP : CompressionTypes.None
const producer = new Kafka({ clientId: 'bench', brokers: [...brokers] }).producer()
await producer.connect()

let read = 0
let acknowledged = 0
let messages: Message[] = []
let rest = Buffer.alloc(0)
const underWay = new Set<Promise<void>>()
for await (const chunk of createReadStream(from, { highWaterMark: 512 * 1024 }) as AsyncIterable<Buffer>) {
  const bytes = Buffer.concat([rest, chunk])
  let start = 0
  for (let end = bytes.indexOf('\n'); end !== -1 && read < lines; end = bytes.indexOf('\n', start)) {
    messages.push({ value: bytes.subarray(start, end) })
    start = end + 1
    if (++read === lines || messages.length === SEND_LINES) await send()
  }
  if (read === lines) break
  rest = bytes.subarray(start)
}
await Promise.all(underWay)
const { user, system } = process.cpuUsage()
say({ result: { process: user + system, acknowledged } satisfies ForwardResult })
await producer.disconnect()

async function send(): Promise<void> {
  const batch = messages
  messages = []
  const sent = producer.send({ topic, acks: -1, compression, messages: batch }).then(() => {
    acknowledged += batch.length
    underWay.delete(sent)
  })
  underWay.add(sent)
  if (underWay.size >= IN_FLIGHT) await Promise.race(underWay)
}
