import type { ConsumedRecord } from '../../consume/record.ts'
import { NEWLINE } from '../../lines.ts'

export interface BulkEntry {
  readonly record: ConsumedRecord
  /** The line before the document: what is to be done, where, under which id. */
  readonly action: string
  readonly document: Buffer
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

/** Bytes of it in the body. */
export function sizeOf({ action, document }: BulkEntry): number {
  return Buffer.byteLength(action) + document.length + 2
}
