/** Where a finished line goes. */
export interface LineWriter {
  /** Takes one line, which ends in '\n'. Never throws, never blocks. */
  append(line: string): void
  /** Writes what has been taken so far to the disk before it returns. Never throws. */
  flushSync(): void
}
