import { LogflumeError, toError } from '../errors.ts'
import type { Losses } from '../record.ts'
import { backoff } from '../retry.ts'
import { KafkaMember } from './kafka-member.ts'
import type { KafkaSettings } from './options.ts'
import { sleep } from './sleep.ts'
import type { Source, SourceContext } from './source.ts'

/** Records of some topics, shared with the other consumers of a group. */
export class KafkaSource implements Source {
  readonly lost: Losses = {}
  readonly #settings: KafkaSettings
  readonly #lags = new Map<string, number>()

  constructor(settings: KafkaSettings) {
    this.#settings = settings
  }

  get lag(): number | undefined {
    return this.#lags.size === 0 ? undefined : [...this.#lags.values()].reduce((sum, lag) => sum + lag, 0)
  }

  /** One life as a member after the other: brokers die, and topics are not there yet. */
  async run(context: SourceContext): Promise<void> {
    const parts = { settings: this.#settings, context, lags: this.#lags }
    let former: string | undefined
    let failures = 0
    while (!context.signal.aborted) {
      const member = new KafkaMember({ ...parts, former })
      try {
        await member.live()
      } catch (thrown) {
        failures = member.id === undefined ? failures + 1 : 1
        former = member.id ?? former
        this.#report(toError(thrown), context)
        await sleep(backoff(failures, { first: 200, most: 5000 }), context.signal)
      }
    }
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
