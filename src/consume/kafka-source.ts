import { LogflumeError, toError } from '../errors.ts'
import { LossCounter } from '../losses.ts'
import type { Losses } from '../record.ts'
import { backoff } from '../retry.ts'
import { KafkaMember, type LifeEnd } from './kafka-member.ts'
import { KafkaPlaces } from './kafka-places.ts'
import type { KafkaSettings } from './options.ts'
import { sleep } from './sleep.ts'
import type { SeekTarget, Source, SourceContext } from './source.ts'

/** Records of some topics, shared with the other consumers of a group. */
export class KafkaSource implements Source {
  readonly #settings: KafkaSettings
  readonly #places: KafkaPlaces
  readonly #lost = new LossCounter()
  readonly #lags = new Map<string, number>()
  readonly #missing = new Set<string>()
  /** What the user does not want at present; 'all', or these topics. */
  readonly #paused = { all: false, topics: new Set<string>() }
  #member: KafkaMember | undefined

  constructor(settings: KafkaSettings) {
    this.#settings = settings
    this.#places = new KafkaPlaces(settings)
  }

  get lost(): Losses {
    return this.#lost.snapshot()
  }

  get lag(): number | undefined {
    return this.#lags.size === 0 ? undefined : [...this.#lags.values()].reduce((sum, lag) => sum + lag, 0)
  }

  get lags(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#lags)
  }

  get missing(): readonly string[] {
    return [...this.#missing]
  }

  /** One life as a member of the group after the other: brokers die, and topics are not there yet. */
  async run(context: SourceContext): Promise<void> {
    let former: string | undefined
    let failures = 0
    let end: LifeEnd | undefined
    while (!context.signal.aborted && end !== 'read') {
      const member = this.#makeMember(context, former)
      this.#member = member
      try {
        end = await member.live()
        former = undefined
      } catch (thrown) {
        failures = member.id === undefined ? failures + 1 : 1
        former = member.id ?? former
        this.#report(toError(thrown), context)
        await sleep(backoff(failures, { first: 200, most: 5000 }), context.signal)
      }
    }
    this.#member = undefined
  }

  #makeMember(context: SourceContext, former: string | undefined): KafkaMember {
    return new KafkaMember({
      settings: this.#settings,
      context,
      places: this.#places,
      lags: this.#lags,
      missing: this.#missing,
      isPaused: (topic) => this.#paused.all || this.#paused.topics.has(topic),
      lose: (reason, records) => {
        this.#lost.add(reason, records)
        const error = new LogflumeError('KAFKA', `${records} records were ${reason}`)
        context.diagnose({ level: 'warn', message: error.message, error })
      },
      former,
    })
  }

  pause(topics: readonly string[] | undefined): void {
    if (topics === undefined) this.#paused.all = true
    else for (const topic of topics) this.#paused.topics.add(topic)
    this.#member?.pause(topics ?? this.#member.topics)
  }

  resume(topics: readonly string[] | undefined): void {
    if (topics === undefined) {
      this.#paused.all = false
      this.#paused.topics.clear()
    } else {
      for (const topic of topics) this.#paused.topics.delete(topic)
    }
    if (!this.#paused.all) this.#member?.resume(topics ?? this.#member.topics)
  }

  async seek(target: SeekTarget): Promise<void> {
    if (this.#member === undefined)
      throw new LogflumeError('KAFKA', 'the consumer does not run', { retryable: true })
    const to = 'time' in target ? Number(target.time) : BigInt(target.offset)
    await this.#member.seek(target.topic, target.partition, to)
  }

  #report(cause: Error, { waiting, diagnose }: SourceContext): void {
    const topics = this.#settings.topics.join(', ')
    const message = `cannot read ${topics} from Kafka: ${explain(cause)}`
    const error = new LogflumeError('KAFKA', message, { cause, retryable: true })
    waiting(error)
    diagnose({ level: 'warn', message: `${message}; trying again`, error })
  }
}

/** kafkajs wraps what happened in what it did about it. */
function explain(error: Error): string {
  if (error.cause instanceof Error) return explain(error.cause)
  const type = 'type' in error ? error.type : undefined
  return type === 'UNKNOWN_TOPIC_OR_PARTITION' ? 'there is no such topic' : error.message
}
