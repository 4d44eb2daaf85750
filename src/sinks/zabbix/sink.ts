import type { ConnectionOptions } from 'node:tls'
import type { ConsumedRecord } from '../../consume/record.ts'
import type { BatchWish, Sink, WriteContext, WriteResult } from '../../consume/sink.ts'
import { guarded, printDiagnostics, type DiagnosticHandler } from '../../diagnostics.ts'
import { LogflumeError, toError } from '../../errors.ts'
import { LONGEST_TIMER, OptionReader, refuse, refuseSecret } from '../../options.ts'
import { readBatch } from '../batch-wish.ts'
import { writePieces } from '../pieces.ts'
import { recordPieces, RecordTemplate } from '../record-template.ts'
import { toValue, type MetricFields } from './metric.ts'
import type { SenderValue } from './protocol.ts'
import { sendValues, type SenderTarget } from './sender.ts'

export interface ZabbixOptions {
  /** Of the Zabbix server or proxy. */
  readonly host: string
  /** @default 10051 */
  readonly port?: number
  /** Zabbix' names of what a record tells; fields in braces, as in 'app.{metric.key}'. */
  readonly item?: {
    /** @default the record's `host`, else its `host.hostname` */
    readonly host?: string
    /** @default '{metric.key}' */
    readonly key?: string
    /** Name of the field that has the value. @default 'metric.value' */
    readonly value?: string
  }
  /** As Node's `tls.connect` takes it: `ca`, `cert`, `key`. @default not encrypted */
  readonly tls?: ConnectionOptions
  /** Encrypt with a key that both sides have, in place of `tls`; hex digits. */
  readonly psk?: { readonly identity: string; readonly key: string }
  /** How much of a partition is gathered, over several fetches. @default what one fetch brought */
  readonly batch?: BatchWish
  /** Milliseconds that a request may take. @default 10_000 */
  readonly timeout?: number
  /** Told when Zabbix refuses some values of several, without saying which. @default to standard error */
  readonly onDiagnostic?: DiagnosticHandler
}

/** What Zabbix said of the values so far. */
export interface ZabbixStats {
  readonly total: number
  readonly processed: number
  readonly failed: number
}

export interface ZabbixSink extends Sink {
  stats(): ZabbixStats
}

/** Values of one request, as zabbix_sender has it. */
const CHUNK = 250
/** Items that are remembered for having been in a request that was not taken whole. */
const MAX_DOUBTFUL = 10_000

interface Metric {
  readonly record: ConsumedRecord
  readonly value: SenderValue
  /** Of the item. */
  readonly name: string
}

/**
 * Sends values to Zabbix, as zabbix_sender does: for items of the type "Zabbix trapper". Zabbix says how many
 * values it refused, not which: those of items that are not there. So where some of a request are refused
 * they are counted, and the items of that request are asked about one by one the next time: what is refused
 * then is rejected.
 */
export function zabbix(options: ZabbixOptions): ZabbixSink {
  const reader = new OptionReader('options', options)
  const target: SenderTarget = {
    host: reader.string('host'),
    port: reader.integer('port', 10_051, { min: 1, max: 65_535 }),
    tls: readTls(reader),
    timeout: reader.integer('timeout', 10_000, { min: 1, max: LONGEST_TIMER }),
  }
  const fields = readFields(reader)
  const batch = readBatch(reader)
  const diagnose = guarded(reader.function<DiagnosticHandler>('onDiagnostic', printDiagnostics()))
  reader.end()
  const sender = new MetricSender(target, fields, diagnose)
  return {
    name: 'zabbix',
    ...batch,
    write: (records, context) => sender.write(records, context),
    stats: () => ({ ...sender.counts }),
  }
}

class MetricSender {
  readonly counts = { total: 0, processed: 0, failed: 0 }
  readonly #target: SenderTarget
  readonly #fields: MetricFields
  readonly #diagnose: DiagnosticHandler
  /** Items that were in a request of several of which some were refused. */
  readonly #doubtful = new Set<string>()

