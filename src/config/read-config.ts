import { readCreateLoggerOptions, type CreateLoggerSettings } from '../logger/create-logger.ts'
import { readDiagnosticsLevel, type DiagnosticsSettings } from '../logger/diagnostic-logger.ts'
import { globalLevels, type GlobalLevel } from '../logger/global.ts'
import type { Levels } from '../logger/level.ts'
import { JOURNAL } from '../logger/outputters/journal-outputter.ts'
import { isObject, isReadable, OptionReader, refuse } from '../options.ts'
import type { Types } from './outputter-types.ts'
import { readLoggers, readNames, type PlannedLogger } from './read-loggers.ts'
import { discard, readOutputters, type OutputterLevels, type PlannedOutputter } from './read-outputters.ts'

/** A configuration, checked. */
export interface ConfigPlan {
  /** What the journal and the loggers are made with. */
  readonly settings: CreateLoggerSettings
  /** What holds from the start on, as it was given. */
  readonly fixed: Readonly<Record<string, unknown>>
  readonly globalLevel: GlobalLevel | undefined
  readonly outputters: readonly PlannedOutputter[]
  /** Levels of the journal. */
  readonly journal: OutputterLevels
  /** By whole name; the root is among them. */
  readonly loggers: ReadonlyMap<string, PlannedLogger>
  readonly diagnostics: DiagnosticsSettings
  /** What is allowed, and hardly meant. */
  readonly warnings: readonly string[]
}

/** What a configuration is read beside, where there is one in force. */
export interface InForce {
  readonly plan: ConfigPlan
  /** Those of the tree, which cannot change. */
  readonly levels: Levels
  /** Whether code has added an outputter of that name. */
  readonly isTaken: (name: string) => boolean
}

/** Options that hold from the moment on in which they change. */
const LIVE: ReadonlySet<string> = new Set([
  '$schema',
  'level',
  'globalLevel',
  'outputters',
  'loggers',
  'diagnostics',
])

/**
 * Checks all of a configuration. Outputters are made, and nothing is open yet.
 *
 * @throws LogflumeError INVALID_OPTION, which names the option.
 */
export function readConfig(
  values: Readonly<Record<string, unknown>>,
  types: Types,
  inForce?: InForce,
): ConfigPlan {
  const reader = new OptionReader('options', withSerializers(values, types))
  if (reader.has('$schema')) reader.string('$schema') // for editors
  const globalLevel = reader.has('globalLevel') ? reader.oneOf('globalLevel', globalLevels) : undefined
  const lists = { outputters: readList(reader, 'outputters'), loggers: readList(reader, 'loggers') }
  const diagnostics = reader.section('diagnostics')
  const settings = readCreateLoggerOptions(reader)

  const { name } = settings.logger
  const levels = inForce?.levels ?? settings.logger.levels
  const level = levels.setting('level', settings.logger.level.name).name
  const hasJournal = settings.output !== undefined
  const { outputters, journal } = readOutputters(lists.outputters, { types, levels, hasJournal, inForce })
  try {
    const own = outputters.map(({ outputter }) => outputter.name)
    const loggers = readLoggers(lists.loggers, name, levels, hasJournal ? [JOURNAL, ...own] : own)
    const told = {
      level: readDiagnosticsLevel(diagnostics),
      names: readNames(diagnostics, 'outputters', own),
    }
    diagnostics.end()
    const named = [...loggers.values(), { outputters: told.names }].flatMap((one) => one.outputters ?? [])
    const spare = own.filter((one) => !named.includes(one))
    const root = loggers.get(name)
    loggers.set(name, {
      additive: true,
      trace: undefined,
      topic: undefined,
      ...root,
      level: root?.level ?? level,
      outputters: root?.outputters ?? spare,
    })
    return {
      settings,
      fixed: Object.fromEntries(Object.entries(values).filter(([key]) => !LIVE.has(key))),
      globalLevel,
      outputters,
      journal,
      loggers,
      diagnostics: {
        level: told.level,
        outputters: outputters
          .map(({ outputter }) => outputter)
          .filter((one) => told.names?.includes(one.name)),
      },
      warnings:
        root?.outputters === undefined ? [] : spare.map((one) => `no logger has the outputter ${one}`),
    }
  } catch (thrown) {
    discard(outputters, inForce)
    throw thrown
  }
}

/** A file names the functions that code has given. */
function withSerializers(
  values: Readonly<Record<string, unknown>>,
  types: Types,
): Readonly<Record<string, unknown>> {
  const { serializers } = values
  if (!isObject(serializers) || !isReadable(serializers)) return values
  const entries = Object.entries(serializers).map(
    ([field, one]) =>
      [field, typeof one === 'string' ? types.serializer(`serializers.${field}`, one) : one] as const,
  )
  return { ...values, serializers: Object.fromEntries(entries) }
}

function readList(reader: OptionReader, key: string): readonly OptionReader[] {
  const value = reader.raw(key) ?? []
  if (!Array.isArray(value)) refuse(reader.at(key), 'a list', value)
  return value.map((one: unknown, index) => new OptionReader(`${reader.at(key)}[${index}]`, one))
}
