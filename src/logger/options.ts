import { hostname } from 'node:os'
import { type OptionReader, refuse } from '../options.ts'
import { readRules, type FieldOptions } from './field-rules.ts'
import { type LevelSetting, readLevels } from './level.ts'
import { most } from './quote.ts'
import type { LoggerSettings } from './settings.ts'
import { isLoggerMember } from './tree.ts'

/** Options of what a line says. `L` are the names of the application's own levels. */
export interface LoggerOptions<L extends string = never> extends FieldOptions {
  /**
   * The service: `service.name` of each line, the root of the tree of loggers, and the start of the names
   * of the journal's files. Up to 100 letters, digits, `.`, `_` and `-`, not starting with a dot.
   */
  readonly name: string
  /** The lowest level that gives lines, or `off`. @default 'info' */
  readonly level?: LevelSetting<NoInfer<L>> | undefined
  /**
   * Levels of your own by their ranks, as in `{ audit: 35 }`; the logger has a method for each. A standard
   * level can be given another rank: trace 10, debug 20, info 30, warn 40, error 50, fatal 60. Lines of
   * `fatal` and what ranks above it are on disk when the call returns.
   * @default {}
   */
  readonly levels?: Readonly<Record<L, number>>
  /** Fields for each line, as in `{ 'service.version': '1.2.3' }`. @default {} */
  readonly base?: object
  /**
   * The most bytes that a line can have, 4,096 to 1,048,576. In a longer one the message and the fields are
   * cut, and `log.truncated` is true.
   * @default 262_144
   */
  readonly maxLineBytes?: number
  /**
   * Whether each line says where in the code its call is: `log.origin.file.name`, `log.origin.file.line` and
   * `log.origin.function`. Costs some microseconds a line. A formatter that asks for it does not need this.
   * A logger can be given its own: `log.get('db').tracing = true`.
   * @default false
   */
  readonly trace?: boolean
}

/** The name that lines and files have. */
export function readName(reader: OptionReader): string {
  const name = reader.string('name')
  if (!/^[\w-][\w.-]{0,99}$/.test(name)) {
    refuse(reader.at('name'), 'up to 100 letters, digits, ., _ and -, not starting with a dot', name)
  }
  return name
}

/** Takes this room's options out of the reader, which the caller ends. */
export function readLoggerOptions(reader: OptionReader): LoggerSettings {
  const name = readName(reader)
  const levels = readLevels(reader.at('levels'), reader.raw('levels'), isLoggerMember)
  const base = reader.fields('base')
  return {
    name,
    level: levels.setting(reader.at('level'), reader.raw('level') ?? 'info'),
    levels,
    base,
    rules: readRules(reader),
    trace: reader.boolean('trace', false),
    maxLineBytes: reader.integer('maxLineBytes', 262_144, { min: 4096, max: most }),
    pid: process.pid,
    hostname: hostname(),
    now: () => Date.now(),
  }
}
