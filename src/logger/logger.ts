import type { LevelName, LevelSetting, StandardLevel } from './level.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Outputter } from './outputters/outputter.ts'

/**
 * Makes one line. Never throws, whatever the arguments are; below the logger's level it does nothing.
 *
 * - A message that is no text is made text; without one the line has the error's message, or an empty one.
 * - An error, also in the fields `err` and `error`, becomes `error.type`, `error.message`, `error.code` and
 *   `error.stack_trace` with its causes.
 * - A field with the name of one of the line's own, as `message` or `log.level`, is kept as `field.<name>`.
 * - A message function is called only where the level is enabled.
 */
export interface LogMethod {
  (message: string | (() => string), fields?: object): void
  (fields: object, message?: string): void
  /** `unknown`, as that is what a `catch` catches. */
  (error: unknown, message?: string, fields?: object): void
}

/** A `LogMethod` with its level before the other arguments. */
export interface LeveledLogMethod<L extends string = never> {
  (level: LevelName<L>, message: string | (() => string), fields?: object): void
  (level: LevelName<L>, fields: object, message?: string): void
  (level: LevelName<L>, error: unknown, message?: string, fields?: object): void
}

/** What a logger has besides the methods of its levels. */
export interface LoggerMembers<L extends string = never> extends Lifecycle {
  /** `shop`, or for a logger below it `shop::db`. */
  readonly name: string
  /**
   * The level in force. Setting it holds from the next call on, for this logger, its children, and those of
   * the loggers below it that have no level of their own. `undefined` goes back to the level of the logger
   * above; for the root, to the one it was made with.
   * @throws LogflumeError INVALID_OPTION where there is no such level.
   */
  get level(): LevelSetting<L>
  set level(level: LevelSetting<L> | undefined)
  /** Whether a call of this level gives a line: by the level of this logger and by `globalLogger.level`. */
  isLevelEnabled(level: LevelName<L>): boolean
  /**
   * Whether its lines say where in the code their calls are, Log4r's `trace`: see the option of that name. As
   * `level`, it is inherited live, and `undefined` goes back to that of the logger above; for the root, to the
   * option.
   * @throws LogflumeError INVALID_OPTION for anything but true, false and undefined.
   */
  get tracing(): boolean
  set tracing(tracing: boolean | undefined)
  /**
   * Whether its records go to the outputters of the loggers above as well, the journal included, which is the
   * root's. @default true
   */
  additive: boolean
  /** Its own outputters, without those of the loggers above. The root has the journal, by the name `journal`. */
  readonly outputters: readonly Outputter[]
  /**
   * Gives it more outputters. A record goes to each one once, though several loggers on its way have it.
   * @throws LogflumeError INVALID_OPTION where the tree has another outputter of that name, or an outputter
   * levels that the tree has not; CLOSED where it is closed.
   */
  addOutputter(...outputters: readonly Outputter[]): void
  /** Takes outputters away from it, by themselves or by name. They stay open, and known to `getOutputter`. */
  removeOutputter(...outputters: readonly (Outputter | string)[]): void
  /** The outputter of that name, wherever in the tree it was added. */
  getOutputter(name: string): Outputter | undefined
  /**
   * For levels that are known at run time only. A level that does not exist gives a line of level `info`
   * that has the name in `field.log.level`.
   */
  readonly log: LeveledLogMethod<L>
  /**
   * The logger `<this name>::<name>`, the same object each time; of a child, with its fields. It has the
   * level of this one until it is given its own. `get('db::pool')` is `get('db').get('pool')`.
   * `topic` is where its lines go in Kafka, and those of the loggers below it that have no topic of their own,
   * from now on and whatever the routes say.
   * @throws LogflumeError INVALID_OPTION where the name is empty, or the whole name has over 255 characters, or
   * Kafka takes no topic of that name.
   */
  get(name: string, options?: { readonly topic?: string }): Logger<L>
  /**
   * This logger with fields for each of its lines, which a later field of the same name replaces. The values
   * are looked at now, not again at each call. It shares its level with the logger it was made from.
   * @throws LogflumeError INVALID_OPTION where `fields` is not an object of fields.
   */
  child(fields: object): Logger<L>
}

/** `L` are the names of the application's own levels: each is a method. */
export type Logger<L extends string = never> = LoggerMembers<L> &
  Readonly<Record<StandardLevel | L, LogMethod>>
