import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { ConsumedRecord } from '../../consume/record.ts'
import { NEWLINE } from '../../lines.ts'
import { jsonLine } from '../json-line.ts'

export interface BodyFormat {
  /** `ndjson`: each line a JSON object; `lines`: as they came. */
  readonly format: 'ndjson' | 'lines'
  readonly compression: 'gzip' | 'none'
}

/** The same bytes for the same records, always: gzip notes no time here. */
export async function objectBody(
  records: readonly ConsumedRecord[],
  { format, compression }: BodyFormat,
): Promise<Buffer> {
  const newline = Buffer.of(NEWLINE)
  const lines = records.flatMap((record) => [format === 'ndjson' ? jsonLine(record) : record.bytes, newline])
  const body = Buffer.concat(lines)
  return compression === 'gzip' ? promisify(gzip)(body) : body
}
