import { appendFileSync, renameSync, statSync } from 'node:fs'

/** What is known of a line that Kafka will never take. */
export interface RefusedLine {
  readonly topic: string
  readonly partition: number
  /** The line's number in the journal. */
  readonly ordinal: number
  readonly reason: string
}

/** Bytes of such lines that are kept; as many again are in the file before it. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * Puts lines that Kafka refused for good aside: as they were, one a line, so that the file can be sent again
 * whole (`kcat -P -l`), and beside it why, one row for each of them.
 */
export class RefusedLines {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** @throws what the file system throws. */
  keep(line: Buffer, about: RefusedLine): void {
    const reasons = `${this.#path}.reasons`
    if (sizeOf(this.#path) + line.length > MAX_BYTES) {
      renameSync(this.#path, `${this.#path}.old`)
      renameSync(reasons, `${reasons}.old`)
    }
    appendFileSync(
      reasons,
      `${JSON.stringify({ time: new Date().toISOString(), ...about, bytes: line.length })}\n`,
    )
    appendFileSync(this.#path, line)
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
