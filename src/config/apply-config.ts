import { globalLogger } from '../logger/global.ts'
import { JOURNAL } from '../logger/outputters/journal-outputter.ts'
import type { DrainOutputter } from '../logger/outputters/outputter.ts'
import type { LoggerTree } from '../logger/tree.ts'
import type { ConfigPlan } from './read-config.ts'
import { discard } from './read-outputters.ts'

/** Loggers that a configuration says nothing of any more are as they were without one. */
const unsaid = { level: undefined, additive: true, trace: undefined, topic: undefined, outputters: [] }

/**
 * Puts a configuration in the place of the `previous` one: no record is made meanwhile, and each goes to the
 * outputters of one or the other. Gives the outputters that are in no logger any more; they are still open.
 *
 * @throws LogflumeError where an outputter cannot be added; the previous one stays then.
 */
export function applyConfig(
  tree: LoggerTree<string>,
  next: ConfigPlan,
  previous?: ConfigPlan,
): DrainOutputter[] {
  const before = previous?.outputters.map(({ outputter }) => outputter) ?? []
  const after = next.outputters.map(({ outputter }) => outputter)
  const gone = before.filter((one) => !after.includes(one))
  // What they have is written first, since one of the same file or stream may come in their place.
  for (const one of gone) tree.outputters.forget(one)
  try {
    for (const { option, outputter } of next.outputters) tree.outputters.add(option, outputter)
  } catch (thrown) {
    for (const one of after) if (!before.includes(one)) tree.outputters.forget(one)
    for (const one of gone) tree.outputters.add(one.name, one)
    discard(next.outputters, undefined)
    throw thrown
  }
  setLevels(tree, next)
  if (next.globalLevel !== undefined) globalLogger.level = next.globalLevel
  else if (previous?.globalLevel !== undefined) globalLogger.level = 'all'
  for (const name of new Set([...(previous?.loggers.keys() ?? []), ...next.loggers.keys()]))
    setLogger(tree, name, next, before)
  return gone
}

function setLevels(tree: LoggerTree<string>, { outputters, journal }: ConfigPlan): void {
  const all = [...outputters, { ...journal, outputter: tree.outputters.find(JOURNAL) }]
  for (const { outputter, level, onlyAt } of all) {
    if (outputter === undefined) continue
    if (outputter.level !== level) outputter.level = level
    if (outputter.onlyAt !== onlyAt) outputter.onlyAt = onlyAt
  }
}

function setLogger(
  { top, levels, outputters }: LoggerTree<string>,
  name: string,
  { loggers }: ConfigPlan,
  before: readonly DrainOutputter[],
): void {
  const node = name === top.name ? top : top.get(name.slice(`${top.name}::`.length))
  const { level, additive, trace, topic, outputters: names = [] } = loggers.get(name) ?? unsaid
  node.setLevel(level === undefined ? undefined : levels.setting('level', level))
  node.additive = additive
  node.setTracing(trace)
  node.setTopic(topic)
  const added = names.flatMap((one) => outputters.find(one) ?? [])
  // What code has added stays, and so does the journal of the root.
  const others = node.outputters.filter(
    (one) => !before.includes(one) && (name === top.name || one.name !== JOURNAL),
  )
  node.outputters = [...new Set([...others, ...added])]
}
