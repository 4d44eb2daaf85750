import { OptionReader } from '../options.ts'
import { requireCondition, type Condition, type SyncTransform } from './step.ts'

export interface DropOptions {
  /** Records for which it is true go no further. */
  readonly if: Condition
}

/** Leaves records out. */
export function drop(options: DropOptions): SyncTransform {
  const reader = new OptionReader('drop', options)
  const condition = requireCondition(reader)
  reader.end()
  return (record) => (condition(record) ? undefined : record)
}
