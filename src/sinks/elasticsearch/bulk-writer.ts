import type { ConsumedRecord } from '../../consume/record.ts'
import type { WriteResult } from '../../consume/sink.ts'
import { LogflumeError } from '../../errors.ts'
import { jsonLine } from '../json-line.ts'
import { cutPieces, writePieces, type PieceLimits } from '../pieces.ts'
import { readAnswer } from './bulk-answer.ts'
import { bulkBody, sizeOf, type BulkEntry } from './bulk-body.ts'
import { explainFailure, statusOf, type Requests } from './bulk-client.ts'
import type { IndexName } from './index-name.ts'

export interface BulkSettings {
  readonly name: IndexName
  readonly op: 'create' | 'index'
  readonly id: (record: ConsumedRecord) => string
  readonly pipeline: string | undefined
  readonly limits: PieceLimits
}

const TOO_LARGE = 413
/** Of the answer what verdicts are made of. */
const WANTED = 'errors,items.*.status,items.*.error'

/** Documents to bulks, and the answers to verdicts. */
export class BulkWriter {
  readonly #settings: BulkSettings
  readonly #requests: Requests
  readonly #query: Readonly<Record<string, string>>

  constructor(settings: BulkSettings, requests: Requests) {
    this.#settings = settings
    this.#requests = requests
    const { pipeline } = settings
    this.#query = { filter_path: WANTED, ...(pipeline !== undefined && { pipeline }) }
  }

  /** One bulk after the other; the first that fails as a whole ends it. */
  async write(records: readonly ConsumedRecord[], signal: AbortSignal): Promise<WriteResult | undefined> {
    const entries = records.map((record) => this.#entry(record))
    const bulks = cutPieces(entries, sizeOf, this.#settings.limits)
    return writePieces(bulks, (bulk) => this.#send(bulk, signal))
  }

  async #send(bulk: readonly BulkEntry[], signal: AbortSignal): Promise<WriteResult> {
    try {
      return readAnswer(bulk, await this.#requests.bulk(bulkBody(bulk), this.#query, signal))
    } catch (thrown) {
      const failure = explainFailure(thrown)
      if (statusOf(thrown) === TOO_LARGE) throw new LogflumeError('SINK', failure.message)
      throw failure
    }
  }

  #entry(record: ConsumedRecord): BulkEntry {
    const { name, op, id } = this.#settings
    const action = `{"${op}":{"_index":${JSON.stringify(name.of(record))},"_id":${JSON.stringify(id(record))}}}`
    return { record, action, document: jsonLine(timed(record)) }
  }
}

/** Data streams and Kibana want a time in each document. */
function timed(record: ConsumedRecord): ConsumedRecord {
  if (record.get('@timestamp') !== undefined) return record
  return record.with({ '@timestamp': new Date(record.timestamp).toISOString(), ...record.toJSON() })
}
