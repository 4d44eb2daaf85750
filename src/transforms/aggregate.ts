import type { ConsumedRecord } from '../consume/record.ts'
import type { StatefulTransform, Transformed, TransformState } from '../consume/transform.ts'
import { OptionReader, refuse } from '../options.ts'
import type { Fields } from '../record.ts'
import { readMetric, type Accumulator, type Metric, type MetricOptions } from './aggregate/metric.ts'
import { readField } from '../record-field.ts'
import { put } from './fields.ts'
import { statefulStep, type StepOptions } from './step.ts'

export interface AggregateOptions extends StepOptions {
  /** By name, as in `{ requests: 'count', 'bytes.p95': { type: 'percentile', percentile: 95, field: 'bytes' } }`. */
  readonly metrics: Readonly<Record<string, MetricOptions | 'count' | 'rate'>>
  /** Fields of which each combination of values has its own numbers. @default one for all records */
  readonly by?: string | readonly string[]
  /** Milliseconds; windows begin at multiples of it. @default 60_000 */
  readonly window?: number
  /** Whose time puts a record into a window: its own, or that of its arrival. @default 'record' */
  readonly clock?: 'record' | 'arrival'
  /**
   * Milliseconds that a window waits, by that clock, for records that come late. One that comes later still
   * is counted in the oldest window that is open, so that no record is left out of the numbers.
   *
   * @default 5000
   */
  readonly lateness?: number
  /** Milliseconds without any record after which open windows end. @default window + lateness */
  readonly timeout?: number
  /** Combinations of values in one window; further ones are counted as `(other)`. @default 10_000 */
  readonly maxKeys?: number
  /** What becomes of the records themselves. @default 'drop' */
  readonly originals?: 'drop' | 'pass'
  /**
   * Whether the consumer's place waits for the end of a window, so that no count is lost when the process
   * dies; then also those that passed come again.
   *
   * @default true where originals are dropped
   */
  readonly hold?: boolean
  /** The field that names the host in what comes out. @default 'host.hostname' */
  readonly hostField?: string
}

interface Settings {
  readonly metrics: readonly Metric[]
  readonly by: readonly string[]
  readonly window: number
  readonly clock: 'record' | 'arrival'
  readonly lateness: number
  readonly timeout: number
  readonly maxKeys: number
  readonly passes: boolean
  readonly holds: boolean
  readonly hostField: string
}

/** The numbers of one combination of values. */
interface Group {
  readonly values: readonly unknown[]
  readonly host: unknown
  readonly accumulators: readonly Accumulator[]
}

interface Window {
  readonly start: number
  readonly first: ConsumedRecord
  latest: ConsumedRecord
  readonly groups: Map<string, Group>
}

const OTHER = '(other)'
/** Milliseconds that a record may be ahead of its arrival: one from the year 2099 must not end all windows. */
const AHEAD = 60_000

/**
 * Counts, sums, rates and percentiles of records, by window and key. What comes out at a window's end is a
 * record for each number: `@timestamp` (the window's end), `metric.key` (as in `requests[shop,503]`),
 * `metric.name`, `metric.value`, `metric.window` in seconds, `host`, and the fields of `by`.
 */
export function aggregate(options: AggregateOptions): StatefulTransform {
  const reader = new OptionReader('aggregate', options)
  const window = reader.integer('window', 60_000, { min: 1 })
  const lateness = reader.integer('lateness', 5000)
  const passes = reader.oneOf('originals', ['drop', 'pass'], 'drop') === 'pass'
  const by = reader.raw('by')
  const settings: Settings = {
    metrics: readMetrics(reader),
    by: by === undefined ? [] : typeof by === 'string' ? [reader.string('by')] : reader.strings('by'),
    window,
    clock: reader.oneOf('clock', ['record', 'arrival'], 'record'),
    lateness,
    timeout: reader.integer('timeout', window + lateness, { min: 1 }),
    maxKeys: reader.integer('maxKeys', 10_000, { min: 1 }),
    passes,
    holds: reader.boolean('hold', !passes),
    hostField: reader.string('hostField', 'host.hostname'),
  }
  return statefulStep(reader, 'aggregate', () => new Aggregate(settings))
}

function readMetrics(reader: OptionReader): Metric[] {
  const metrics = reader.raw('metrics')
  if (typeof metrics !== 'object' || metrics === null || Object.keys(metrics).length === 0)
    refuse(reader.at('metrics'), 'an object of metrics by their names', metrics)
  return Object.entries(metrics).map(([name, one]) =>
    readMetric(`${reader.at('metrics')}.${name}`, name, one),
  )
}

