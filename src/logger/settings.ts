import type { FieldRules } from './field-rules.ts'
import type { Level, Levels } from './level.ts'

/** The options, checked, with what else a line needs to know. */
export interface LoggerSettings {
  readonly name: string
  readonly level: Level
  readonly levels: Levels
  readonly base: object
  readonly rules: FieldRules
  /** Whether each line says where in the code its call is. */
  readonly trace: boolean
  readonly maxLineBytes: number
  readonly pid: number
  readonly hostname: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}
