import { resolve } from 'node:path'
import { guarded, printDiagnostics, type DiagnosticHandler } from '../diagnostics.ts'
import type { LogflumeError } from '../errors.ts'
import { readSecurity, type SecurityOptions, type SecuritySettings } from '../kafka-security.ts'
import { LONGEST_TIMER, OptionReader, refuse } from '../options.ts'
import type { BackoffOptions } from '../retry.ts'
import type { ConsumedRecord } from './record.ts'
import { checkSink, type Sink } from './sink.ts'
import type { Transform } from './transform.ts'

export type KafkaStart =
  | 'earliest'
  | 'latest'
  | { readonly time: Date | number }
  | { readonly offsets: Readonly<Record<string, Readonly<Record<number, number | bigint | string>>>> }

export interface FromKafka extends SecurityOptions {
  /** 'host:port' of some brokers; the others are found through them. */
  readonly brokers: readonly string[]
  /**
   * Names, and regular expressions that all topics are looked through by, those to come too. A topic that
   * does not exist yet is waited for, while the others are read.
   */
  readonly topics: readonly (string | RegExp)[]
  /** Consumers of one group share the partitions, and their place is kept in Kafka under this name. */
  readonly group: string
  /**
   * Where a group begins that has no place yet: at records of a time, in milliseconds since 1970, or of
   * offsets given by topic and partition (others at the earliest). @default 'earliest'
   */
  readonly start?: KafkaStart
  /** Read up to this time, fixed when a partition is first seen, and end then. @default no end */
  readonly end?: { readonly time: Date | number }
  /** Partitions that are worked on at the same time; within one, order is kept. @default 4 */
  readonly concurrency?: number
  /** Milliseconds after which the group gives the partitions of a consumer that vanished to others. @default 30_000 */
  readonly sessionTimeout?: number
  /** What the brokers' logs call this client. @default 'logflume' */
  readonly clientId?: string
}

export interface FromJournal {
  /** The directory that `createLogger` writes to. */
  readonly dir: string
  /** The logger's name: the journals of all its processes are read. */
  readonly name: string
  /** Under this name the place is kept, in the same directory. @default 'default' */
  readonly group?: string
  /** Where a group begins that has no place yet. @default 'earliest' */
  readonly start?: 'earliest' | 'latest'
  /** Wait for new lines; false: end after what is there. @default true */
  readonly follow?: boolean
}

/** What becomes of records that cannot go on. */
export type Decision = 'dead' | 'drop' | 'retry'

export interface ConsumerOptions {
  readonly from: FromKafka | FromJournal
  /** Applied in order. @default none */
  readonly transforms?: readonly Transform[]
  /** Each gets every record; the place moves when all have it. */
  readonly sinks: readonly Sink[]
  /** Takes, as records of their own, those that a transform threw at or a sink refused. @default counted only */
  readonly deadLetter?: Sink
  /**
   * Called for each record that is about to die, and without a record for each attempt of a sink that fails.
   * It may decide otherwise. For a record: 'retry' gives it to the transform or the sink again after a while,
   * 'drop' counts it as dropped, 'dead' and nothing make it a dead letter. For an attempt: 'dead' and 'drop'
   * do that to all of its records, which are not asked about one by one then; 'retry' tries again, also
   * where the sink says that it is of no use.
   */
  readonly onError?:
    | ((error: LogflumeError, record?: ConsumedRecord) => void)
    | ((error: LogflumeError, record?: ConsumedRecord) => Decision | undefined)
  /** The consumer's own trouble, and at level `info` that of the Kafka client. @default warnings to stderr */
  readonly onDiagnostic?: DiagnosticHandler
  /** Milliseconds that batches under way get when the consumer stops. @default 10_000 */
  readonly stopTimeout?: number
  /**
   * Milliseconds after which a write's signal aborts. One that goes on nevertheless is counted, and shown in
   * `stats().error`, but not tried again before it has ended: nobody knows what it will have written.
   * @default 60_000
   */
  readonly writeTimeout?: number
  /**
   * Bytes that are gathered at most for sinks with a `batch`; then reading stops, while the membership is
   * kept. One batch of each partition may come on top. @default 32 MiB
   */
  readonly maxBufferedBytes?: number
  /** Milliseconds between the attempts of a sink, doubling. @default { first: 100, most: 10_000 } */
  readonly retry?: { readonly first?: number; readonly most?: number }
}

