import type { LinesOnDisk } from './lines-on-disk.ts'

/** Bytes of a line, its newline included. */
export const LINE_BYTES = 219

/** By how many bytes a field is made longer, so that each case's lines have `LINE_BYTES`. `probe` logs a few. */
export async function paddings<C>(
  cases: readonly C[],
  probe: (one: C) => Promise<{ readonly found: LinesOnDisk }>,
): Promise<ReadonlyMap<C, number>> {
  const padding = new Map<C, number>()
  for (const one of cases) {
    const { found } = await probe(one)
    padding.set(one, Math.max(0, LINE_BYTES - Math.round(found.bytes / Math.max(1, found.lines))))
  }
  return padding
}
