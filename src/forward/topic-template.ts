import { formatDate, parseTemplate, type TemplatePiece } from '../template.ts'
import { isTopicName, topicPart } from '../topic.ts'
import type { LineScan } from './line-scan.ts'

const MAX_BYTES = 249

/** A topic's name with `{service}`, `{logger}` and dates as in `{YYYYMMDD}`, in UTC and by the line's own time. */
export class TopicTemplate {
  readonly #pieces: readonly TemplatePiece[]
  readonly #hasLogger: boolean
  readonly #hasDate: boolean
  /** The name, where it is the same for all lines. */
  readonly constant: string | undefined
  #hour = ''
  #logger = ''
  #topic = ''

  constructor(template: string, service: string) {
    this.#pieces = parseTemplate(template).map((piece) =>
      'field' in piece && piece.field === 'service' ? { literal: topicPart(service) } : piece,
    )
    this.#hasLogger = this.#pieces.some((piece) => 'field' in piece)
    this.#hasDate = this.#pieces.some((piece) => 'date' in piece)
    this.constant = this.#hasLogger || this.#hasDate ? undefined : this.#make('', '')
  }

  topic(line: LineScan): string {
    if (this.constant !== undefined) return this.constant
    const hour = this.#hasDate ? line.hour() : ''
    const logger = this.#hasLogger ? (line.logger() ?? '') : ''
    if (hour !== this.#hour || logger !== this.#logger || this.#topic === '') {
      this.#hour = hour
      this.#logger = logger
      this.#topic = this.#make(logger, hour)
    }
    return this.#topic
  }

  #make(logger: string, hour: string): string {
    const date = new Date(`${hour}:00:00.000Z`)
    const text = this.#pieces.map((piece) => {
      if ('literal' in piece) return piece.literal
      return 'date' in piece ? formatDate(piece.date, date, 'utc') : topicPart(logger)
    })
    return text.join('').slice(0, MAX_BYTES)
  }
}

export const TOPIC_TEMPLATE_RULE =
  "a topic name (letters, digits, '.', '_', '-', at most 249), which may have {service}, {logger} and dates as in {YYYYMMDD} in it"

/** Whether it gives names that Kafka takes, whatever the lines say. */
export function isTopicTemplate(template: string): boolean {
  const pieces = parseTemplate(template)
  const known = pieces.every((piece) => !('field' in piece) || ['service', 'logger'].includes(piece.field))
  return known && isTopicName(pieces.map((piece) => ('literal' in piece ? piece.literal : 'x')).join(''))
}
