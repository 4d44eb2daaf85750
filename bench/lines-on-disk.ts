import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface LinesOnDisk {
  readonly lines: number
  readonly bytes: number
  /** Lines whose field `id` has not the value that `idOf` gives for their place, or that are no JSON. */
  readonly wrong: number
}

/** Reads all lines of a logger's directory, oldest file first, and looks whether each is the one that was logged. */
export async function linesOnDisk(dir: string, idOf: (n: number) => number): Promise<LinesOnDisk> {
  let lines = 0
  let bytes = 0
  let wrong = 0
  for (const file of await logFiles(dir)) {
    for await (const line of createInterface(createReadStream(join(dir, file)))) {
      if (readId(line) !== idOf(lines)) wrong++
      lines++
      bytes += Buffer.byteLength(line) + 1
    }
  }
  return { lines, bytes, wrong }
}

/** Regular files with names that sort by age. */
export async function logFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.log'))
    .map(({ name }) => name)
    .sort()
}

function readId(line: string): unknown {
  try {
    return (JSON.parse(line) as { id?: unknown }).id
  } catch {
    return undefined
  }
}
