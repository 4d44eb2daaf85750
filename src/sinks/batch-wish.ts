import type { BatchWish } from '../consume/sink.ts'
import { LONGEST_TIMER, type OptionReader } from '../options.ts'

/** The option `batch` of a sink: how much is gathered before it is written. */
export function readBatch(reader: OptionReader, defaults: BatchWish = {}): { readonly batch?: BatchWish } {
  const given = reader.has('batch')
  const batch = reader.section('batch')
  const read = (key: keyof BatchWish, max: number): number | undefined =>
    batch.has(key) || defaults[key] !== undefined
      ? batch.integer(key, defaults[key], { min: 1, max })
      : undefined
  const records = read('records', Number.MAX_SAFE_INTEGER)
  const bytes = read('bytes', Number.MAX_SAFE_INTEGER)
  const time = read('time', LONGEST_TIMER)
  batch.end()
  if (!given && Object.keys(defaults).length === 0) return {}
  return {
    batch: {
      ...(records !== undefined && { records }),
      ...(bytes !== undefined && { bytes }),
      ...(time !== undefined && { time }),
    },
  }
}
