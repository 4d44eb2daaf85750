import { NEWLINE } from '../lines.ts'

/** Some lines of a buffer, which follow each other. */
export interface Slice {
  readonly lines: Buffer
  readonly records: number
}

/** So many lines to each slice, as they were cut before. */
export function sliceByRecords(lines: Buffer, counts: readonly number[]): Slice[] {
  let start = 0
  return counts.map((records, index) => {
    let end = start
    if (index === counts.length - 1) end = lines.length
    else for (let line = 0; line < records; line++) end = lines.indexOf(NEWLINE, end) + 1
    const slice = { lines: lines.subarray(start, end), records }
    start = end
    return slice
  })
}

/** Slices of `maxBytes` at most, or of one line. */
export function sliceByBytes({ lines, records }: Slice, maxBytes: number): Slice[] {
  if (lines.length <= maxBytes || records === 1) return [{ lines, records }]
  const slices: Slice[] = []
  let start = 0
  let count = 0
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf(NEWLINE, at) + 1
    if (count > 0 && end - start > maxBytes) {
      slices.push({ lines: lines.subarray(start, at), records: count })
      start = at
      count = 0
    }
    count++
    at = end
  }
  slices.push({ lines: lines.subarray(start), records: count })
  return slices
}
