import { levelRanks } from '../level-ranks.ts'
import { OptionReader, refuse } from '../options.ts'
import { isTopicTemplate, TOPIC_TEMPLATE_RULE } from './topic-template.ts'
import type { RuleSettings } from './rule.ts'

/** Lines for which all of this holds go to `topic`, or nowhere. */
export interface Route {
  /** This level, or, as in `{ min: 'warn' }`, it and those above it. */
  readonly level?: string | { readonly min: string }
  /** This logger and those below it, as in 'shop::db'. */
  readonly logger?: string
  /** Text that the line has, as it stands in its JSON, or an expression that it matches. */
  readonly match?: string | RegExp
  /** As the `topic` of all others it may have `{service}`, `{logger}` and dates in it. */
  readonly topic?: string
  /** Instead of a topic: such lines stay on disk, and count as `dropped`. */
  readonly drop?: true
}

/** The name of the lines' service, and the ranks of the levels that its loggers have. */
export interface RouteSource {
  readonly service: string
  readonly ranks?: Readonly<Record<string, number>> | undefined
}

export function readTopic(reader: OptionReader, key: string, fallback?: string): string {
  const topic = reader.string(key, fallback)
  if (!isTopicTemplate(topic)) refuse(reader.at(key), TOPIC_TEMPLATE_RULE, topic)
  return topic
}

export function readRoutes(
  reader: OptionReader,
  { ranks = levelRanks }: RouteSource,
): readonly RuleSettings[] {
  const routes = reader.raw('routes') ?? []
  if (!Array.isArray(routes)) refuse(reader.at('routes'), 'an array of routes', routes)
  return routes.map((route, index) =>
    readRoute(new OptionReader(`${reader.at('routes')}[${index}]`, route), ranks),
  )
}

function readRoute(reader: OptionReader, ranks: Readonly<Record<string, number>>): RuleSettings {
  const drops = reader.boolean('drop', false)
  if (drops === reader.has('topic'))
    refuse(reader.at('topic'), 'a topic or `drop: true`, one of the two', reader.raw('topic'))
  const settings: RuleSettings = {
    ...readLevels(reader, ranks),
    logger: reader.has('logger') ? reader.string('logger') : undefined,
    match: readMatch(reader),
    topic: drops ? undefined : readTopic(reader, 'topic'),
  }
  reader.end()
  return settings
}

function readLevels(
  reader: OptionReader,
  ranks: Readonly<Record<string, number>>,
): Pick<RuleSettings, 'levels' | 'ranks'> {
  const level = reader.raw('level')
  if (level === undefined) return { levels: undefined, ranks: undefined }
  const names = Object.keys(ranks)
  if (typeof level !== 'object') {
    const name = reader.oneOf('level', names)
    const rank = ranks[name] ?? 0
    return { levels: [name], ranks: [rank, rank] }
  }
  const section = reader.section('level')
  const least = ranks[section.oneOf('min', names)] ?? 0
  section.end()
  return { levels: names.filter((name) => (ranks[name] ?? 0) >= least), ranks: [least, Infinity] }
}

function readMatch(reader: OptionReader): string | RegExp | undefined {
  const match = reader.raw('match')
  if (match === undefined || match instanceof RegExp) return match
  if (typeof match !== 'string' || match === '' || match.includes('\n'))
    refuse(reader.at('match'), 'a regular expression, or some text of one line', match)
  return match
}
