import { LogflumeError } from '../errors.ts'
import type { Logger } from '../logger/logger.ts'
import { refuse } from '../options.ts'
import { ConfiguredTree } from './configured-tree.ts'
import { readLoadOptions, type CheckConfigOptions, type LoadConfigOptions } from './options.ts'
import { planOf } from './plan.ts'
import { discard } from './read-outputters.ts'

/** By the root of each tree that was loaded. */
const trees = new WeakMap<object, ConfiguredTree<string>>()

/**
 * The root of a tree of loggers as a YAML or JSON file, or an object, says: the options of `createLogger`,
 * outputters and loggers by name. `L` are the names of the application's own levels, those in its `levels`.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the file, the option and its line; `JOURNAL` when the
 * directory cannot be used.
 */
export function loadConfig<L extends string = never>(
  source: string | URL | object,
  options: LoadConfigOptions<L> = {},
): Logger<L> {
  const configured = new ConfiguredTree<L>(readLoadOptions(source, options))
  const { root } = configured.tree
  trees.set(root, configured as unknown as ConfiguredTree<string>)
  return root
}

/**
 * Takes the file of a logger that `loadConfig` gave once more, or another object in its place. Levels,
 * outputters, formatters and additivity hold from now on; what holds from the start on only is told.
 *
 * @throws LogflumeError `INVALID_OPTION`, and the configuration stays as it is; `CLOSED` after `close()`.
 */
export function reloadConfig(log: object, source?: object): void {
  const tree = trees.get(log)
  if (tree === undefined) refuse('log', 'the logger that loadConfig() gave', log)
  if (tree.isClosed) throw new LogflumeError('CLOSED', 'the logger is closed')
  if (source !== undefined) readLoadOptions(source, {})
  tree.reload(source)
}

/**
 * Whether `loadConfig` would take it. Nothing is opened or written.
 *
 * @throws LogflumeError `INVALID_OPTION`, as `loadConfig`.
 */
export function checkConfig<L extends string = never>(
  source: string | URL | object,
  options: CheckConfigOptions<L> = {},
): void {
  discard(planOf(readLoadOptions(source, options)).outputters, undefined)
}
