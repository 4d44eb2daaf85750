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
  /** How many there may be. */
  readonly segments: number
  /** Bytes that others shall find free on the disk. */
  readonly minFree: number
}

/** What is there besides the closed segments. */
export interface DiskState {
  /** Bytes of the segment being written. */
  readonly activeBytes: number
  /** Bytes that are free on the disk. */
  readonly freeBytes: number
  /** Milliseconds since 1970. */
  readonly now: number
}

const DAY = 86_400_000

/**
 * Which closed segments go, given oldest first. Age and number alone never take a line that Kafka does not
 * have yet; the bytes do, oldest first, since a full disk would take more than that.
 */
export function segmentsToDelete(
  closed: readonly ClosedSegment[],
  { activeBytes, freeBytes, now }: DiskState,
  rules: RetentionRules,
): string[] {
  let total = closed.reduce((sum, segment) => sum + segment.bytes, activeBytes)
  let free = freeBytes
  let left = closed.length + 1
  const doomed: string[] = []
  for (const { file, bytes, modified, forwarded } of closed) {
    const outlived = now - modified > rules.days * DAY || left > rules.segments
    if (total > rules.bytes || free < rules.minFree || (outlived && forwarded)) {
      doomed.push(file)
      total -= bytes
      free += bytes
      left--
    }
  }
  return doomed
}
