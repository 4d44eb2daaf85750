import type { LoggerStats } from 'logflume'
import type { ConsumerStats } from 'logflume/consumer'
import type {
  ConsumerSettings,
  FromConsumer,
  FromShop,
  ShopSettings,
  ToConsumer,
  ToShop,
} from './messages.ts'
import { Part } from './part.ts'
import type { Stage } from './stage.ts'

/** The shop's process, as the story sees it. */
export class Shop {
  readonly port: number
  readonly #part: Part<FromShop, ToShop>

  private constructor(part: Part<FromShop, ToShop>, port: number) {
    this.#part = part
    this.port = port
  }

  /** Resolves when the shop is open and, where there is Kafka, connected. */
  static async open(
    stage: Stage,
    settings: ShopSettings,
    onStats: (stats: LoggerStats) => void,
  ): Promise<Shop> {
    const part = new Part<FromShop, ToShop>(stage, {
      name: 'the shop',
      file: 'service.ts',
      settings,
      onMessage: (message) => {
        if (message.type !== 'open') onStats(message.stats)
      },
    })
    const { port } = await part.hear('open')
    if (settings.kafka) await part.hear('report', ({ stats }) => stats.kafka.state === 'connected')
    return new Shop(part, port)
  }

  get pid(): number {
    return this.#part.pid
  }

  /** kill -9 */
  async kill(): Promise<void> {
    await this.#part.kill()
  }

  /** Closes shop and logger. */
  async close(): Promise<LoggerStats> {
    this.#part.say({ type: 'close' })
    const { stats } = await this.#part.hear('closed')
    await this.#part.ended()
    return stats
  }
}

/** The consumer's process, as the story sees it. */
export class Consumer {
  readonly #part: Part<FromConsumer, ToConsumer>

  private constructor(part: Part<FromConsumer, ToConsumer>) {
    this.#part = part
  }

  /** Resolves when lines can flow. */
  static async start(
    stage: Stage,
    settings: ConsumerSettings,
    onStats: (stats: ConsumerStats) => void,
  ): Promise<Consumer> {
    const part = new Part<FromConsumer, ToConsumer>(stage, {
      name: 'the consumer',
      file: 'consumer.ts',
      settings,
      onMessage: ({ stats }) => onStats(stats),
    })
    await part.hear('report', ({ stats }) => stats.state === 'running')
    return new Consumer(part)
  }

  get pid(): number {
    return this.#part.pid
  }

  /** Lets it have so many lines, and closes it. */
  async finish(lines: number): Promise<FromConsumer & { readonly type: 'closed' }> {
    this.#part.say({ type: 'finish', lines })
    const closed = await this.#part.hear('closed')
    await this.#part.ended()
    return closed
  }
}
