import type { Fields } from '../../record.ts'
import { printable } from '../../pretty.ts'
import type { LogRecord } from '../log-record.ts'
import { json } from '../quote.ts'

/** Lines of a stack that Log4r shows. */
export const STACK_LINES = 7

/** The own name of the logger, `db` of `shop::db`. */
export function lastName({ logger }: LogRecord): string {
  return logger.slice(logger.lastIndexOf(':') + 1)
}

/**
 * What was logged, as Log4r's BasicFormatter formats objects: the message, the fields as JSON, and of an error
 * `Caught TypeError: its message` with the first lines of its stack.
 */
export function objectText(record: LogRecord, depth = STACK_LINES): string {
  const { fields, message } = record
  const caught = caughtText(fields, record.stackTrace, depth)
  const others = caught === '' ? fields : withoutError(fields)
  const parts = caught !== '' && message === fields['error.message'] ? [] : [message]
  if (Object.keys(others).length > 0) parts.push(json(others))
  if (caught !== '') parts.push(caught)
  return printable(parts.filter((part) => part !== '').join(' '))
}

function caughtText(fields: Readonly<Fields>, stackTrace: string | undefined, depth: number): string {
  if (stackTrace === undefined) return ''
  const frames = stackTrace.split('\n').filter((line) => /^\s+at /.test(line))
  const head = `Caught ${String(fields['error.type'])}: ${String(fields['error.message'])}`
  return [head, ...frames.slice(0, depth).map((frame) => frame.trim())].join('\n\t')
}

function withoutError(fields: Readonly<Fields>): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !name.startsWith('error.')))
}
