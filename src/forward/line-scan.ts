import { isTopicName, topicField } from '../topic.ts'

/** How a line begins that says its time, with its hour: `{"@timestamp":"2026-11-21T13:10:00.123Z"`. */
const HOUR = /^\{"@timestamp":"(\d{4}-\d\d-\d\dT\d\d)$/
const HOUR_BYTES = 28
/** Up to the comma behind the time's closing quote. */
const TIME_BYTES = 41
const QUOTE = 0x22
const TAB = 0x09
const [TOPIC_START = ''] = topicField('|').split('|')

/** Finds one text in lines that follow each other. However few lines have it, they are searched once. */
export class Finder {
  readonly #needle: Buffer
  #lines: Buffer = Buffer.alloc(0)
  #at = -1

  constructor(text: string) {
    this.#needle = Buffer.from(text)
  }

  begin(lines: Buffer): void {
    this.#lines = lines
    this.#at = -1
  }

  /** Where it ends in the line from `start` to `end`; -1 where the line does not have it. */
  endIn(start: number, end: number): number {
    if (this.#at < start) {
      const found = this.#lines.indexOf(this.#needle, start)
      this.#at = found === -1 ? Infinity : found
    }
    const after = this.#at + this.#needle.length
    return after <= end ? after : -1
  }
}

/** What rules ask about a line, read from its bytes; each time of the line that `start` and `end` tell. */
export class LineScan {
  #lines: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0
  #hourText = ''
  #hour = ''
  readonly #level = new Finder('"log.level":"')
  /** pino's own, a number. */
  readonly #number = new Finder('"level":')
  readonly #logger = new Finder('"log.logger":"')

  /** `time`, in milliseconds since 1970, is that of lines at the head that do not tell their own. */
  begin(lines: Buffer, time: number): void {
    this.#lines = lines
    for (const finder of [this.#level, this.#number, this.#logger]) finder.begin(lines)
    this.#hourText = ''
    this.#hour = new Date(time).toISOString().slice(0, 13)
  }

  /** On to the line from `start` up to its newline at `end`. */
  enter(start: number, end: number): void {
    this.#start = start
    this.#end = end
  }

  /** The topic that the line itself is for. */
  ownTopic(): string | undefined {
    const at = this.#start + TIME_BYTES
    if (this.#lines[at] !== TAB) return undefined
    const from = at + TOPIC_START.length
    if (this.#lines.toString('latin1', at, from) !== TOPIC_START) return undefined
    const topic = this.#textFrom(from)
    return isTopicName(topic) ? topic : undefined
  }

  /** The level's name as it stands in the line; of a line of pino's its number. */
  level(): string | number | undefined {
    const name = this.#level.endIn(this.#start, this.#end)
    if (name !== -1) return this.#textFrom(name)
    const rank = this.#number.endIn(this.#start, this.#end)
    if (rank === -1) return undefined
    const number = Number.parseInt(this.#lines.toString('latin1', rank, Math.min(rank + 8, this.#end)), 10)
    return Number.isNaN(number) ? undefined : number
  }

  /** The logger's name as it stands in the line. */
  logger(): string | undefined {
    const at = this.#logger.endIn(this.#start, this.#end)
    return at === -1 ? undefined : this.#textFrom(at)
  }

  text(): string {
    return this.#lines.toString('utf8', this.#start, this.#end)
  }

  /** As in '2026-11-21T13', in UTC. A line that does not tell has the hour of the line before it. */
  hour(): string {
    const text = this.#lines.toString('latin1', this.#start, Math.min(this.#start + HOUR_BYTES, this.#end))
    if (text !== this.#hourText) {
      this.#hourText = text
      this.#hour = HOUR.exec(text)?.[1] ?? this.#hour
    }
    return this.#hour
  }

  has(finder: Finder): boolean {
    return finder.endIn(this.#start, this.#end) !== -1
  }

  #textFrom(at: number): string {
    const end = this.#lines.indexOf(QUOTE, at)
    return end === -1 || end > this.#end ? '' : this.#lines.toString('utf8', at, end)
  }
}
