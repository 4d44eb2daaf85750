import type { Position } from '../record.ts'
import type { Checkpoint } from './checkpoint.ts'
import { plainRules } from './plain-rules.ts'

/** As the first version wrote it: one topic, one partition. */
export interface CheckpointV1 {
  readonly version: 1
  readonly journal: string
  readonly topic: string
  readonly partition: number | undefined
  readonly producer: { readonly id: string; readonly epoch: number } | undefined
  readonly sequence: number
  readonly position: Position
  readonly inFlight: readonly {
    readonly from: Position
    readonly to: Position
    readonly records: number
    readonly sequence: number
    readonly timestamp: number
  }[]
}

/** A batch without times had -1 for its time, and stays without. */
const NO_TIMESTAMP = -1

export function upgraded(found: CheckpointV1): Checkpoint {
  const { journal, topic, partition, producer, sequence, position, inFlight } = found
  return {
    version: 2,
    journal,
    rules: plainRules(topic),
    producer: partition === undefined ? undefined : producer,
    topics: partition === undefined ? {} : { [topic]: { home: partition, next: { [partition]: sequence } } },
    position,
    inFlight:
      partition === undefined
        ? []
        : inFlight.map(({ from, to, records, sequence, timestamp }) => ({
            from,
            to,
            timestamp,
            parts: [
              {
                topic,
                partition,
                records,
                sequence,
                state: 'unsure',
                ...(timestamp === NO_TIMESTAMP && { untimed: true }),
              },
            ],
          })),
  }
}
