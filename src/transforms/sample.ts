import { OptionReader, refuse } from '../options.ts'
import { hash } from './hash.ts'
import { keyReader, type KeyOption } from './key.ts'
import { step, type StepOptions, type SyncTransform } from './step.ts'

export interface SampleOptions extends StepOptions {
  /** The share of records that go on, as in 0.1. */
  readonly rate: number
  /** Records of one key go on together, or none of them. @default each for itself */
  readonly key?: KeyOption
}

const ALL = 2 ** 32

/** Lets a share of the records through: always the same ones, since a hash decides and not chance. */
export function sample(options: SampleOptions): SyncTransform {
  const reader = new OptionReader('sample', options)
  const rate = reader.raw('rate')
  if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1))
    refuse(reader.at('rate'), 'a number from 0 to 1', rate)
  const key = keyReader(reader, 'key')
  return step(reader, (record) => {
    const { topic, partition, offset } = record.place
    const text = key === undefined ? `${topic}-${partition}-${offset}` : key(record)
    return hash(text) < rate * ALL ? record : undefined
  })
}