export type KafkaSettings = Required<Omit<FromKafka, keyof SecurityOptions | 'end'>> & {
  readonly end: { readonly time: Date | number } | undefined
  readonly security: SecuritySettings
}
export type JournalSettings = Required<FromJournal>

export interface ConsumerSettings {
  readonly from: KafkaSettings | JournalSettings
  readonly transforms: readonly Transform[]
  readonly sinks: readonly Sink[]
  readonly deadLetter: Sink | undefined
  readonly onError: Decide
  readonly diagnose: DiagnosticHandler
  readonly stopTimeout: number
  readonly writeTimeout: number
  readonly maxBufferedBytes: number
  readonly retry: BackoffOptions
}

/** Undefined: as if nobody had been asked. */
export type Decide = (error: LogflumeError, record?: ConsumedRecord) => Decision | undefined

export function readConsumerOptions(options: ConsumerOptions): ConsumerSettings {
  const reader = new OptionReader('options', options)
  const from = reader.section('from')
  const retry = reader.section('retry')
  const first = retry.integer('first', 100, { min: 1, max: LONGEST_TIMER })
  const settings: ConsumerSettings = {
    from: from.has('dir') ? readJournal(from) : readKafka(from),
    ...readPipelineOptions(reader),
    diagnose: guarded(reader.function<DiagnosticHandler>('onDiagnostic', printDiagnostics())),
    stopTimeout: reader.integer('stopTimeout', 10_000, { max: LONGEST_TIMER }),
    writeTimeout: reader.integer('writeTimeout', 60_000, { min: 1, max: LONGEST_TIMER }),
    maxBufferedBytes: reader.integer('maxBufferedBytes', 32 * 1024 * 1024, { min: 1 }),
    retry: {
      first,
      most: retry.integer('most', Math.max(first, 10_000), { min: first, max: LONGEST_TIMER }),
    },
  }
  retry.end()
  reader.end()
  return settings
}

/** What has nothing to do with the source; `noSinks` where none have to be given. */
export function readPipelineOptions(
  reader: OptionReader,
  noSinks?: readonly Sink[],
): Pick<ConsumerSettings, 'transforms' | 'sinks' | 'deadLetter' | 'onError'> {
  return {
    transforms: readTransforms(reader),
    sinks: noSinks !== undefined && !reader.has('sinks') ? noSinks : readSinks(reader),
    deadLetter: readDeadLetter(reader),
    onError: readOnError(reader),
  }
}

function readKafka(from: OptionReader): KafkaSettings {
  const settings: KafkaSettings = {
    brokers: from.strings('brokers'),
    topics: readTopics(from),
    group: from.string('group'),
    start: readStart(from),
    end: from.has('end') ? { time: readTime(from.at('end'), from.raw('end')) } : undefined,
    concurrency: from.integer('concurrency', 4, { min: 1, max: 1000 }),
    sessionTimeout: from.integer('sessionTimeout', 30_000, { min: 1000, max: LONGEST_TIMER }),
    clientId: from.string('clientId', 'logflume'),
    security: readSecurity(from),
  }
  from.end()
  return settings
}

function readTopics(from: OptionReader): readonly (string | RegExp)[] {
  const topics = from.raw('topics')
  const isTopic = (one: unknown): boolean => (typeof one === 'string' && one !== '') || one instanceof RegExp
  if (!Array.isArray(topics) || topics.length === 0 || !topics.every(isTopic))
    refuse(from.at('topics'), 'a non-empty array of names and regular expressions', topics)
  return topics as (string | RegExp)[]
}

