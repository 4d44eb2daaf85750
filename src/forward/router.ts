import { crc32 } from '@node-rs/crc32'
import { LineScan } from './line-scan.ts'
import { LineSorter } from './line-sorter.ts'
import { plainRules } from './plain-rules.ts'
import { Rule, type RuleSettings } from './rule.ts'
import { TopicTemplate } from './topic-template.ts'

export interface RouteSettings {
  /** Names the service in topics. */
  readonly service: string
  /** Where lines go that no rule has another topic for; a template. */
  readonly topic: string
  /** The first that matches decides. */
  readonly routes: readonly RuleSettings[]
}

/** Lines of one cut that go to one topic. */
export interface Pile {
  /** Undefined: a rule drops them. */
  readonly topic: string | undefined
  /** Valid until the next lines are sorted. */
  readonly lines: Buffer
  readonly records: number
  /** Which line of the cut each of them is; undefined: these are all of them. */
  readonly numbers: Int32Array | undefined
}

/** Which topic a line goes to. */
export interface Router {
  /** What decides, in short: by the same rules the same lines are sorted the same at any time. */
  readonly rules: string
  /** The topic for lines that no rule has another one for, where that is the same at any time. */
  readonly main: string | undefined
  /** `time` is that of lines that tell none, milliseconds since 1970. */
  sort(lines: Buffer, records: number, time: number): readonly Pile[]
}

const TAB = 9

/**
 * First what a line says itself (the topic of its logger), then the rules, then the topic for all others. Where
 * there is one topic for all, lines are not looked at, but for the tab that those with a topic of their own have.
 */
export class TopicRouter implements Router {
  readonly rules: string
  readonly main: string | undefined
  readonly #default: TopicTemplate
  readonly #only: string | undefined
  readonly #list: readonly Rule[]
  readonly #scan = new LineScan()
  readonly #sorter = new LineSorter()
  #names: (string | undefined)[] = []

  constructor({ service, topic, routes }: RouteSettings) {
    this.#default = new TopicTemplate(topic, service)
    this.#list = routes.map((route) => new Rule(route, service))
    this.main = this.#default.constant
    this.#only = routes.length === 0 ? this.main : undefined
    const decides = JSON.stringify([
      service,
      topic,
      routes.map(({ match, ...route }) => [route, typeof match, String(match)]),
    ])
    this.rules = this.#only === undefined ? `routes ${crc32(decides).toString(16)}` : plainRules(this.#only)
  }

  sort(lines: Buffer, records: number, time: number): readonly Pile[] {
    if (this.#only !== undefined && lines.indexOf(TAB) === -1)
      return [{ topic: this.#only, lines, records, numbers: undefined }]
    this.#scan.begin(lines, time)
    for (const rule of this.#list) rule.begin(lines)
    this.#names = []
    const sorted = this.#sorter.sort(lines, records, (start, end) => this.#place(start, end))
    return sorted.map(({ place, ...pile }) => ({ topic: this.#names[place], ...pile }))
  }

  #place(start: number, end: number): number {
    this.#scan.enter(start, end)
    const topic = this.#topic()
    const place = this.#names.indexOf(topic)
    return place === -1 ? this.#names.push(topic) - 1 : place
  }

  #topic(): string | undefined {
    const own = this.#scan.ownTopic()
    if (own !== undefined) return own
    const rule = this.#list.find((one) => one.matches(this.#scan))
    return rule === undefined ? this.#default.topic(this.#scan) : rule.topic(this.#scan)
  }
}
