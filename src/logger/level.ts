import { levelRanks as standardLevels } from '../level-ranks.ts'
import { refuse } from '../options.ts'

export type StandardLevel = keyof typeof standardLevels

/** A level that lines can have: one of the six, or one of the application's own. */
export type LevelName<L extends string = never> = StandardLevel | L

/**
 * What a logger can be set to: the lowest level that it lets through, or nothing at all. Any string compiles,
 * as levels come from the environment, but a name that does not exist is refused.
 */
export type LevelSetting<L extends string = never> = LevelName<L> | 'off' | (string & Record<never, never>)

export interface Level {
  readonly name: string
  readonly rank: number
  /** Its place in `Levels.all`. */
  readonly index: number
}

/** No line has this level, so a logger set to it is silent. */
const off: Level = { name: 'off', rank: Number.POSITIVE_INFINITY, index: -1 }

/** The levels of one logger tree. */
export class Levels {
  /** Lowest rank first. */
  readonly all: readonly Level[]
  /** Lines of this rank or above are on disk when the call returns. */
  readonly fatalRank: number
  readonly #byName: ReadonlyMap<unknown, Level>

  /** `added` has ranks by name: new levels, or other ranks for the standard ones. */
  constructor(added: Readonly<Record<string, number>> = {}) {
    const ranks: Readonly<Record<string, number>> & typeof standardLevels = { ...standardLevels, ...added }
    this.all = Object.entries(ranks)
      .sort(([, a], [, b]) => a - b)
      .map(([name, rank], index) => ({ name, rank, index }))
    this.fatalRank = ranks.fatal
    this.#byName = new Map(this.all.map((level) => [level.name, level]))
  }

  find(name: unknown): Level | undefined {
    return this.#byName.get(name)
  }

  /** What a logger may be set to: a level or `off`; `option` names the place in the message of a refusal. */
  setting(option: string, name: unknown): Level {
    if (name === off.name) return off
    return this.find(name) ?? refuse(option, `one of ${[...this.#byName.keys(), off.name].join(', ')}`, name)
  }
}

/** Checks the option `levels`. `taken` are names that a logger needs for something else. */
export function readLevels(option: string, value: unknown, taken: (name: string) => boolean): Levels {
  if (value === undefined) return new Levels()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(option, 'an object of ranks by level name, as in { audit: 35 }', value)
  }
  const ranks: Record<string, number> = {}
  for (const [name, rank] of Object.entries<unknown>({ ...value })) {
    if (!/^[A-Za-z_$][\w$]{0,31}$/.test(name)) {
      refuse(option, 'names of up to 32 letters, digits, _ and $ that do not start with a digit', name)
    }
    if (name === off.name || taken(name)) refuse(option, 'names that a logger has no other use for', name)
    if (typeof rank !== 'number' || !Number.isSafeInteger(rank) || rank < 1) {
      refuse(`${option}.${name}`, 'a whole number of at least 1', rank)
    }
    ranks[name] = rank
  }
  return new Levels(ranks)
}
