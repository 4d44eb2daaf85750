import { resolve } from 'node:path'
import { OptionReader } from '../../options.ts'
import { patternFormatter } from '../formatters/pattern-formatter.ts'
import { readMaxBufferBytes } from './define-outputter.ts'
import { DrainOutputter, readOutputterOptions, type Outputter, type OutputterOptions } from './outputter.ts'
import { RecordQueue } from './record-queue.ts'
import { RotatingFile, type RotatingFileSettings } from './rotating-file.ts'

/** Options of every outputter that writes files. */
export interface FileOptions extends OutputterOptions {
  /** Path of the file; its directory is made where missing. It is the outputter's name as well. */
  readonly file: string
  /** Whether SIGHUP opens the file again; the signal then does not end the process. @default false */
  readonly reopenOnSighup?: boolean
  /** Bytes of records that may wait in memory for the disk; what finds no room is lost and counted. @default 16 MiB */
  readonly maxBufferBytes?: number
}

export interface FileOutputterOptions extends FileOptions {
  /** Whether what an earlier process left in the file goes. @default false */
  readonly truncate?: boolean
}

/** Bytes of waiting records at which a write begins at once instead of at the end of the tick. */
const WRITE_AT = 64 * 1024

const defaultPattern = '%d{DEFAULT} %-5p %c - %m%n'

/**
 * Log4r's FileOutputter: a file that grows, or that logrotate takes care of. It is opened again where it was
 * renamed or removed. Its default formatter is `patternFormatter('%d{DEFAULT} %-5p %c - %m%n')`.
 *
 * @throws LogflumeError INVALID_OPTION, which names the option.
 */
export function fileOutputter(options: FileOutputterOptions): Outputter {
  const reader = new OptionReader('options', options)
  const path = resolve(reader.string('file'))
  const truncate = reader.boolean('truncate', false)
  return openFileOutputter(reader, { ...justWritten, path: () => path, truncate })
}

/** A file that nothing is done to but writing. */
export const justWritten = {
  truncate: false,
  maxBytes: undefined,
  period: undefined,
  keep: undefined,
  onOpened: () => undefined,
} as const

/** Takes the options that all have out of the reader, and ends it. */
export function openFileOutputter(reader: OptionReader, settings: RotatingFileSettings): Outputter {
  const outputter = readOutputterOptions(reader, {
    name: reader.string('file'),
    formatter: () => patternFormatter(defaultPattern),
  })
  const maxBufferBytes = readMaxBufferBytes(reader)
  const rotatesOnSighup = reader.boolean('reopenOnSighup', false)
  reader.end()
  const target = new RotatingFile(settings)
  const queue = new RecordQueue<string>({
    target,
    length: (text) => Buffer.byteLength(text),
    maxBufferBytes,
    batch: { records: Number.POSITIVE_INFINITY, bytes: () => Math.min(WRITE_AT, target.room) },
    wait: 0,
    attempts: Number.POSITIVE_INFINITY,
    rotatesOnSighup,
  })
  return new DrainOutputter(outputter, {
    open: (name, diagnose) => queue.open(name, diagnose),
    write: (text) => queue.push(text),
    flush: (timeout) => queue.flush(timeout),
    flushSync: () => queue.flushSync(),
    close: (timeout) => queue.close(timeout),
    stats: () => queue.stats(),
  })
}
