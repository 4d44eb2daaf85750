import type { FieldSource } from '../../record-field.ts'
import { refuse } from '../../options.ts'
import { parseTemplate } from '../../template.ts'
import { isTopicName, topicPart, TOPIC_RULE } from '../../topic.ts'
import { recordPieces, RecordTemplate } from '../record-template.ts'

const MAX_LENGTH = 249

/** The name of a topic, of fields and dates in UTC, by the record's own time. */
export class TopicName {
  readonly #template: RecordTemplate

  constructor(option: string, template: string) {
    const pieces = parseTemplate(template)
    const example = pieces.map((piece) => ('literal' in piece ? piece.literal : 'x')).join('')
    if (!isTopicName(example) || pieces.some((piece) => 'field' in piece && piece.field === ''))
      refuse(option, `${TOPIC_RULE}, which may have {fields} and {dates} in it`, template)
    this.#template = new RecordTemplate(recordPieces(template, topicPart), 'utc')
  }

  of(record: FieldSource & { readonly timestamp: number }): string {
    const name = this.#template.text(record, record.timestamp).slice(0, MAX_LENGTH)
    return isTopicName(name) ? name : 'unknown'
  }
}
