import { readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { OptionReader, refuse } from '../../options.ts'
import { dateFormat, type Zone } from '../formatters/date-format.ts'
import { justWritten, openFileOutputter, type FileOptions } from './file-outputter.ts'
import type { Outputter } from './outputter.ts'

export interface DateFileOutputterOptions extends FileOptions {
  /** The path without the date, which comes before the ending: `logs/app.log` is `logs/app_2026-11-21.log`. */
  readonly file: string
  /** Letters of strftime, or of SimpleDateFormat where it has no `%`. @default '%Y-%m-%d' */
  readonly datePattern?: string
  /** Whose clock the date is read from. @default 'local' */
  readonly zone?: Zone
  /** Files that are kept, the one being written included. @default all */
  readonly keep?: number
}

/**
 * Log4r's DateFileOutputter: a file whose name has the date, and another one as soon as that changes. Formatter
 * and name are as with `fileOutputter`.
 *
 * @throws LogflumeError INVALID_OPTION, which names the option.
 */
export function dateFileOutputter(options: DateFileOutputterOptions): Outputter {
  const reader = new OptionReader('options', options)
  const file = resolve(reader.string('file'))
  const pattern = reader.string('datePattern', '%Y-%m-%d')
  const date = dateFormat('datePattern', pattern, reader.oneOf('zone', ['local', 'utc'], 'local'))
  if (/[/\\\0]/.test(date(Date.now())))
    refuse('datePattern', 'a date that can be in the name of a file', pattern)
  const keep = reader.has('keep') ? reader.integer('keep', undefined, { min: 1 }) : Number.POSITIVE_INFINITY
  const ending = extname(file)
  const start = file.slice(0, file.length - ending.length)
  return openFileOutputter(reader, {
    ...justWritten,
    path: () => `${start}_${date(Date.now())}${ending}`,
    onOpened: (path) => removeOld(path, date(Date.now()), keep),
  })
}

/** Removes files that are named like this one but for the date, the oldest first. */
function removeOld(path: string, date: string, keep: number): void {
  if (keep === Number.POSITIVE_INFINITY) return
  const [dir, name] = [dirname(path), basename(path)]
  const [start = '', ending = ''] = name.split(`_${date}`)
  try {
    const others = readdirSync(dir)
      .filter((other) => other !== name && other.startsWith(`${start}_`) && other.endsWith(ending))
      .filter((other) => isLike(date, other.slice(start.length + 1, other.length - ending.length)))
      .map((other) => ({ path: join(dir, other), time: statSync(join(dir, other)).mtimeMs }))
      .sort((a, b) => b.time - a.time)
    for (const old of others.slice(keep - 1)) rmSync(old.path, { force: true })
  } catch {
    // A file that another process removed just now; the next date tries again.
  }
}

/** Whether two texts differ only in their numbers and words, so that both are dates of one format. */
function isLike(one: string, other: string): boolean {
  const shape = (text: string): string => text.replace(/\d+/g, '0').replace(/\p{L}+/gu, 'x')
  return shape(one) === shape(other)
}
