import { NEWLINE } from '../lines.ts'

/** Some lines of a buffer, which follow each other. */
export interface Slice {
  readonly lines: Buffer
  readonly records: number
  /** The place of its first line in the buffer, from 0. */
  readonly first: number
}

/** So many lines to each slice, as they were cut before. */
export function sliceByRecords(lines: Buffer, counts: readonly number[]): Slice[] {
  let start = 0
  let line = 0
  return counts.map((records, index) => {
    const first = line
    line += records
    let end = start
    if (index === counts.length - 1) end = lines.length
    else for (let one = 0; one < records; one++) end = lines.indexOf(NEWLINE, end) + 1
    const slice = { lines: lines.subarray(start, end), records, first }
    start = end
    return slice
  })
}

/** Slices of `maxBytes` at most, or of one line. */
export function sliceByBytes(
  { lines, records, first = 0 }: Omit<Slice, 'first'> & { readonly first?: number },
  maxBytes: number,
): Slice[] {
  if (lines.length <= maxBytes || records === 1) return [{ lines, records, first }]
  const slices: Slice[] = []
  let start = 0
  let line = first
  let count = 0
  const close = (end: number): void => {
    slices.push({ lines: lines.subarray(start, end), records: count, first: line })
    start = end
    line += count
    count = 0
  }
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf(NEWLINE, at) + 1
    if (count > 0 && end - start > maxBytes) close(at)
    count++
    at = end
  }
  close(lines.length)
  return slices
}
