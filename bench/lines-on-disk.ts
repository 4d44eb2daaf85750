import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

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
    for await (const line of createInterface(readSegment(join(dir, file)))) {
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
    .filter((entry) => entry.isFile() && /\.log(\.gz)?$/.test(entry.name))
    .map(({ name }) => name)
    .sort()
}

/** Lines in all files of a directory but hidden ones, whatever a logger calls them, plain or compressed. */
export async function countLines(dir: string): Promise<number> {
  const entries = await readdir(dir, { withFileTypes: true })
  let lines = 0
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.startsWith('.')) continue
    for await (const chunk of readSegment(join(dir, entry.name)) as AsyncIterable<Buffer>) {
      for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', end + 1)) lines++
    }
  }
  return lines
}

function readSegment(file: string): Readable {
  const bytes = createReadStream(file, { highWaterMark: 512 * 1024 })
  if (!file.endsWith('.gz')) return bytes
  const plain = bytes.pipe(createGunzip())
  finished(bytes, (error) => error && plain.destroy(error))
  return plain
}

function readId(line: string): unknown {
  try {
    return (JSON.parse(line) as { id?: unknown }).id
  } catch {
    return undefined
  }
}