function readStart(from: OptionReader): KafkaStart {
  const start = from.raw('start') ?? 'earliest'
  if (typeof start !== 'object') return from.oneOf('start', ['earliest', 'latest'], 'earliest')
  if ('time' in start) return { time: readTime(from.at('start'), start) }
  const reader = new OptionReader(from.at('start'), start)
  const offsets = new OptionReader(reader.at('offsets'), reader.raw('offsets'))
  for (const topic of Object.keys(reader.raw('offsets') as object)) {
    const partitions = offsets.raw(topic)
    const isOffset = ([partition, offset]: [string, unknown]): boolean =>
      /^\d+$/.test(partition) && /^\d+$/.test(String(offset))
    if (typeof partitions !== 'object' || partitions === null || !Object.entries(partitions).every(isOffset))
      refuse(offsets.at(topic), 'offsets by partition, as in { 0: 4711 }', partitions)
  }
  reader.end()
  return start as KafkaStart
}

function readTime(option: string, value: unknown): number {
  const reader = new OptionReader(option, value)
  const time = reader.raw('time')
  const milliseconds = time instanceof Date ? time.getTime() : time
  if (typeof milliseconds !== 'number' || !Number.isSafeInteger(milliseconds) || milliseconds < 0)
    refuse(reader.at('time'), 'a Date, or milliseconds since 1970', time)
  reader.end()
  return milliseconds
}

function readJournal(from: OptionReader): JournalSettings {
  const settings: JournalSettings = {
    dir: resolve(from.string('dir')),
    name: readFileName(from, 'name'),
    group: readFileName(from, 'group', 'default'),
    start: from.oneOf('start', ['earliest', 'latest'], 'earliest'),
    follow: from.boolean('follow', true),
  }
  from.end()
  return settings
}

/** A name that becomes part of a file's name. */
function readFileName(from: OptionReader, key: string, fallback?: string): string {
  const name = from.string(key, fallback)
  if (/[/\\\0]/.test(name) || name.length > 100)
    refuse(from.at(key), 'a name without slashes, of at most 100 characters', name)
  return name
}

/** What throws in there must not take a partition with it; what it says without knowing our words is nothing. */
function readOnError(reader: OptionReader): Decide {
  const onError = reader.function<Decide>('onError', () => undefined)
  return (error, record) => {
    try {
      const decision = onError(error, record)
      return decision === 'dead' || decision === 'drop' || decision === 'retry' ? decision : undefined
    } catch {
      // Nobody is left to tell.
      return undefined
    }
  }
}

function readTransforms(reader: OptionReader): readonly Transform[] {
  const transforms = reader.raw('transforms') ?? []
  if (!Array.isArray(transforms)) refuse('transforms', 'an array of transforms', transforms)
  transforms.forEach((transform: unknown, index) => {
    const begin: unknown =
      typeof transform === 'object' && transform !== null && Reflect.get(transform, 'begin')
    if (typeof transform !== 'function' && typeof begin !== 'function')
      refuse(`transforms[${index}]`, 'a function, or an object with `name` and `begin`', transform)
  })
  return transforms as Transform[]
}

function readSinks(reader: OptionReader): readonly Sink[] {
  const sinks = reader.raw('sinks')
  if (!Array.isArray(sinks) || sinks.length === 0) refuse('sinks', 'a non-empty array of sinks', sinks)
  sinks.forEach((sink, index) => checkSink(`sinks[${index}]`, sink))
  return sinks as Sink[]
}

function readDeadLetter(reader: OptionReader): Sink | undefined {
  const sink = reader.raw('deadLetter')
  if (sink === undefined) return undefined
  checkSink('deadLetter', sink)
  return sink
}
