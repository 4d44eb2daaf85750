import type { Levels } from '../logger/level.ts'
import { longestName } from '../logger/node.ts'
import { type OptionReader, refuse } from '../options.ts'
import { isTopicName, TOPIC_RULE } from '../topic.ts'

/** One logger of a configuration. */
export interface PlannedLogger {
  readonly level: string | undefined
  readonly additive: boolean
  /** Whether its lines say where their calls are. */
  readonly trace: boolean | undefined
  readonly topic: string | undefined
  /** Names. */
  readonly outputters: readonly string[] | undefined
}

/** Loggers by their whole names. `root` is the name of the first of the tree, `outputters` are all there are. */
export function readLoggers(
  readers: readonly OptionReader[],
  root: string,
  levels: Levels,
  outputters: readonly string[],
): Map<string, PlannedLogger> {
  const loggers = new Map<string, PlannedLogger>()
  for (const reader of readers) {
    const name = readLoggerName(reader, root)
    if (loggers.has(name)) refuse(reader.at('name'), 'another name than the loggers before', name)
    const topic = reader.raw('topic') ?? undefined
    if (topic !== undefined && !isTopicName(topic)) refuse(reader.at('topic'), TOPIC_RULE, topic)
    loggers.set(name, {
      level: reader.has('level') ? levels.setting(reader.at('level'), reader.raw('level')).name : undefined,
      additive: reader.boolean('additive', true),
      trace: reader.has('trace') ? reader.boolean('trace', false) : undefined,
      topic,
      outputters: readNames(reader, 'outputters', outputters),
    })
    reader.end()
  }
  return loggers
}

function readLoggerName(reader: OptionReader, root: string): string {
  const name = reader.string('name')
  const [first, ...others] = name.split('::')
  if (first !== root || others.includes('') || name.length > longestName)
    refuse(reader.at('name'), `${root}, or a name below it as ${root}::db`, name)
  return name
}

/** Some of these names; undefined where there is no such list. */
export function readNames(
  reader: OptionReader,
  key: string,
  known: readonly string[],
): readonly string[] | undefined {
  const value = reader.raw(key) ?? undefined
  if (value === undefined) return undefined
  if (!Array.isArray(value)) refuse(reader.at(key), 'a list of names of outputters', value)
  for (const [index, one] of value.entries())
    if (typeof one !== 'string' || !known.includes(one))
      refuse(`${reader.at(key)}[${index}]`, `the name of an outputter, of ${known.join(', ') || 'none'}`, one)
  return value as string[]
}
