import type { ConsumedRecord } from '../consume/record.ts'
import type { StatefulTransform, Transformed, TransformState } from '../consume/transform.ts'
import { OptionReader, refuse } from '../options.ts'
import { toText } from '../record-field.ts'
import { addTag, setField } from './fields.ts'
import { keyReader, type Key, type KeyOption } from './key.ts'
import { readRegExp } from './regex.ts'
import { statefulStep, type StepOptions } from './step.ts'

/** One of `start` and `pattern` is to be given. */
export interface MultilineOptions extends StepOptions {
  /** What a line matches that begins an event. Short for this pattern, negated, with `previous`. */
  readonly start?: RegExp
  /** What a line matches that belongs to its neighbour. */
  readonly pattern?: RegExp
  /** Those that do not match belong to their neighbour. @default false */
  readonly negate?: boolean
  /** Which neighbour. @default 'previous' */
  readonly what?: 'previous' | 'next'
  /** Lines of different keys (a service, a process) have nothing to do with each other. @default one for all */
  readonly key?: KeyOption
  /** The field that has the line. @default 'message' */
  readonly source?: string
  /** An event with so many lines ends, and is tagged `_multilinelimit`. @default 500 */
  readonly maxLines?: number
  /** The same by the length of its text, in UTF-16 code units. @default 1_048_576 */
  readonly maxLength?: number
  /** Events of so many keys are gathered at once; of more the oldest ends. @default 1000 */
  readonly maxKeys?: number
  /** Milliseconds without another line after which an event ends. @default 5000 */
  readonly timeout?: number
}

interface Settings {
  readonly pattern: RegExp
  readonly negate: boolean
  readonly what: 'previous' | 'next'
  readonly key: Key | undefined
  readonly source: string
  readonly maxLines: number
  readonly maxLength: number
  readonly maxKeys: number
  readonly timeout: number
}

/** An event that may get more lines. */
interface Event {
  readonly first: ConsumedRecord
  readonly lines: string[]
  length: number
  latest: number
}

/**
 * Makes one record of the lines of one event, as of a stack trace: the first line's record, with all the
 * text. Lines of a partition that belong together need not come in one batch.
 */
export function multiline(options: MultilineOptions): StatefulTransform {
  const reader = new OptionReader('multiline', options)
  const byStart = reader.has('start')
  if (byStart === reader.has('pattern'))
    refuse(reader.at('start'), 'one of `start` and `pattern`', reader.raw('start'))
  if (byStart && (reader.has('negate') || reader.has('what')))
    refuse(reader.at('start'), '`start` alone, or `pattern` with `negate` and `what`', reader.raw('start'))
  const settings: Settings = {
    pattern: readRegExp(reader, byStart ? 'start' : 'pattern'),
    negate: reader.boolean('negate', byStart),
    what: reader.oneOf('what', ['previous', 'next'], 'previous'),
    key: keyReader(reader, 'key'),
    source: reader.string('source', 'message'),
    maxLines: reader.integer('maxLines', 500, { min: 2 }),
    maxLength: reader.integer('maxLength', 1024 * 1024, { min: 1 }),
    maxKeys: reader.integer('maxKeys', 1000, { min: 1 }),
    timeout: reader.integer('timeout', 5000, { min: 1 }),
  }
  return statefulStep(reader, 'multiline', () => new Multiline(settings))
}

class Multiline implements TransformState {
  readonly timeout: number
  readonly #settings: Settings
  /** By key; invariant: in the order of their first records. */
  readonly #events = new Map<string, Event>()
  #done: ConsumedRecord[] = []
  #looked = -Infinity

  constructor(settings: Settings) {
    this.#settings = settings
    this.timeout = settings.timeout
  }

  get held(): ConsumedRecord | undefined {
    for (const { first } of this.#events.values()) return first
    return undefined
  }

  apply(record: ConsumedRecord): Transformed {
    const { source, key, pattern, negate, what } = this.#settings
    const line = toText(record.get(source))
    if (line === undefined) return record
    const id = key === undefined ? '' : key(record)
    this.#endOld(record.arrivedAt)
    const belongs = pattern.test(line) !== negate
    if (what === 'previous') {
      if (!belongs || !this.#append(id, record, line)) {
        this.#end(id)
        this.#begin(id, record, line)
      }
    } else {
      if (!this.#append(id, record, line)) this.#begin(id, record, line)
      if (!belongs) this.#end(id)
    }
    return this.#take()
  }

  flush(): Transformed {
    for (const id of [...this.#events.keys()]) this.#end(id)
    return this.#take()
  }

  #take(): Transformed {
    const done = this.#done
    if (done.length === 0) return undefined
    this.#done = []
    return done.length === 1 ? done[0] : done
  }

  #begin(id: string, first: ConsumedRecord, line: string): void {
    const [oldest] = this.#events.keys()
    if (oldest !== undefined && this.#events.size >= this.#settings.maxKeys) this.#end(oldest)
    this.#events.set(id, { first, lines: [line], length: line.length, latest: first.arrivedAt })
  }

  /** Whether there was an event that the line could be added to. */
  #append(id: string, { arrivedAt }: ConsumedRecord, line: string): boolean {
    const event = this.#events.get(id)
    if (event === undefined) return false
    const { maxLines, maxLength } = this.#settings
    if (event.lines.length >= maxLines || event.length + 1 + line.length > maxLength) {
      this.#end(id, '_multilinelimit')
      return false
    }
    event.lines.push(line)
    event.length += 1 + line.length
    event.latest = arrivedAt
    return true
  }

  /** Where others keep the partition busy, nobody calls `flush` for the quiet ones. Once for each batch. */
  #endOld(now: number): void {
    if (now === this.#looked) return
    this.#looked = now
    for (const [id, { latest }] of this.#events) if (now - latest >= this.timeout) this.#end(id)
  }

  #end(id: string, tag?: string): void {
    const event = this.#events.get(id)
    if (event === undefined) return
    this.#events.delete(id)
    const { first, lines } = event
    if (lines.length === 1 && tag === undefined) {
      this.#done.push(first)
      return
    }
    const { source } = this.#settings
    const record = first.with({ ...first.toJSON() })
    setField(record.fields, source, lines.join('\n'))
    if (tag !== undefined) addTag(record.fields, tag)
    this.#done.push(record)
  }
}
