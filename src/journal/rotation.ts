/** By which days a journal rotates and names its segments. */
export type Zone = 'local' | 'utc'

export interface RotationRules {
  /** Bytes at which a segment is full. */
  readonly maxBytes: number
  /** Whether a new day begins a new segment. */
  readonly daily: boolean
  readonly zone: Zone
}

/** YYYYMMDD. */
export function dayOf(time: number, zone: Zone): string {
  const date = new Date(time)
  const [year, month, day] =
    zone === 'utc'
      ? [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
      : [date.getFullYear(), date.getMonth() + 1, date.getDate()]
  return `${String(year).padStart(4, '0')}${String(month).padStart(2, '0')}${String(day).padStart(2, '0')}`
}

/** Milliseconds since 1970 at which the next day begins. */
export function nextDay(time: number, zone: Zone): number {
  const date = new Date(time)
  return zone === 'utc'
    ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1)
    : new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime()
}

/** Whether the next `bytes` belong into a new segment. An empty segment is never left for another one. */
export function rotationDue(
  segment: { readonly bytes: number; readonly endsAt: number },
  bytes: number,
  now: number,
  rules: RotationRules,
): boolean {
  if (segment.bytes === 0) return false
  return segment.bytes + bytes > rules.maxBytes || (rules.daily && now >= segment.endsAt)
}
