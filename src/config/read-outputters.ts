import { isDeepStrictEqual } from 'node:util'
import type { Levels } from '../logger/level.ts'
import { JOURNAL } from '../logger/outputters/journal-outputter.ts'
import { DrainOutputter } from '../logger/outputters/outputter.ts'
import { type OptionReader, refuse } from '../options.ts'
import type { Types } from './outputter-types.ts'
import type { InForce } from './read-config.ts'

export interface OutputterLevels {
  readonly level: string | undefined
  readonly onlyAt: readonly string[] | undefined
}

export interface PlannedOutputter extends OutputterLevels {
  /** Its place, `outputters[2]`. */
  readonly option: string
  readonly outputter: DrainOutputter
  /** What it was made of but for its levels: where that stays the same, so does the outputter. */
  readonly madeOf: Readonly<Record<string, unknown>>
}

interface Surroundings {
  readonly types: Types
  readonly levels: Levels
  readonly hasJournal: boolean
  readonly inForce: InForce | undefined
}

interface Outputters {
  readonly outputters: readonly PlannedOutputter[]
  readonly journal: OutputterLevels
}

/** Those that are refused half way leave nothing open. */
export function readOutputters(readers: readonly OptionReader[], surroundings: Surroundings): Outputters {
  const outputters: PlannedOutputter[] = []
  let journal: OutputterLevels | undefined
  try {
    for (const reader of readers) {
      const type = readType(reader, surroundings)
      const levels = readOutputterLevels(reader, surroundings.levels)
      if (type === JOURNAL) {
        if (journal !== undefined) refuse(reader.at('type'), 'another type, as the journal is there', type)
        journal = levels
        reader.end()
      } else {
        const planned = { ...levels, ...makeOutputter(reader, type, surroundings) }
        outputters.push(planned)
        checkName(planned, outputters, surroundings)
      }
    }
  } catch (thrown) {
    discard(outputters, surroundings.inForce)
    throw thrown
  }
  return { outputters, journal: journal ?? { level: undefined, onlyAt: undefined } }
}

function readType(reader: OptionReader, { types, hasJournal }: Surroundings): string {
  return reader.oneOf('type', hasJournal ? [...types.outputters, JOURNAL] : types.outputters)
}

function readOutputterLevels(reader: OptionReader, levels: Levels): OutputterLevels {
  const onlyAt = reader.has('onlyAt') ? reader.strings('onlyAt') : undefined
  for (const [index, one] of (onlyAt ?? []).entries()) levels.setting(`${reader.at('onlyAt')}[${index}]`, one)
  return {
    level: reader.has('level') ? levels.setting(reader.at('level'), reader.raw('level')).name : undefined,
    onlyAt,
  }
}

function makeOutputter(
  reader: OptionReader,
  type: string,
  { types, inForce }: Surroundings,
): Pick<PlannedOutputter, 'option' | 'outputter' | 'madeOf'> {
  const madeOf = Object.fromEntries(
    Object.entries(reader.values).filter(([key]) => key !== 'level' && key !== 'onlyAt'),
  )
  const option = reader.path
  const same = inForce?.plan.outputters.find((one) => isDeepStrictEqual(one.madeOf, madeOf))
  if (same !== undefined) return { option, outputter: same.outputter, madeOf }
  const options = Object.fromEntries(Object.entries(madeOf).filter(([key]) => key !== 'type'))
  const outputter: unknown = types.outputter(option, type, options)
  if (!(outputter instanceof DrainOutputter))
    refuse(option, `an outputter from its type ${type}, as defineOutputter() gives one`, outputter)
  return { option, outputter, madeOf }
}

function checkName(
  { option, outputter }: PlannedOutputter,
  all: readonly PlannedOutputter[],
  { inForce }: Surroundings,
): void {
  const { name } = outputter
  const others = all.slice(0, -1).some((one) => one.outputter.name === name)
  const isTaken = name === JOURNAL || others || inForce?.isTaken(name) === true
  if (isTaken) refuse(`${option}.name`, 'a name that no other outputter has', name)
}

/** Ends outputters that came to no use. */
export function discard(planned: readonly PlannedOutputter[], inForce: InForce | undefined): void {
  const used = new Set(inForce?.plan.outputters.map(({ outputter }) => outputter))
  for (const { outputter } of planned) if (!used.has(outputter)) void outputter.discard()
}
