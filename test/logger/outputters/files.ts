import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import type { Diagnostic } from '../../../src/diagnostics.ts'
import type { Logger } from '../../../src/logger/logger.ts'
import type { Outputter, OutputterOptions } from '../../../src/logger/outputters/outputter.ts'
import type { LoggerStats } from '../../../src/logger/stats.ts'
import { until } from '../../journal/open-journal.ts'
import { capture } from '../capture.ts'

/** A record is its message. */
export const plain: OutputterOptions = { formatter: ({ message }) => `${message}\n` }

export interface Tried {
  readonly log: Logger
  readonly outputter: Outputter
  readonly diagnostics: readonly Diagnostic[]
  /** Logs numbers, from the one after the last on. */
  readonly count: (records: number) => void
  /** Resolves when all is written that was logged so far. */
  readonly written: () => Promise<void>
}

/** A logger whose only outputter beside a journal in memory is this one. */
export function withOutputter(t: TestContext, outputter: Outputter): Tried {
  const stats = {} as LoggerStats
  const done = (): Promise<LoggerStats> => Promise.resolve(stats)
  const lifecycle = { stats: () => stats, flush: done, close: done }
  const { log, diagnostics } = capture({ outputters: [outputter], lifecycle })
  t.after(() => log.close({ timeout: 0 }))
  let next = 0
  return {
    log,
    outputter,
    diagnostics,
    count(records) {
      for (const end = next + records; next < end; next++) log.info(numbered(next))
    },
    written: () => until(() => outputter.stats().pending === 0),
  }
}

/** 32 bytes with the line end. */
function numbered(n: number): string {
  return `record ${String(n).padStart(8, '0')} ${'x'.repeat(15)}`
}

/** All lines of some files, which have to end well. */
export async function linesOf(...paths: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')))
  return texts.join('').split('\n').slice(0, -1)
}

/** What is logged by `count`. */
export function counted(records: number): string[] {
  return Array.from({ length: records }, (_, n) => numbered(n))
}
