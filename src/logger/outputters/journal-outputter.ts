import type { Lifecycle } from '../lifecycle.ts'
import type { LineWriter } from '../line-writer.ts'
import { DrainOutputter } from './outputter.ts'

/** The name by which the journal is among the outputters of a tree. */
export const JOURNAL = 'journal'

/** The journal as one of the outputters. Its end and its counts are those of the tree. */
export function journalOutputter(writer: LineWriter, lifecycle: Lifecycle): DrainOutputter {
  return new DrainOutputter(
    { name: JOURNAL, level: undefined, onlyAt: undefined, formatter: (record) => record.line },
    {
      write: (line) => writer.append(line),
      flush: () => Promise.resolve(),
      flushSync: () => writer.flushSync(),
      close: () => Promise.resolve(),
      stats() {
        const { written, forwarded, pending, lost, journal } = lifecycle.stats()
        return { taken: written, written: forwarded, pending, lost, error: journal.error }
      },
    },
  )
}
