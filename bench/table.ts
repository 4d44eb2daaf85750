import type { Spread } from './rounds.ts'

/** Columns as wide as they have to be, the first one to the left. */
export function table(rows: readonly (readonly string[])[], gap = '  '): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)))
  }
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(pad).join(gap).trimEnd()).join('\n')
}

/** Two cells, the median and the range: `0.62` and `0.58–0.71`; from 10 on with one digit less. */
export function cells({ median, least, most }: Spread, digits: number): [string, string] {
  if (Number.isNaN(median)) return ['-', '']
  const shown = most < 10 ? digits : Math.max(0, digits - 1)
  const range = least === most ? '' : `${number(least, shown)}–${number(most, shown)}`
  return [number(median, shown), range]
}

export function number(value: number, digits = 0): string {
  const useGrouping = Math.abs(value) >= 10_000
  return value.toLocaleString('en', {
    useGrouping,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}
