import { inspect } from 'node:util'
import { OptionReader } from '../../options.ts'
import { printable } from '../../pretty.ts'
import type { LogRecord } from '../log-record.ts'
import type { Formatter } from './formatter.ts'
import { lastName, objectText, STACK_LINES } from './object-text.ts'

export interface BasicOptions {
  /** Whether the place of the call is shown behind the logger's name. @default false */
  readonly trace?: boolean
  /** Lines of a stack. @default 7 */
  readonly depth?: number
}

const LEVEL_WIDTH = 5

/** Log4r's BasicFormatter: ` WARN db: message {"orderId":17}`. Of an error `Caught Type: message` and some of its stack. */
export function basicFormatter(options: BasicOptions = {}): Formatter {
  const reader = new OptionReader('options', options)
  const trace = reader.boolean('trace', false)
  const depth = reader.integer('depth', STACK_LINES)
  reader.end()
  return (record) => {
    const place = trace ? placeText(record, '(', ')') : ''
    return `${start(record)}${place}: ${objectText(record, depth)}\n`
  }
}

/** Log4r's SimpleFormatter: ` WARN db> message`, and nothing else. */
export function simpleFormatter(): Formatter {
  return (record) => `${start(record)}> ${printable(record.message)}\n`
}

/** Log4r's ObjectFormatter: the name, below it the message, below that the fields as Node's REPL shows them. */
export function objectFormatter(options: Pick<BasicOptions, 'trace'> = {}): Formatter {
  const reader = new OptionReader('options', options)
  const trace = reader.boolean('trace', false)
  reader.end()
  return (record) => {
    const fields = Object.keys(record.fields).length === 0 ? '' : `${printable(inspect(record.fields))}\n`
    return `${lastName(record)}${trace ? placeText(record, ':', '') : ''}>\n${printable(record.message)}\n${fields}`
  }
}

function start(record: LogRecord): string {
  return `${record.level.toUpperCase().padStart(LEVEL_WIDTH)} ${lastName(record)}`
}

function placeText({ origin }: LogRecord, before: string, after: string): string {
  return origin === undefined ? '' : `${before}${origin.file}:${origin.line}${after}`
}
