import type { Sink } from '../consume/sink.ts'
import { LogflumeError } from '../errors.ts'
import { OptionReader, refuse } from '../options.ts'
import { pretty } from '../pretty.ts'

export interface ConsoleOptions {
  /** @default process.stdout */
  readonly stream?: NodeJS.WritableStream
  /** Lines for people; else the records' own lines, for programs. @default whether the stream is a terminal */
  readonly pretty?: boolean
  /** @default whether the stream is a terminal that has colours, and NO_COLOR is not set */
  readonly colors?: boolean
}

/** What a stream says that will never take anything again. */
const GONE = ['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']

/**
 * Writes records to a stream, as fast as it takes them. Where its reader is gone, as after `| head`, the
 * records are refused, and counted as failed.
 */
export function consoleSink(options: ConsoleOptions = {}): Sink {
  const reader = new OptionReader('options', options)
  const stream = reader.raw('stream') ?? process.stdout
  if (!isWritable(stream)) refuse('stream', 'a writable stream', stream)
  const terminal = 'isTTY' in stream && stream.isTTY === true
  const isPretty = reader.boolean('pretty', terminal)
  const colors = reader.boolean('colors', terminal && (process.env.NO_COLOR ?? '') === '')
  reader.end()

  // Without a listener a broken pipe ends the process; what went wrong the write's callback tells.
  const ignore = (): void => undefined
  return {
    name: 'console',
    open: () => void stream.on('error', ignore),
    write(records) {
      let text = ''
      for (const record of records) text += `${isPretty ? pretty(record, colors) : record.line}\n`
      return new Promise((resolve, reject) => {
        stream.write(text, (error) => {
          if (error) reject(explain(error))
          else resolve()
        })
      })
    },
    close: () => void stream.off('error', ignore),
  }
}

function isWritable(value: unknown): value is NodeJS.WritableStream {
  return typeof value === 'object' && value !== null && 'write' in value && typeof value.write === 'function'
}

function explain(error: Error): Error {
  const { code = '' } = error as NodeJS.ErrnoException
  return GONE.includes(code) ? new LogflumeError('SINK', 'nobody reads the stream', { cause: error }) : error
}