  constructor(target: SenderTarget, fields: MetricFields, diagnose: DiagnosticHandler) {
    this.#target = target
    this.#fields = fields
    this.#diagnose = diagnose
  }

  async write(
    records: readonly ConsumedRecord[],
    { signal }: WriteContext,
  ): Promise<WriteResult | undefined> {
    const rejected: NonNullable<WriteResult['rejected']>[number][] = []
    const metrics: Metric[] = []
    for (const record of records) {
      try {
        const value = toValue(record, this.#fields)
        metrics.push({ record, value, name: `${value.host}\n${value.key}` })
      } catch (thrown) {
        rejected.push({ record, error: toError(thrown) })
      }
    }
    return writePieces(this.#chunks(metrics), (chunk) => this.#send(chunk, signal), rejected)
  }

  /** In their order; those in doubt go alone. */
  #chunks(metrics: readonly Metric[]): Metric[][] {
    const chunks: Metric[][] = []
    let chunk: Metric[] | undefined
    for (const metric of metrics) {
      if (this.#doubtful.has(metric.name)) {
        chunks.push([metric])
        chunk = undefined
      } else if (chunk === undefined || chunk.length >= CHUNK) chunks.push((chunk = [metric]))
      else chunk.push(metric)
    }
    return chunks
  }

  async #send(chunk: readonly Metric[], signal: AbortSignal): Promise<WriteResult | undefined> {
    const values = chunk.map(({ value }) => value)
    const { total, processed, failed } = await sendValues(values, this.#target, signal)
    if (total !== chunk.length) throw new Error(`Zabbix counts ${total} values of ${chunk.length}`)
    this.counts.total += total
    this.counts.processed += processed
    this.counts.failed += failed
    if (failed === 0) for (const { name } of chunk) this.#doubtful.delete(name)
    else this.#doubt(chunk)
    if (failed > 0 && processed > 0) {
      const message = `zabbix refused ${failed} of ${total} values; which, the next ones of these items will show`
      this.#diagnose({ level: 'warn', message })
    }
    if (processed > 0) return undefined
    const reason = 'Zabbix refused the value: no such host, no item of type trapper, or no permission'
    return { rejected: chunk.map(({ record }) => ({ record, error: new LogflumeError('SINK', reason) })) }
  }

  #doubt(chunk: readonly Metric[]): void {
    if (this.#doubtful.size + chunk.length > MAX_DOUBTFUL) this.#doubtful.clear()
    for (const { name } of chunk) this.#doubtful.add(name)
  }
}

function readFields(reader: OptionReader): MetricFields {
  const item = reader.section('item')
  const template = (text: string): RecordTemplate =>
    new RecordTemplate(
      recordPieces(text, (value) => value),
      'utc',
    )
  const fields = {
    host: item.has('host') ? template(item.string('host')) : undefined,
    key: template(item.string('key', '{metric.key}')),
    value: item.string('value', 'metric.value'),
  }
  item.end()
  return fields
}

function readTls(reader: OptionReader): ConnectionOptions | undefined {
  const tls = reader.raw('tls')
  if (tls !== undefined && (typeof tls !== 'object' || tls === null))
    refuse('tls', "an object, as Node's tls.connect takes it", tls)
  if (!reader.has('psk')) return tls
  if (tls !== undefined) refuse('psk', 'either `tls` or `psk`', 'both')
  const psk = reader.section('psk')
  const identity = psk.string('identity')
  const key = psk.raw('key')
  psk.end()
  if (typeof key !== 'string' || !/^(?:[\da-f]{2}){16,}$/i.test(key))
    refuseSecret('psk.key', 'at least 32 hex digits', key)
  return {
    // Who has the key is who it says: there is no certificate to look at.
    pskCallback: () => ({ identity, psk: Buffer.from(key, 'hex') }),
    checkServerIdentity: () => undefined,
    ciphers: 'PSK',
    maxVersion: 'TLSv1.2', // where Node has keys of this kind
  }
}
