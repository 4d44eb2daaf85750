import type { ConsumedRecord } from '../../consume/record.ts'
import { NEWLINE } from '../../lines.ts'

export interface BulkEntry {
  readonly record: ConsumedRecord
  /** The line before the document: what is to be done, where, under which id. */
  readonly action: string
  readonly document: Buffer
}

export interface BulkLimits {
  readonly bytes: number
  readonly records: number
}

/** Bulks of whole entries in their order; one that is too large by itself goes alone. */
export function cutBulks(entries: readonly BulkEntry[], limits: BulkLimits): BulkEntry[][] {
  const bulks: BulkEntry[][] = []
  let bulk: BulkEntry[] = []
  let bytes = 0
  for (const entry of entries) {
    const size = sizeOf(entry)
    if (bulk.length > 0 && (bulk.length >= limits.records || bytes + size > limits.bytes)) {
      bulks.push(bulk)
      bulk = []
      bytes = 0
    }
    bulk.push(entry)
    bytes += size
  }
  if (bulk.length > 0) bulks.push(bulk)
  return bulks
}

/** Bytes as they came: one copy of each document. */
export function bulkBody(bulk: readonly BulkEntry[]): Buffer {
  const body = Buffer.allocUnsafeSlow(bulk.reduce((bytes, entry) => bytes + sizeOf(entry), 0))
  let end = 0
  for (const { action, document } of bulk) {
    end += body.write(action, end)
    body[end++] = NEWLINE
    end += document.copy(body, end)
    body[end++] = NEWLINE
  }
  return body
}

function sizeOf({ action, document }: BulkEntry): number {
  return Buffer.byteLength(action) + document.length + 2
}
