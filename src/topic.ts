/** Kafka's own rule for names of topics. */
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/

/** What that is in words. */
export const TOPIC_RULE = "a topic name (letters, digits, '.', '_', '-', at most 249)"

export function isTopicName(name: unknown): name is string {
  return typeof name === 'string' && TOPIC.test(name) && name !== '.' && name !== '..'
}

/** Any text as a part of a topic's name: `shop::db` is `shop.db`, what no topic may have becomes `_`. */
export function topicPart(text: string): string {
  return text.replaceAll('::', '.').replace(/[^a-zA-Z0-9._-]/g, '_') || 'unknown'
}

/** The field by which a line says which topic it is for. */
export const TOPIC_FIELD = 'kafka.topic'

/**
 * The field as it stands in a line, right behind the time. The tab is white space to JSON, and nothing else in
 * a line can be one: a block of lines without a tab has no such line, and looking for one byte costs nothing.
 */
export function topicField(topic: string): string {
  return `\t"${TOPIC_FIELD}":"${topic}"`
}