class Aggregate implements TransformState {
  readonly timeout: number
  readonly #settings: Settings
  /** By their start; in the order in which they were opened. */
  readonly #windows = new Map<number, Window>()
  /** The latest time that was seen, and up to which windows are out. */
  #now = -Infinity
  #closed = -Infinity

  constructor(settings: Settings) {
    this.#settings = settings
    this.timeout = settings.timeout
  }

  get held(): ConsumedRecord | undefined {
    if (!this.#settings.holds) return undefined
    // The first one opened, which need not be the first one to end.
    for (const { first } of this.#windows.values()) return first
    return undefined
  }

  apply(record: ConsumedRecord): Transformed {
    const { clock, window, lateness, passes } = this.#settings
    const { arrivedAt } = record
    const own = clock === 'arrival' ? arrivedAt : record.timestamp
    const time = own > arrivedAt + AHEAD ? arrivedAt : own
    this.#now = Math.max(this.#now, time)
    const done = this.#end(this.#now - lateness)
    this.#add(record, Math.max(Math.floor(time / window) * window, this.#closed))
    if (done.length === 0) return passes ? record : undefined
    return passes ? [...done, record] : done
  }

  flush(): Transformed {
    return this.#end(Infinity)
  }

  #oldest(): Window | undefined {
    let oldest: Window | undefined
    for (const window of this.#windows.values())
      if (window.start < (oldest?.start ?? Infinity)) oldest = window
    return oldest
  }

  #add(record: ConsumedRecord, start: number): void {
    const { metrics } = this.#settings
    let window = this.#windows.get(start)
    if (window === undefined) {
      window = { start, first: record, latest: record, groups: new Map() }
      this.#windows.set(start, window)
    }
    window.latest = record
    const { accumulators } = this.#group(window, record)
    for (let index = 0; index < metrics.length; index++) {
      const value = metrics[index]?.valueOf(record)
      if (value !== undefined) accumulators[index]?.add(value)
    }
  }

  #group({ groups }: Window, record: ConsumedRecord): Group {
    const { by, maxKeys, metrics, hostField } = this.#settings
    let values = by.map((name) => readField(record, name) ?? null)
    let key = by.length === 0 ? '' : JSON.stringify(values)
    if (!groups.has(key) && groups.size >= maxKeys) {
      values = by.map(() => OTHER)
      key = OTHER
    }
    let group = groups.get(key)
    if (group === undefined) {
      group = { values, host: record.get(hostField), accumulators: metrics.map(({ begin }) => begin()) }
      groups.set(key, group)
    }
    return group
  }

  /** What comes out of the windows that end by then, the oldest first. */
  #end(time: number): ConsumedRecord[] {
    const done: ConsumedRecord[] = []
    for (let oldest = this.#oldest(); oldest !== undefined; oldest = this.#oldest()) {
      const end = oldest.start + this.#settings.window
      if (end > time) break
      this.#windows.delete(oldest.start)
      this.#closed = end
      done.push(...this.#results(oldest, end))
    }
    return done
  }

  #results({ groups, latest }: Window, end: number): ConsumedRecord[] {
    const { metrics, by, window } = this.#settings
    const seconds = window / 1000
    return [...groups.values()].flatMap(({ values, host, accumulators }) =>
      metrics.flatMap(({ name }, index) => {
        const value = accumulators[index]?.result(seconds)
        if (value === undefined) return []
        const fields: Fields = {
          '@timestamp': new Date(end).toISOString(),
          'metric.key': metricKey(name, values),
          'metric.name': name,
          'metric.value': value,
          'metric.window': seconds,
        }
        if (host !== undefined) fields.host = host
        by.forEach((field, at) => put(fields, field, values[at]))
        return [latest.with(fields)]
      }),
    )
  }
}

/** As Zabbix writes keys with parameters; those with a comma, a bracket or a quote in them are quoted. */
function metricKey(name: string, values: readonly unknown[]): string {
  if (values.length === 0) return name
  const texts = values.map((value) => {
    const text = typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value)
    return /^[" [\]]|[,\]]/.test(text) ? `"${text.replaceAll('"', '\\"')}"` : text
  })
  return `${name}[${texts.join(',')}]`
}
