import type { ConsumedRecord } from '../../consume/record.ts'
import type { WriteResult } from '../../consume/sink.ts'
import { LogflumeError } from '../../errors.ts'
import { jsonLine } from '../json-line.ts'
import { readAnswer } from './bulk-answer.ts'
import { bulkBody, cutBulks, type BulkEntry, type BulkLimits } from './bulk-body.ts'
import { explainFailure, statusOf, type Requests } from './bulk-client.ts'
import type { IndexName } from './index-name.ts'

export interface BulkSettings {
  readonly name: IndexName
  readonly op: 'create' | 'index'
  readonly id: (record: ConsumedRecord) => string
  readonly pipeline: string | undefined
  readonly limits: BulkLimits
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
    const todo = cutBulks(
      records.map((record) => this.#entry(record)),
      this.#settings.limits,
    )
    const retry: ConsumedRecord[] = []
    const rejected: NonNullable<WriteResult['rejected']>[number][] = []
    let error: LogflumeError | undefined
    for (let bulk = todo.shift(); bulk !== undefined; bulk = todo.shift()) {
      try {
        const result = readAnswer(bulk, await this.#requests.bulk(bulkBody(bulk), this.#query, signal))
        retry.push(...result.retry)
        rejected.push(...result.rejected)
        error ??= result.error
      } catch (thrown) {
        const failure = explainFailure(thrown)
        const [only, ...others] = bulk
        if (statusOf(thrown) === TOO_LARGE && only !== undefined) {
          if (others.length > 0) todo.unshift(...halves(bulk))
          else rejected.push({ record: only.record, error: new LogflumeError('SINK', failure.message) })
          continue
        }
        if (retry.length === 0 && rejected.length === 0 && bulk[0]?.record === records[0]) throw failure
        error = failure
        retry.push(...[bulk, ...todo].flatMap((rest) => rest.map(({ record }) => record)))
        break
      }
    }
    if (retry.length === 0 && rejected.length === 0) return undefined
    return { retry, rejected, ...(error && { error }) }
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

function halves<T>(all: readonly T[]): T[][] {
  const middle = Math.ceil(all.length / 2)
  return [all.slice(0, middle), all.slice(middle)]
}
