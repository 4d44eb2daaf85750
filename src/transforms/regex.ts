import { isRegExp } from 'node:util/types'
import { OptionReader, refuse } from '../options.ts'
import { setField, Target } from './fields.ts'
import { parser, type ParserOptions, type SyncTransform } from './step.ts'

export interface RegexOptions extends ParserOptions {
  /** Its named groups become fields. It is run as it is: there is no limit to its time, as `grok` has one. */
  readonly pattern: RegExp
  /** Names of the groups from the first on, for names like `client.ip`; an empty one leaves its group out. */
  readonly names?: readonly string[]
  /** @default the record itself */
  readonly target?: string
}

/** Takes a text apart with a JavaScript regular expression. */
export function regex(options: RegexOptions): SyncTransform {
  const reader = new OptionReader('regex', options)
  const pattern = readRegExp(reader, 'pattern')
  const names = reader.raw('names') ?? []
  if (!Array.isArray(names) || !names.every((name): name is string => typeof name === 'string'))
    refuse(reader.at('names'), 'an array of names', names)
  const numbered: readonly string[] = names
  const target = new Target(reader.has('target') ? reader.string('target') : undefined)

  return parser(reader, 'regex', '_regexparsefailure', (record, text) => {
    const found = pattern.exec(text)
    if (found === null) return { why: `the text does not match ${String(pattern)}` }
    const fields = target.in(record)
    numbered.forEach((name, index) => {
      const value = found[index + 1]
      if (name !== '' && value !== undefined) setField(fields, name, value)
    })
    const { groups } = found
    // The types do not say that a group may have taken no part.
    for (const name in groups)
      if ((groups[name] as unknown) !== undefined) setField(fields, name, groups[name])
    return undefined
  })
}

/** Without what remembers where the last match ended: that is no business of the next text. */
export function readRegExp(reader: OptionReader, key: string): RegExp {
  const value = reader.raw(key)
  if (!isRegExp(value)) refuse(reader.at(key), 'a regular expression', value)
  return new RegExp(value.source, value.flags.replace(/[gy]/g, ''))
}
