import { resolve } from 'node:path'
import { OptionReader } from '../../options.ts'
import { dateFormat } from '../formatters/date-format.ts'
import { justWritten, openFileOutputter, type FileOptions } from './file-outputter.ts'
import type { Outputter } from './outputter.ts'

export interface RollingFileOutputterOptions extends FileOptions {
  /**
   * Bytes at which the file is rolled. It is a whole record over that at most.
   * @default 10_485_760 (10 MiB)
   */
  readonly maxBytes?: number
  /** What rolls it besides, before the first record of a new period, by the machine's clock. @default 'never' */
  readonly every?: 'never' | 'minute' | 'hour' | 'day' | 'month'
  /** Rolled files that are kept: `app.log.1`, the newest, up to `app.log.5`. @default 5 */
  readonly keep?: number
}

const periods = {
  never: undefined,
  minute: 'yyyy-MM-dd HH:mm',
  hour: 'yyyy-MM-dd HH',
  day: 'yyyy-MM-dd',
  month: 'yyyy-MM',
} as const

/**
 * Log4r's RollingFileOutputter: a file that is rolled by size, by time, or both. A period in which nothing was
 * logged leaves no file. Formatter and name are as with `fileOutputter`.
 *
 * @throws LogflumeError INVALID_OPTION, which names the option.
 */
export function rollingFileOutputter(options: RollingFileOutputterOptions): Outputter {
  const reader = new OptionReader('options', options)
  const path = resolve(reader.string('file'))
  const maxBytes = reader.integer('maxBytes', 10 * 1024 * 1024, { min: 1 })
  const every = periods[reader.oneOf('every', ['never', 'minute', 'hour', 'day', 'month'], 'never')]
  const keep = reader.integer('keep', 5, { min: 1, max: 1000 })
  const period = every === undefined ? undefined : dateFormat('every', every)
  return openFileOutputter(reader, { ...justWritten, path: () => path, maxBytes, period, keep })
}
