import type { ConsumedRecord } from '../consume/record.ts'
import type { StatefulTransform, Transformed, TransformState } from '../consume/transform.ts'
import { OptionReader } from '../options.ts'
import { setField } from './fields.ts'
import { keyReader, type Key, type KeyOption } from './key.ts'
import { statefulStep, type StepOptions } from './step.ts'

export interface DedupeOptions extends StepOptions {
  /** What is alike in records that are the same. @default 'message' */
  readonly key?: KeyOption
  /** Milliseconds, by the records' own time, in which only the first of one key goes on. @default 60_000 */
  readonly window?: number
  /** Keys that are remembered, for each partition; of more the oldest is forgotten. @default 10_000 */
  readonly maxKeys?: number
  /** The field of the next one that goes on, with how many were left out. @default 'suppressed' */
  readonly countField?: string
}

interface Settings {
  readonly key: Key
  readonly window: number
  readonly maxKeys: number
  readonly countField: string
}

/** Lets one of several records that are alike through, and counts the others. */
export function dedupe(options: DedupeOptions = {}): StatefulTransform {
  const reader = new OptionReader('dedupe', options)
  const settings: Settings = {
    key: keyReader(reader, 'key', 'message'),
    window: reader.integer('window', 60_000, { min: 1 }),
    maxKeys: reader.integer('maxKeys', 10_000, { min: 1 }),
    countField: reader.string('countField', 'suppressed'),
  }
  return statefulStep(reader, 'dedupe', () => new Dedupe(settings))
}

class Dedupe implements TransformState {
  readonly #settings: Settings
  /** By key, those that were let through first in front. */
  readonly #seen = new Map<string, { readonly since: number; suppressed: number }>()

  constructor(settings: Settings) {
    this.#settings = settings
  }

  apply(record: ConsumedRecord): Transformed {
    const { key, window, maxKeys, countField } = this.#settings
    const id = key(record)
    const time = record.timestamp
    const seen = this.#seen.get(id)
    // Either way: one that is much older is of another time, as in a replay.
    if (seen !== undefined && Math.abs(time - seen.since) < window) {
      seen.suppressed++
      return undefined
    }
    this.#seen.delete(id)
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size < maxKeys) break
      this.#seen.delete(oldest)
    }
    this.#seen.set(id, { since: time, suppressed: 0 })
    if (seen !== undefined && seen.suppressed > 0) setField(record.fields, countField, seen.suppressed)
    return record
  }
}
