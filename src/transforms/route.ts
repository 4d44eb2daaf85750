import type { ConsumedRecord } from '../consume/record.ts'
import { OptionReader, refuse } from '../options.ts'
import { readField, toText } from '../record-field.ts'
import { setField } from './fields.ts'
import { readRegExp } from './regex.ts'
import { requireCondition, step, type Condition, type StepOptions, type SyncTransform } from './step.ts'

/** All that is given has to hold. */
export interface RouteRule {
  /** A field; `kafka.topic` is the topic that the record came from. @default 'message' */
  readonly field?: string
  /** The field's value, or one of several. */
  readonly is?: string | readonly string[]
  /** Text that the field has in it, or an expression that it matches. */
  readonly match?: string | RegExp
  readonly if?: Condition
  /** What the target is set to. */
  readonly to: string
}

export interface RouteOptions extends StepOptions {
  /** The first one that holds counts. */
  readonly rules: readonly RouteRule[]
  /** The field that is set, for templates of indexes and topics, and for conditions. @default 'route' */
  readonly target?: string
  /** For records that no rule is for. @default the target stays as it is */
  readonly otherwise?: string
}

interface Rule {
  readonly holds: Condition
  readonly to: string
}

/** Names the way of each record, by rules. */
export function route(options: RouteOptions): SyncTransform {
  const reader = new OptionReader('route', options)
  const list = reader.raw('rules')
  if (!Array.isArray(list) || list.length === 0)
    refuse(reader.at('rules'), 'a non-empty array of rules', list)
  const rules = list.map((rule, index) => readRule(new OptionReader(`${reader.at('rules')}[${index}]`, rule)))
  const target = reader.string('target', 'route')
  const otherwise = reader.has('otherwise') ? reader.string('otherwise') : undefined
  return step(reader, (record) => {
    const to = rules.find(({ holds }) => holds(record))?.to ?? otherwise
    if (to !== undefined) setField(record.fields, target, to)
    return record
  })
}

function readRule(reader: OptionReader): Rule {
  const field = reader.string('field', 'message')
  const tests: Condition[] = []
  if (reader.has('if')) tests.push(requireCondition(reader))
  if (reader.has('is')) {
    const is = reader.raw('is')
    const values = new Set(typeof is === 'string' ? [is] : reader.strings('is'))
    tests.push((record) => values.has(textOf(record, field)))
  }
  if (reader.has('match')) {
    const match = reader.raw('match')
    if (typeof match === 'string') tests.push((record) => textOf(record, field).includes(match))
    else {
      const pattern = readRegExp(reader, 'match')
      tests.push((record) => pattern.test(textOf(record, field)))
    }
  }
  if (tests.length === 0) refuse(reader.at('if'), 'a condition: `is`, `match` or `if`', undefined)
  const to = reader.string('to')
  reader.end()
  const [only, second] = tests
  if (only !== undefined && second === undefined) return { holds: only, to }
  return { holds: (record) => tests.every((test) => test(record)), to }
}

function textOf(record: ConsumedRecord, field: string): string {
  return toText(readField(record, field)) ?? ''
}
