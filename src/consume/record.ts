import { crc32c } from '@node-rs/crc32'
import { toError } from '../errors.ts'
import type { Fields, Place } from '../record.ts'
import { lookUp, peek } from './lookup.ts'
import { isTime, toTime } from './time.ts'

/** Headers as Kafka has them. */
export type RecordHeaders = Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>

/** A record as its source has it; a message of kafkajs is one. */
export interface RawRecord {
  readonly value: Buffer | null
  readonly offset: string | number
  readonly key?: Buffer | null
  /** Milliseconds since 1970. */
  readonly timestamp?: string | number
  readonly headers?: RecordHeaders
}

/** What the records of one batch have in common. */
export interface Origin {
  readonly topic: string
  readonly partition: number
  /** When the consumer read them; milliseconds since 1970. */
  readonly arrivedAt: number
}

/** One log event on its way through a consumer. Nothing of it is decoded or parsed before somebody asks. */
export class ConsumedRecord {
  readonly #raw: RawRecord
  readonly #origin: Origin
  /** '.1', where it is the first of several. */
  readonly #part: string
  #text: string | undefined
  #fields: Fields | undefined
  /** Whether the fields may differ from the text: from then on they are what counts. */
  #changed: boolean

  constructor(raw: RawRecord, origin: Origin, fields?: Fields, part = '') {
    this.#raw = raw
    this.#part = part
    this.#origin = origin
    this.#fields = fields
    this.#changed = fields !== undefined
  }

  /** As it came, whatever happened to its fields since. */
  get text(): string {
    return (this.#text ??= this.#raw.value?.toString() ?? '')
  }

  /** Bytes of its value as it came. */
  get size(): number {
    return this.#raw.value?.length ?? 0
  }

  /** CRC-32C of its value as it came, to know it by when it is read again. */
  get checksum(): number {
    return crc32c(this.#raw.value ?? '')
  }

  /** Whether it is one of Kafka's records without a value, as a compacted topic has them. */
  get isTombstone(): boolean {
    return this.#raw.value === null
  }

  /**
   * To be changed at will; a line that is no JSON object has one field, `message`. Asking for them costs the
   * record its original text: its line is made of the fields again. To look only, take `get` or `toJSON`.
   */
  get fields(): Fields {
    this.#changed = true
    return this.#parsed()
  }

  /** The value of a field by its name or path: `get('log.level')` finds both spellings of ECS. */
  get(name: string): unknown {
    if (this.#fields === undefined) {
      const value = peek(this.text, name)
      if (value !== undefined) return value
    }
    return lookUp(this.#parsed(), name)
  }

  /** The fields to look at. */
  toJSON(): Readonly<Fields> {
    return this.#parsed()
  }

  /** A copy with other fields, and with headers beside its own; of the same place and with the same id. */
  with(fields: Fields, headers?: RecordHeaders): ConsumedRecord {
    const raw =
      headers === undefined ? this.#raw : { ...this.#raw, headers: { ...this.#raw.headers, ...headers } }
    return new ConsumedRecord(raw, this.#origin, fields, this.#part)
  }

  /** A copy with an id of its own, for one of several records that a transform makes of one; from 1. */
  part(number: number): ConsumedRecord {
    const fields = this.#changed ? this.#fields : undefined
    const copy = new ConsumedRecord(this.#raw, this.#origin, fields, `${this.#part}.${number}`)
    copy.#text = this.#text
    copy.#fields = this.#fields
    return copy
  }

  /**
   * The same whenever the record is read again, and of no other record: `logs-0-4711`, and `logs-0-4711.2`
   * for the second of several that a transform made of one.
   */
  get id(): string {
    const { topic, partition } = this.#origin
    return `${topic}-${partition}-${this.#raw.offset}${this.#part}`
  }

  /** What sinks write that write lines, without newline: the text as it came, or JSON of changed fields. */
  get line(): string {
    return this.#changed ? toLine(this.#parsed()) : this.text
  }

  /** The line's bytes; of an unchanged record those that came, be they UTF-8 or not. Not to be changed. */
  get bytes(): Buffer {
    return this.#changed || this.#raw.value === null ? Buffer.from(this.line) : this.#raw.value
  }

  get place(): Place {
    const { topic, partition } = this.#origin
    return { topic, partition, offset: String(this.#raw.offset) }
  }

  /** When it happened: its `@timestamp`, else Kafka's timestamp, else when it was read. Ms since 1970. */
  get timestamp(): number {
    const own = toTime(this.get('@timestamp'))
    if (own !== undefined) return own
    const given = Number(this.#raw.timestamp ?? -1)
    return given >= 0 && isTime(given) ? given : this.#origin.arrivedAt
  }

  /** When the consumer read it; milliseconds since 1970. */
  get arrivedAt(): number {
    return this.#origin.arrivedAt
  }

  get key(): Buffer | null {
    return this.#raw.key ?? null
  }

  get headers(): RecordHeaders {
    return this.#raw.headers ?? {}
  }

  #parsed(): Fields {
    return (this.#fields ??= parse(this.text))
  }
}

function parse(text: string): Fields {
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text) as Fields
    } catch {
      // Text that only begins like an object.
    }
  }
  return { message: text }
}

/** Never throws: a field that JSON cannot hold says so in its place. */
function toLine(fields: Fields): string {
  try {
    return JSON.stringify(fields)
  } catch {
    return `{${Object.keys(fields)
      .map((name) => `${JSON.stringify(name)}:${quote(() => fields[name])}`)
      .join(',')}}`
  }
}

function quote(read: () => unknown): string {
  try {
    // In an array everything has a JSON form, functions too.
    const json = JSON.stringify([read()], (_, inner: unknown) =>
      typeof inner === 'bigint' ? String(inner) : inner,
    )
    return json.slice(1, -1)
  } catch (thrown) {
    return JSON.stringify(`[${toError(thrown).message}]`)
  }
}
