/** One file of a journal, as its name tells. */
export interface Segment {
  readonly file: string
  readonly slot: number
  /** Ordinal of the segment's first line. */
  readonly ordinal: number
  /** Day on which it was opened, YYYYMMDD, in the zone that the journal rotates by; with the hour where it rotates by that. */
  readonly date: string
  /** How a closed one was compressed since. */
  readonly compression: Compression | undefined
}

/** As the end of the file's name says it. */
export type Compression = 'gz' | 'zst'

// 15 digits hold more lines than a process can write in a lifetime and are still exact in a double.
const ORDINAL_DIGITS = 15

export function segmentFile(name: string, slot: number, ordinal: number, date: string): string {
  return `${name}.${slot}.${String(ordinal).padStart(ORDINAL_DIGITS, '0')}.${date}.log`
}

/** The segment that a file name tells of; undefined for any other file. */
export function parseSegment(name: string, file: string): Segment | undefined {
  if (!file.startsWith(`${name}.`)) return undefined
  const match = /^(\d{1,9})\.(\d{15})\.(\d{8}(?:\d\d)?)\.log(?:\.(gz|zst))?$/.exec(
    file.slice(name.length + 1),
  )
  if (match === null) return undefined
  const [, slot, ordinal, date = '', compression] = match
  return {
    file,
    slot: Number(slot),
    ordinal: Number(ordinal),
    date,
    compression: compression as Compression | undefined,
  }
}

/** The name of the journal that a file is a segment of; undefined for any other file. */
export function segmentOwner(file: string): string | undefined {
  return /^(.+)\.\d{1,9}\.\d{15}\.\d{8}(?:\d\d)?\.log(?:\.(?:gz|zst))?$/.exec(file)?.[1]
}

/**
 * All segments of one name, oldest first within each slot. The ordinal alone decides: clocks jump. Of one that
 * is there plain and compressed, for the moment between, the plain one counts.
 */
export function parseSegments(name: string, files: readonly string[]): Segment[] {
  const segments: Segment[] = []
  for (const file of files) {
    const segment = parseSegment(name, file)
    if (segment !== undefined) segments.push(segment)
  }
  segments.sort((a, b) => a.slot - b.slot || a.ordinal - b.ordinal || (a.compression === undefined ? -1 : 1))
  return segments.filter(({ slot, ordinal }, index) => {
    const before = segments[index - 1]
    return before?.slot !== slot || before.ordinal !== ordinal
  })
}
