import { createConsumer, defineSink } from 'logflume/consumer'
import { now } from './monotonic.ts'
import { percentiles, type Percentiles } from './percentiles.ts'
import { input, say } from './report.ts'

export interface EndToEndConsumerInput {
  readonly brokers: readonly string[]
  readonly topic: string
  /** It ends when it has as many. */
  readonly lines: number
  /** Of these, how many are not measured, from the first. */
  readonly warmup: number
}

/** Milliseconds from the call to the sink; how many lines came in another order than they were logged in. */
export interface EndToEndResult extends Percentiles {
  readonly disordered: number
}

// Another process, which reads what the app logs as soon as it can.
const { brokers, topic, lines, warmup } = input() as EndToEndConsumerInput
const times = new Float64Array(lines - warmup)
const done = new AbortController()
let received = 0
let disordered = 0
const consumer = createConsumer({
  from: { brokers, topics: [topic], group: topic },
  sinks: [
    defineSink({
      name: 'clock',
      write(records) {
        const arrived = now()
        for (const record of records) {
          const { n, at } = JSON.parse(record.text) as { n: number; at: number }
          if (n !== received++) disordered++
          if (n >= warmup) times[n - warmup] = (arrived - at) / 1000
        }
        if (received >= lines) done.abort()
      },
    }),
  ],
})
const running = consumer.run({ signal: done.signal })
while (consumer.stats().state !== 'running') await new Promise((resolve) => setTimeout(resolve, 10))
say({ event: 'ready' })
await running
say({ result: { ...percentiles(times), disordered } satisfies EndToEndResult })
