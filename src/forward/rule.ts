import { Finder, type LineScan } from './line-scan.ts'
import { TopicTemplate } from './topic-template.ts'

/** One route, as it crosses to the worker. All that is given has to hold. */
export interface RuleSettings {
  /** Names as they stand in lines. */
  readonly levels: readonly string[] | undefined
  /** The ranks that these have, first and last; lines of pino's have the rank instead of a name. */
  readonly ranks: readonly [from: number, to: number] | undefined
  /** A logger, and those below it. */
  readonly logger: string | undefined
  readonly match: string | RegExp | undefined
  /** A template; undefined: such lines are dropped. */
  readonly topic: string | undefined
}

export class Rule {
  readonly #levels: ReadonlySet<string> | undefined
  readonly #ranks: readonly [from: number, to: number]
  readonly #logger: string | undefined
  readonly #finder: Finder | undefined
  readonly #pattern: RegExp | undefined
  readonly #topic: TopicTemplate | undefined

  constructor({ levels, ranks, logger, match, topic }: RuleSettings, service: string) {
    this.#levels = levels && new Set(levels)
    this.#ranks = ranks ?? [-Infinity, Infinity]
    this.#logger = logger === undefined ? undefined : JSON.stringify(logger).slice(1, -1)
    this.#finder = typeof match === 'string' ? new Finder(match) : undefined
    // Where the last match ended is no business of the next line.
    this.#pattern =
      match instanceof RegExp ? new RegExp(match.source, match.flags.replace(/[gy]/g, '')) : undefined
    this.#topic = topic === undefined ? undefined : new TopicTemplate(topic, service)
  }

  begin(lines: Buffer): void {
    this.#finder?.begin(lines)
  }

  matches(line: LineScan): boolean {
    return (
      (this.#levels === undefined || this.#hasLevel(line.level())) &&
      (this.#logger === undefined || this.#hasLogger(line.logger())) &&
      (this.#finder === undefined || line.has(this.#finder)) &&
      (this.#pattern === undefined || this.#pattern.test(line.text()))
    )
  }

  #hasLevel(level: string | number | undefined): boolean {
    if (typeof level !== 'number') return level !== undefined && this.#levels?.has(level) === true
    const [from, to] = this.#ranks
    return level >= from && level <= to
  }

  #hasLogger(logger: string | undefined): boolean {
    const wanted = this.#logger
    return (
      wanted !== undefined && logger !== undefined && (logger === wanted || logger.startsWith(`${wanted}::`))
    )
  }

  /** Undefined: the line is dropped. */
  topic(line: LineScan): string | undefined {
    return this.#topic?.topic(line)
  }
}
