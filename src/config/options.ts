import { fileURLToPath } from 'node:url'
import { resolve } from 'node:path'
import type { CreateLoggerOptions } from '../logger/create-logger.ts'
import { isObject, OptionReader, refuse } from '../options.ts'
import { Types, type ConfigTypes } from './outputter-types.ts'

export interface CheckConfigOptions<L extends string = never> {
  /** What `#{name}` stands for; these count before the section `variables` of the configuration. @default {} */
  readonly variables?: Readonly<Record<string, unknown>>
  /** What `${NAME}` stands for. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
  /**
   * Options of `createLogger` where the configuration does not have them: functions above all, which no file
   * can have. @default {}
   */
  readonly defaults?: Partial<Omit<CreateLoggerOptions<L>, 'outputters' | 'diagnostics'>>
  /** Kinds of outputters and formatters of your own. @default {} */
  readonly types?: ConfigTypes
}

export interface LoadConfigOptions<L extends string = never> extends CheckConfigOptions<L> {
  /** Whether a change of the file holds at once; it keeps no process alive. @default false */
  readonly watch?: boolean
  /** Whether SIGHUP reads the file again; the signal then does not end the process. @default false */
  readonly reloadOnSighup?: boolean
}

/** The options, checked. */
export interface LoadSettings {
  /** As the caller named it. Undefined: the configuration is an object. */
  readonly file: string | undefined
  /** From the root of the file system. */
  readonly path: string | undefined
  readonly source: object | undefined
  readonly variables: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly defaults: Readonly<Record<string, unknown>>
  readonly types: Types
  readonly watch: boolean
  readonly reloadOnSighup: boolean
}

export function readLoadOptions(source: unknown, options: unknown): LoadSettings {
  const file = readFile(source)
  const reader = new OptionReader('options', options)
  const defaults = reader.section('defaults')
  for (const key of ['outputters', 'diagnostics'])
    if (defaults.has(key))
      refuse(defaults.at(key), 'nothing, as they are in the configuration', defaults.raw(key))
  const settings: LoadSettings = {
    file,
    // Resolved now: a process may change its working directory.
    path: file === undefined ? undefined : resolve(file),
    source: isObject(source) && file === undefined ? source : undefined,
    variables: reader.section('variables').values,
    env: reader.has('env') ? (reader.section('env').values as LoadSettings['env']) : process.env,
    defaults: defaults.values,
    types: new Types(reader.section('types')),
    watch: reader.boolean('watch', false),
    reloadOnSighup: reader.boolean('reloadOnSighup', false),
  }
  reader.end()
  if (file === undefined && (settings.watch || settings.reloadOnSighup))
    refuse(settings.watch ? 'watch' : 'reloadOnSighup', 'false, as there is no file', true)
  return settings
}

/** Undefined: it is an object. */
function readFile(source: unknown): string | undefined {
  if (typeof source === 'string' && source !== '') return source
  if (source instanceof URL && source.protocol === 'file:') return fileURLToPath(source)
  if (isObject(source) && !(source instanceof URL)) return undefined
  return refuse('source', 'the path or URL of a file, or an object', source)
}
