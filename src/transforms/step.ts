import type { ConsumedRecord } from '../consume/record.ts'
import type { StatefulTransform, Transformed, TransformState } from '../consume/transform.ts'
import { LogflumeError } from '../errors.ts'
import { refuse, type OptionReader } from '../options.ts'
import { toText } from '../record-field.ts'
import { addTag, removeField } from './fields.ts'

export type Condition = (record: ConsumedRecord) => boolean

/** What all transforms have. */
export interface StepOptions {
  /** Records for which it is false pass as they are. @default all are meant */
  readonly if?: Condition
}

/** What all transforms have that read a text and may fail to. */
export interface ParserOptions extends StepOptions {
  /** The field whose text is read; a record without it passes as it is. @default 'message' */
  readonly source?: string
  /** Whether that field goes when it could be read. @default false */
  readonly removeSource?: boolean
  /** What becomes of a record that cannot be read: it goes on with a tag, or it is dead. @default 'tag' */
  readonly onFailure?: 'tag' | 'dead'
  /** The tag. @default as Logstash has it, `_jsonparsefailure` and so on */
  readonly failureTag?: string
}

/** A transform that keeps nothing and waits for nothing; a plain function. */
export type SyncTransform = (record: ConsumedRecord) => Transformed

/** Reads the options that all have, and puts the condition before the work. */
export function step(reader: OptionReader, work: SyncTransform): SyncTransform {
  const condition = readCondition(reader)
  reader.end()
  if (condition === undefined) return work
  return (record) => (condition(record) ? work(record) : record)
}

/** The same for one with a memory. */
export function statefulStep(
  reader: OptionReader,
  name: string,
  begin: () => TransformState,
): StatefulTransform {
  const condition = readCondition(reader)
  reader.end()
  return { name, begin: condition === undefined ? begin : () => conditional(condition, begin()) }
}

export function readCondition(reader: OptionReader): Condition | undefined {
  return reader.has('if') ? requireCondition(reader) : undefined
}

export function requireCondition(reader: OptionReader): Condition {
  const condition = reader.raw('if')
  if (typeof condition !== 'function') refuse(reader.at('if'), 'a function (record) => boolean', condition)
  return condition as Condition
}

function conditional(condition: Condition, state: TransformState): TransformState {
  const { timeout } = state
  return {
    apply: (record) => (condition(record) ? state.apply(record) : record),
    ...(timeout !== undefined && { timeout }),
    flush: () => state.flush?.(),
    get held() {
      return state.held
    },
  }
}

/** Why a text cannot be read; no accident, so without the price of an Error. */
export interface Unreadable {
  readonly why: string
  /** Instead of the tag that all failures of this kind have. */
  readonly tag?: string
}

/** Reads `text` into the record; undefined where that went well. */
export type Read = (record: ConsumedRecord, text: string) => Unreadable | undefined

/** Makes a transform of what reads a text: source, failures and the condition are alike for all. */
export function parser(
  reader: OptionReader,
  name: string,
  defaultTag: string,
  read: Read,
  defaultSource = 'message',
): SyncTransform {
  const source = reader.string('source', defaultSource)
  const removeSource = reader.boolean('removeSource', false)
  const isDead = reader.oneOf('onFailure', ['tag', 'dead'], 'tag') === 'dead'
  const failureTag = reader.has('failureTag') ? reader.string('failureTag') : undefined
  return step(reader, (record) => {
    const value = record.get(source)
    if (value === undefined || value === null) return record
    const text = toText(value)
    const failure = text === undefined ? { why: `${source} is no text` } : read(record, text)
    if (failure !== undefined) {
      if (isDead) throw new LogflumeError('SINK', `${name}: ${failure.why}`)
      addTag(record.fields, failureTag ?? failure.tag ?? defaultTag)
    } else if (removeSource && record.get(source) === value) {
      // Not where what was read is a field of the same name.
      removeField(record.fields, source)
    }
    return record
  })
}
