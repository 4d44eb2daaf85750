import { JournalReader } from '../journal/reader.ts'
import type { Fields, Position } from '../record.ts'

/** Which journal is read. */
export interface JournalPlace {
  readonly dir: string
  readonly name: string
  readonly slot: number
}

/** Bytes read at once: the app's thread has to cut them into lines. */
const READ_BYTES = 256 * 1024

/** What winston calls by other names than the line. */
const WINSTON_NAMES: Readonly<Record<string, string>> = { '@timestamp': 'timestamp', 'log.level': 'level' }

/** Reads what is new, one line after the other, to the end that it has then. */
export async function* readLines(reader: JournalReader): AsyncGenerator<string> {
  for (
    let block = await reader.read(READ_BYTES);
    block !== undefined;
    block = await reader.read(READ_BYTES)
  ) {
    const text = block.bytes.toString('utf8', 0, block.bytes.length - 1)
    yield* text.split('\n')
  }
}

export function openReader(place: JournalPlace, from: Position | 'earliest'): Promise<JournalReader> {
  return JournalReader.open({ ...place, from })
}

/** The time that a line of ours begins with; '' of any other. Such times sort as text. */
export function timeText(line: string): string {
  return line.startsWith('{"@timestamp":"') ? line.slice(15, 39) : ''
}

/** A line as winston's users know it: `timestamp`, `level`, `message`, and its other fields under their names. */
export function toInfo(line: string): Fields | undefined {
  try {
    const fields = JSON.parse(line) as Fields
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [WINSTON_NAMES[name] ?? name, value]),
    )
  } catch {
    return undefined
  }
}
