import type { ConsumedRecord } from '../../consume/record.ts'
import { OptionReader, refuse } from '../../options.ts'
import { readField } from '../../record-field.ts'
import { readCondition, type Condition } from '../step.ts'
import { Quantiles } from './quantiles.ts'

/** One number of the records of a window. */
export interface MetricOptions {
  /** `rate` is a second's share of the count, or of the sum where there is a field. */
  readonly type: 'count' | 'rate' | 'sum' | 'average' | 'min' | 'max' | 'percentile'
  /** The field whose numbers are taken; records without one are left out. */
  readonly field?: string
  /** As in 99.9. */
  readonly percentile?: number
  /** Which records are meant. @default all */
  readonly if?: Condition
}

export interface Metric {
  readonly name: string
  readonly begin: () => Accumulator
  /** Undefined: the record does not count. */
  readonly valueOf: (record: ConsumedRecord) => number | undefined
}

/** What is known of the records so far. */
export interface Accumulator {
  add(value: number): void
  /** Undefined where nothing can be said. */
  result(seconds: number): number | undefined
}

export function readMetric(option: string, name: string, options: unknown): Metric {
  const reader = new OptionReader(option, typeof options === 'string' ? { type: options } : options)
  const type = reader.oneOf('type', ['count', 'rate', 'sum', 'average', 'min', 'max', 'percentile'])
  const field = reader.has('field') ? reader.string('field') : undefined
  const percentile = reader.raw('percentile')
  if (type === 'percentile' && !(typeof percentile === 'number' && percentile > 0 && percentile <= 100))
    refuse(reader.at('percentile'), 'a number above 0 and up to 100', percentile)
  if (type !== 'percentile' && percentile !== undefined)
    refuse(reader.at('percentile'), 'none: the type is another one', percentile)
  if (field === undefined && type !== 'count' && type !== 'rate')
    refuse(reader.at('field'), `the field of which the ${type} is made`, undefined)
  const condition = readCondition(reader)
  reader.end()
  return {
    name,
    begin: () => accumulator(type, percentile as number),
    valueOf(record) {
      if (condition !== undefined && !condition(record)) return undefined
      if (field === undefined) return 1
      const number = toNumber(readField(record, field))
      return type === 'count' && number !== undefined ? 1 : number
    },
  }
}

function toNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function accumulator(type: MetricOptions['type'], percentile: number): Accumulator {
  switch (type) {
    case 'count':
    case 'sum':
      return new Sum((sum) => sum)
    case 'rate':
      return new Sum((sum, _, seconds) => sum / seconds)
    case 'average':
      return new Sum((sum, count) => (count === 0 ? undefined : sum / count))
    case 'min':
      return new Extreme(Math.min)
    case 'max':
      return new Extreme(Math.max)
    case 'percentile':
      return new Percentile(percentile)
  }
}

class Sum implements Accumulator {
  readonly #finish: (sum: number, count: number, seconds: number) => number | undefined
  #sum = 0
  #count = 0

  constructor(finish: (sum: number, count: number, seconds: number) => number | undefined) {
    this.#finish = finish
  }

  add(value: number): void {
    this.#sum += value
    this.#count++
  }

  result(seconds: number): number | undefined {
    return this.#finish(this.#sum, this.#count, seconds)
  }
}

class Extreme implements Accumulator {
  readonly #choose: (a: number, b: number) => number
  #value: number | undefined

  constructor(choose: (a: number, b: number) => number) {
    this.#choose = choose
  }

  add(value: number): void {
    this.#value = this.#value === undefined ? value : this.#choose(this.#value, value)
  }

  result(): number | undefined {
    return this.#value
  }
}

class Percentile implements Accumulator {
  readonly #quantiles = new Quantiles()
  readonly #percentile: number

  constructor(percentile: number) {
    this.#percentile = percentile
  }

  add(value: number): void {
    this.#quantiles.add(value)
  }

  result(): number | undefined {
    return this.#quantiles.percentile(this.#percentile)
  }
}
