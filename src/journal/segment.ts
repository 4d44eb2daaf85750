/** One file of a journal, as its name tells. */
export interface Segment {
  readonly file: string
  readonly slot: number
  /** Ordinal of the segment's first line. */
  readonly ordinal: number
  /** Day on which it was opened, YYYYMMDD, in the zone that the journal rotates by. */
  readonly date: string
}

// 15 digits hold more lines than a process can write in a lifetime and are still exact in a double.
const ORDINAL_DIGITS = 15

export function segmentFile(name: string, slot: number, ordinal: number, date: string): string {
  return `${name}.${slot}.${String(ordinal).padStart(ORDINAL_DIGITS, '0')}.${date}.log`
}

/** The segment that a file name tells of; undefined for any other file. */
export function parseSegment(name: string, file: string): Segment | undefined {
  if (!file.startsWith(`${name}.`)) return undefined
  const match = /^(\d{1,9})\.(\d{15})\.(\d{8})\.log$/.exec(file.slice(name.length + 1))
  if (match === null) return undefined
  return { file, slot: Number(match[1]), ordinal: Number(match[2]), date: match[3] ?? '' }
}

/** All segments of one name, oldest first within each slot. The ordinal alone decides: clocks jump. */
export function parseSegments(name: string, files: readonly string[]): Segment[] {
  const segments: Segment[] = []
  for (const file of files) {
    const segment = parseSegment(name, file)
    if (segment !== undefined) segments.push(segment)
  }
  return segments.sort((a, b) => a.slot - b.slot || a.ordinal - b.ordinal)
}
