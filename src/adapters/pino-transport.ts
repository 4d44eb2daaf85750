import type { Transform, TransformCallback } from 'node:stream'
import { setImmediate as nextRound } from 'node:timers/promises'
import build from 'pino-abstract-transport'
import { hearPinoConfig } from './pino-config.ts'
import { flushToDisk, openPinoOutput, type PinoOptions } from './pino-output.ts'

/** A pino transport's stream. It finishes when all lines are on disk, and in Kafka or `endTimeout` is over. */
export interface PinoTransport extends Transform {
  /** Calls back when the lines so far are on disk. */
  flush(done: (error?: Error) => void): void
}

/**
 * A pino transport: `pino.transport({ target: 'logflume/pino', options: { name: 'shop', dir: 'logs' } })`.
 * What this throws is an `error` event of pino's transport.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the option; `JOURNAL` when the directory cannot be used.
 */
export function pinoTransport(options: PinoOptions): PinoTransport {
  const output = openPinoOutput(options)
  const { writer, lifecycle, endTimeout, mapping } = output
  // Lines wait in the stream until it is known what this pino calls its levels.
  const ready = mapping === undefined ? undefined : hearPinoConfig((config) => mapping.learn(config))
  const stream = build(
    (lines) => {
      // Nothing holds pino back: a disk that is too slow costs lines, which are counted, never memory.
      const take = (line: string): void => {
        if (line !== '') writer.append(mapping === undefined ? `${line}\n` : mapping.make(line))
      }
      if (ready === undefined) lines.on('data', take)
      else void ready.then(() => lines.on('data', take))
    },
    {
      parse: 'lines',
      // What pino-abstract-transport parses it only looks at; the line goes on as it came.
      parseLine: () => UNPARSED,
      metadata: false,
      async close(error: Error | null) {
        await lifecycle.close({ timeout: endTimeout })
        if (error !== null) throw error
      },
    },
  )
  // The lines of earlier writes have come through the stream when the event loop has gone round.
  const come = async (): Promise<void> => {
    await ready
    await nextRound()
  }
  const splitRest = stream._flush.bind(stream)
  return Object.assign(stream, {
    // Of a transport at the end of a pipeline pino awaits `finish`, and then ends the thread: `close`, which
    // it awaits of the others, is too late.
    _flush(done: TransformCallback) {
      splitRest((error) => {
        come()
          .then(() => lifecycle.close({ timeout: endTimeout }))
          .then(() => done(error), done)
      })
    },
    flush(done: (error?: Error) => void) {
      void come().then(() => done(flushToDisk(output)))
    },
  })
}

const UNPARSED = {}
