import { TOPIC_FIELD } from '../topic.ts'
import { Keys } from './key.ts'
import type { Redactor } from './redact.ts'
import { serialize, serializeField } from './serialize.ts'

/** The names that a line has of its own, in their order. */
export const reservedNames: readonly string[] = [
  '@timestamp',
  TOPIC_FIELD,
  'log.level',
  'log.logger',
  'service.name',
  'process.pid',
  'host.hostname',
  'message',
  'log.truncated',
]

const names = new Keys((key) => keptName(key, reservedNames))

/**
 * A field with one of the `taken` names, which are the line's own, is kept as `field.<name>`. So is
 * `field.message`, which becomes `field.field.message`, so that two names never become one.
 */
export function keptName(key: string, taken: readonly string[]): string {
  return taken.includes(key.replace(/^(field\.)+/, '')) ? `field.${key}` : key
}

/** One field as it stands in a line, `,"name":value`; '' where its value is undefined. */
export function fieldText(key: string, value: unknown, owner: object, redactor?: Redactor): string {
  const text = redactor === undefined ? serialize(value, owner) : serializeField(key, value, owner, redactor)
  return text === undefined ? '' : names.text(key) + text
}
