import { readFileSync } from 'node:fs'
import { LogflumeError, toError } from '../errors.ts'
import { isObject, OptionReader, refuseOption } from '../options.ts'
import type { LoadSettings } from './options.ts'
import { readConfig, type ConfigPlan, type InForce } from './read-config.ts'
import { ObjectSource, TextSource, type ConfigSource, type Replace } from './source.ts'
import { substitute } from './substitute.ts'

/** Where variables of the configuration's own are. */
const VARIABLES = 'variables'

/**
 * Reads a configuration, and checks it.
 *
 * @throws LogflumeError INVALID_OPTION, as in `config.yml: outputters[2].maxBytes: expected …`.
 */
export function planOf(settings: LoadSettings, inForce?: InForce): ConfigPlan {
  const { file } = settings
  let source: ConfigSource | undefined
  try {
    source = open(settings)
    return readConfig({ ...settings.defaults, ...valuesOf(source, settings) }, settings.types, inForce)
  } catch (thrown) {
    if (!(thrown instanceof LogflumeError)) throw thrown
    const { code, option, cause } = thrown
    const place = option === undefined ? '' : (source?.place(option) ?? '')
    const message = thrown.message.replace(/^options: /, '')
    const located = file === undefined ? message : `${file}: ${message}${place}`
    throw new LogflumeError(code, located, { option, cause })
  }
}

function open({ source, path }: LoadSettings): ConfigSource {
  return path === undefined ? new ObjectSource(source) : new TextSource(readText(path), /\.json$/i.test(path))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new LogflumeError('INVALID_OPTION', `cannot be read: ${toError(thrown).message}`, { cause: thrown })
  }
}

function valuesOf(source: ConfigSource, { variables, env }: LoadSettings): Readonly<Record<string, unknown>> {
  const given = new Map(Object.entries(variables))
  const replaceBy =
    (named: ReadonlyMap<string, unknown>): Replace =>
    (option, text, isTyped) =>
      substitute(option, text, isTyped, { env, named })
  const section = new OptionReader(VARIABLES, source.section(VARIABLES, replaceBy(given)) ?? {}).values
  const named = new Map([...Object.entries(section), ...given])
  const values = source.others(VARIABLES, replaceBy(named))
  return isObject(values) ? values : refuseOption('options', 'expected an object of options')
}
