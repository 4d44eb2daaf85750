import { toError } from '../../errors.ts'
import { OptionReader, refuse } from '../../options.ts'
import { basicFormatter } from '../formatters/log4r-formatters.ts'
import type { LogRecord } from '../log-record.ts'
import { DrainOutputter, readOutputterOptions, type Outputter, type OutputterOptions } from './outputter.ts'
import { RecordQueue, type WrittenSync } from './record-queue.ts'

/** A record on its way through an outputter. */
export interface OutputterEntry {
  /** What the formatter made of it. */
  readonly text: string
  readonly record: LogRecord
}

export interface OutputterDefinition extends OutputterOptions {
  readonly name: string
  /**
   * Brings some records to where they go, the oldest first; one call at a time. Where it throws or rejects, it is
   * tried again with the same ones, after 100 ms up to 10 s, and after `attempts` they are lost and counted.
   */
  readonly write: (entries: readonly OutputterEntry[]) => unknown
  /** The same before it returns, for the end of the process. Without it, what waits then is lost and counted. */
  readonly writeSync?: (entries: readonly OutputterEntry[]) => void
  /** Called once, after the last write. */
  readonly close?: () => unknown
  readonly batch?: {
    /** The most records of one `write`. @default 1000 */
    readonly records?: number
    /** Milliseconds that a record waits for others, as a mail should. @default 0: until the tick is over */
    readonly wait?: number
  }
  /** How often a `write` is tried. @default 5 */
  readonly attempts?: number
  /** Characters of text that may wait in memory; what finds no room is lost and counted. @default 16 MiB */
  readonly maxBufferBytes?: number
}

const nothing = (): undefined => undefined

/**
 * An outputter of your own. Its default formatter is Log4r's `basicFormatter()`.
 *
 * @throws LogflumeError INVALID_OPTION, which names the option.
 */
export function defineOutputter(definition: OutputterDefinition): Outputter {
  const reader = new OptionReader('options', definition)
  const settings = readOutputterOptions(reader, { formatter: basicFormatter })
  if (!reader.has('write')) refuse('write', 'a function', undefined)
  const write = reader.function<OutputterDefinition['write']>('write', nothing)
  const writeSync = reader.has('writeSync') ? reader.function('writeSync', write) : undefined
  const close = reader.function<() => unknown>('close', nothing)
  const batchReader = reader.section('batch')
  const records = batchReader.integer('records', 1000, { min: 1, max: 1_000_000 })
  const wait = batchReader.integer('wait', 0, { max: 86_400_000 })
  batchReader.end()
  const attempts = reader.integer('attempts', 5, { min: 1 })
  const maxBufferBytes = readMaxBufferBytes(reader)
  reader.end()

  let ended = false
  const queue = new RecordQueue<OutputterEntry>({
    target: {
      async write(entries) {
        await write(entries)
      },
      ...(writeSync !== undefined && { writeSync: (entries) => triedSync(writeSync, entries) }),
      async close() {
        if (ended) return
        ended = true
        await close()
      },
    },
    length: ({ text }) => text.length,
    maxBufferBytes,
    batch: { records, bytes: () => Number.POSITIVE_INFINITY },
    wait,
    attempts,
    rotatesOnSighup: false,
  })
  return new DrainOutputter(settings, {
    open: (name, diagnose) => queue.open(name, diagnose),
    write: (text, record) => queue.push({ text, record }),
    flush: (timeout) => queue.flush(timeout),
    flushSync: () => queue.flushSync(),
    close: (timeout) => queue.close(timeout),
    stats: () => queue.stats(),
  })
}

function triedSync(
  write: NonNullable<OutputterDefinition['writeSync']>,
  entries: readonly OutputterEntry[],
): WrittenSync {
  try {
    write(entries)
    return { underWay: false, items: entries.length, error: undefined }
  } catch (thrown) {
    return { underWay: false, items: 0, error: toError(thrown) }
  }
}

/** The bound on what waits, as every outputter with a queue has it. */
export function readMaxBufferBytes(reader: OptionReader): number {
  return reader.integer('maxBufferBytes', 16 * 1024 * 1024, { min: 1024 })
}
