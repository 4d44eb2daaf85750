import { isObject } from '../../options.ts'
import type { WriteResult } from '../../consume/sink.ts'
import { LogflumeError } from '../../errors.ts'
import type { BulkEntry } from './bulk-body.ts'

/** What the server made of one document. */
export type Verdict = 'done' | 'retry' | 'rejected'

interface Item {
  readonly status: number
  readonly reason: string
  readonly type: string
}

/** Of statuses that would mean that the document is at fault: faults of the cluster, which time or people heal. */
const CLUSTER_FAULTS = [
  'cluster_block_exception', // read-only: the disk is full
  'validation_exception', // no more shards
  'security_exception',
  'unavailable_shards_exception',
]
/** Longest reason in a message. */
const MAX_REASON = 500

function verdictOf({ status, type }: Item): Verdict {
  // 409: it is there already, from before a crash.
  if ((status >= 200 && status < 300) || status === 409) return 'done'
  if (status < 400 || status >= 500 || [401, 403, 408, 429].includes(status)) return 'retry'
  return CLUSTER_FAULTS.includes(type) ? 'retry' : 'rejected'
}

/** What became of the documents of a bulk. Throws where the answer does not say so of each of them. */
export function readAnswer(bulk: readonly BulkEntry[], answer: unknown): WriteResult {
  const items = itemsOf(answer, bulk.length)
  const retry = []
  const rejected = []
  let error: LogflumeError | undefined
  for (const [index, { record }] of bulk.entries()) {
    const item = toItem(items[index])
    const verdict = verdictOf(item)
    if (verdict === 'done') continue
    const failure = new LogflumeError('SINK', explain(item), { retryable: verdict === 'retry' })
    if (verdict === 'rejected') rejected.push({ record, error: failure })
    else {
      retry.push(record)
      error ??= failure
    }
  }
  return { retry, rejected, ...(error && { error }) }
}

function itemsOf(answer: unknown, count: number): readonly unknown[] {
  const items = isObject(answer) ? answer.items : undefined
  if (!Array.isArray(items)) throw strange(`is no answer to a bulk: ${excerpt(answer)}`)
  if (items.length !== count) throw strange(`has ${items.length} items for ${count} documents`)
  return items
}

/** `{ create: { status, error } }`. */
function toItem(item: unknown): Item {
  const outcome = isObject(item) ? Object.values(item)[0] : undefined
  if (!isObject(outcome) || typeof outcome.status !== 'number')
    throw strange(`has an item without status: ${excerpt(item)}`)
  const { status, error } = outcome
  if (!isObject(error)) return { status, type: '', reason: typeof error === 'string' ? error : '' }
  return { status, type: String(error.type), reason: reasonOf(error) }
}

/** With that of its cause, which often is what tells the field. */
export function reasonOf(error: Readonly<Record<string, unknown>>): string {
  const { type, reason, caused_by: cause } = error
  const own = `${String(type)}: ${String(reason)}`
  return isObject(cause) && cause.reason !== reason ? `${own}; ${reasonOf(cause)}` : own
}

function explain({ status, reason }: Item): string {
  return `${status}${reason === '' ? '' : ` ${reason.slice(0, MAX_REASON)}`}`
}

function strange(what: string): LogflumeError {
  return new LogflumeError('SINK', `what the server says ${what}`, { retryable: true })
}

/** Enough of it to recognise a proxy. */
export function excerpt(value: unknown): string {
  const text = typeof value === 'string' ? value : ''.concat(JSON.stringify(value))
  return text.replace(/\s+/g, ' ').slice(0, 120)
}
