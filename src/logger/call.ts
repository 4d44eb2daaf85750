import { FieldList } from './fields.ts'
import { isError } from './error.ts'
import { thrownText } from './read-property.ts'
import { serialize } from './serialize.ts'

export interface Call {
  readonly message: string
  /** The bound fields and the call's own. */
  readonly fields: FieldList
}

/**
 * Any arguments of a log call, in whatever order and number they come: an error is spread to `error.*`, an
 * object gives fields, and everything else is text, which is put together with spaces, as the console does.
 */
export function readCall(bound: FieldList, parts: readonly unknown[]): Call {
  const fields = new FieldList(bound)
  const texts: string[] = []
  parts.forEach((part) => {
    if (part === undefined || part === null) return
    if (isError(part) && fields.errorMessage === undefined) fields.addError(part)
    else if (typeof part !== 'object' || !fields.add(part)) texts.push(asText(part))
  })
  if (texts.length > 0) return { message: texts.join(' '), fields }
  const isNull = parts.every((part) => part === undefined || part === null) && parts[0] === null
  return { message: fields.errorMessage ?? (isNull ? 'null' : ''), fields }
}

/** The message that a function makes. */
export function called(message: () => unknown): string {
  try {
    return asText(message())
  } catch (thrown) {
    return `[message function threw: ${thrownText(thrown)}]`
  }
}

/** A value as the text that stands for it in a message; '' where it is undefined. Never throws. */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value
  const json = serialize(value)
  if (json === undefined) return ''
  return json.startsWith('"') ? (JSON.parse(json) as string) : json
}
