import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

// What the counters say is one thing. This reads the lines themselves, as anybody could with grep and sort.

/** A file by its path within its directory. */
export interface TextFile {
  readonly path: string
  readonly lines: readonly string[]
}

export interface Verdict {
  /** Lines in the journal. */
  readonly onDisk: number
  /** Lines in the daily files. */
  readonly inFiles: number
  /** Lines of the journal that no daily file has. */
  readonly missing: readonly string[]
  /** Lines that the daily files have more often than the journal. */
  readonly twice: readonly string[]
  /** Lines of the daily files that never were in the journal. */
  readonly unknown: readonly string[]
}

/** Compares what was logged with what came out, line by line. */
export function verify(journal: readonly TextFile[], files: readonly TextFile[]): Verdict {
  /** How often a line is still to be found; below zero: found too often. */
  const wanted = new Map<string, number>()
  for (const line of linesOf(journal)) wanted.set(line, (wanted.get(line) ?? 0) + 1)
  const twice: string[] = []
  const unknown: string[] = []
  for (const line of linesOf(files)) {
    const times = wanted.get(line)
    if (times === undefined) unknown.push(line)
    else if (times <= 0) twice.push(line)
    wanted.set(line, (times ?? 0) - 1)
  }
  const missing = [...wanted].flatMap(([line, times]) => Array<string>(Math.max(0, times)).fill(line))
  return { onDisk: countLines(journal), inFiles: countLines(files), missing, twice, unknown }
}

export function countLines(files: readonly TextFile[]): number {
  return files.reduce((total, { lines }) => total + lines.length, 0)
}

function linesOf(files: readonly TextFile[]): string[] {
  return files.flatMap(({ lines }) => lines)
}

/** The segments of the journals of a name: `shop.0.000000000000000.20261121.log`, not the link `shop.log`. */
export async function readJournal(dir: string, name: string): Promise<TextFile[]> {
  const files = (await readdir(dir)).filter(
    (file) => file.startsWith(`${name}.`) && /^\d+\.\d{15}\.\d{8}\.log$/.test(file.slice(name.length + 1)),
  )
  return readFiles(
    dir,
    files.map((file) => join(dir, file)),
  )
}

/** All files below a directory, but for what the sink keeps for itself. */
export async function readDailyFiles(dir: string): Promise<TextFile[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.endsWith('.logflume'))
  return readFiles(
    dir,
    files.map(({ parentPath, name }) => join(parentPath, name)),
  )
}

async function readFiles(dir: string, paths: readonly string[]): Promise<TextFile[]> {
  return Promise.all(
    paths.toSorted().map(async (path) => {
      // What follows the last newline is no line: half of one, that a kill cut off.
      const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1)
      return { path: relative(dir, path), lines }
    }),
  )
}
