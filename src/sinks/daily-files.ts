import { join, resolve } from 'node:path'
import type { ConsumedRecord } from '../consume/record.ts'
import type { Sink } from '../consume/sink.ts'
import { NEWLINE } from '../lines.ts'
import { guarded, printDiagnostics, type DiagnosticHandler } from '../diagnostics.ts'
import { LONGEST_TIMER, OptionReader, refuse } from '../options.ts'
import { AppendFiles } from './append-files.ts'
import { OnceFiles } from './once-files.ts'
import { hasDay, PastFiles } from './past-files.ts'
import { PathTemplate } from './path-template.ts'

export interface DailyFilesOptions {
  /** Directory of the files; made where missing. */
  readonly dir: string
  /**
   * Where in `dir` a record goes: fields, and dates made of YYYY, MM, DD and HH, in braces. In a value `::`
   * becomes `~` (`shop::db` is in `shop~db.20261121`), what may not be in a file's name becomes `%` and hex
   * digits, as in a URL, a value that is too long ends in a hash, and one that is not there is `unknown`.
   * @default '{service.name}/{log.logger}.{YYYYMMDD}'
   */
  readonly path?: string
  /** Which time the dates are of: the record's own, so that a late one goes to its day, or its arrival. @default 'record' */
  readonly clock?: 'record' | 'arrival'
  /** Whose days: the machine's or UTC's. @default 'local' */
  readonly zone?: 'local' | 'utc'
  /** Files that are kept open. @default 64 */
  readonly maxOpenFiles?: number
  /** Milliseconds after which a file that nothing came for is closed. @default 60_000 */
  readonly idleTimeout?: number
  /** Whether a write waits for the disk, and not only for the kernel. @default false */
  readonly fsync?: boolean
  /**
   * Each line once, also over `kill -9`, and over a power loss with `fsync`: what is written is noted in
   * `dir/.logflume`, and one process at a time may write. `false`: several may, and after a death lines may
   * be there twice. @default true
   */
  readonly exactlyOnce?: boolean
  /**
   * Whether files of past days become `.gz`. A late line makes a plain file beside it, which is added to it
   * later. Not without `exactlyOnce`. @default false
   */
  readonly compress?: boolean
  /** Days before today whose files are kept, compressed or not. Not without `exactlyOnce`. @default all */
  readonly keepDays?: number
  /** Trouble with past files. @default warnings to stderr */
  readonly onDiagnostic?: DiagnosticHandler
}

/**
 * Appends each record as one line to the file of its logger and day; each line once. While another process
 * writes with the same `dir` and `path`, it waits for its end.
 */
export function dailyFiles(options: DailyFilesOptions): Sink {
  const reader = new OptionReader('options', options)
  const dir = resolve(reader.string('dir'))
  const zone = reader.oneOf('zone', ['local', 'utc'], 'local')
  const template = reader.string('path', '{service.name}/{log.logger}.{YYYYMMDD}')
  const paths = new PathTemplate(reader.at('path'), template, zone)
  const byArrival = reader.oneOf('clock', ['record', 'arrival'], 'record') === 'arrival'
  const fsync = reader.boolean('fsync', false)
  const files = new AppendFiles({
    maxOpen: reader.integer('maxOpenFiles', 64, { min: 1 }),
    idleTimeout: reader.integer('idleTimeout', 60_000, { min: 1, max: LONGEST_TIMER }),
    fsync,
  })
  const exactlyOnce = reader.boolean('exactlyOnce', true)
  const compress = reader.boolean('compress', false)
  const keepDays = reader.has('keepDays') ? reader.integer('keepDays', undefined) : Infinity
  const diagnose = guarded(reader.function<DiagnosticHandler>('onDiagnostic', printDiagnostics()))
  reader.end()
  const tidies = compress || keepDays < Infinity
  if (tidies && !exactlyOnce) refuse('exactlyOnce', 'true, where past files are changed', exactlyOnce)
  if (tidies && !hasDay(template)) refuse('path', 'a path with YYYY, MM and DD in it', template)
  const past = tidies
    ? new PastFiles({ dir, template, zone, compress, keepDays, files, diagnose })
    : undefined
  const once = exactlyOnce ? new OnceFiles({ dir, template, fsync, files, past }) : undefined

  /** By path. */
  const divide = (records: readonly ConsumedRecord[]): ReadonlyMap<string, Buffer> => {
    const lines = new Map<string, Buffer[]>()
    for (const record of records) {
      const path = paths.path(record, byArrival ? record.arrivedAt : record.timestamp)
      const before = lines.get(path)
      if (before === undefined) lines.set(path, [record.bytes])
      else before.push(record.bytes)
    }
    return new Map(Array.from(lines, ([path, all]) => [join(dir, path), joinLines(all)]))
  }

  return {
    name: 'daily-files',
    open: () => once?.open(),
    write: (records, { committed }) =>
      once === undefined ? files.append(divide(records)) : once.write(records, committed, divide),
    async close() {
      await once?.close()
      await files.close()
    },
  }
}

/** Bytes as they came: one copy of each line, and one write for each file. */
function joinLines(lines: readonly Buffer[]): Buffer {
  let length = 0
  for (const line of lines) length += line.length + 1
  const joined = Buffer.allocUnsafeSlow(length)
  let end = 0
  for (const line of lines) {
    joined.set(line, end)
    end += line.length
    joined[end++] = NEWLINE
  }
  return joined
}
