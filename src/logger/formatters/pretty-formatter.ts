import { OptionReader } from '../../options.ts'
import { pretty } from '../../pretty.ts'
import type { Fields } from '../../record.ts'
import type { Formatter } from './formatter.ts'

export interface PrettyOptions {
  /** @default false */
  readonly colors?: boolean
}

/** For people: `14:05:01.123 INFO  shop::db order placed orderId=17`, the stack of an error below it. */
export function prettyFormatter(options: PrettyOptions = {}): Formatter {
  const reader = new OptionReader('options', options)
  const colors = reader.boolean('colors', false)
  reader.end()
  return ({ line, time }) => {
    const fields = JSON.parse(line) as Fields
    return `${pretty({ timestamp: time, get: (name) => fields[name], toJSON: () => fields }, colors)}\n`
  }
}
