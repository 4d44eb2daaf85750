/** A closed segment, as retention sees it. */
export interface ClosedSegment {
  readonly file: string
  readonly bytes: number
  /** Milliseconds since 1970 of its last write. */
  readonly modified: number
  /** Whether every line of it is where it is meant to go. */
  readonly forwarded: boolean
}

export interface RetentionRules {
  /** Days after which a segment may go. */
  readonly days: number
  /** Bytes that all segments of one journal may have. */
  readonly bytes: number
}

const DAY = 86_400_000

/**
 * Which closed segments go, given oldest first. Age alone never takes a line that Kafka does not have yet;
 * the byte budget does, oldest first, since a full disk would take more than that.
 */
export function segmentsToDelete(
  closed: readonly ClosedSegment[],
  activeBytes: number,
  now: number,
  rules: RetentionRules,
): string[] {
  let total = closed.reduce((sum, segment) => sum + segment.bytes, activeBytes)
  const doomed: string[] = []
  for (const segment of closed) {
    const old = now - segment.modified > rules.days * DAY
    if (total > rules.bytes || (old && segment.forwarded)) {
      doomed.push(segment.file)
      total -= segment.bytes
    }
  }
  return doomed
}
