import { refuse } from '../options.ts'
import type { Level } from './level.ts'
import { headText } from './line.ts'
import type { LoggerSettings } from './settings.ts'

const longestName = 255

/** One name in the tree of loggers: its level, and the start of its lines. */
export class Node {
  readonly name: string
  /** The level in force, its own or the one above. */
  level: Level
  /** The rank of that. */
  threshold: number
  /** The start of its lines for each level, by the level's index. */
  readonly heads: readonly string[]
  readonly #settings: LoggerSettings
  readonly #parent: Node | undefined
  readonly #nodes = new Map<string, Node>()
  #own: Level | undefined

  constructor(settings: LoggerSettings, name: string, parent?: Node) {
    this.name = name
    this.level = parent?.level ?? settings.level
    this.threshold = this.level.rank
    this.heads = settings.levels.all.map((level) => headText(settings, level.name, name))
    this.#settings = settings
    this.#parent = parent
  }

  /** Makes the node where it is missing. */
  get(name: string): Node {
    const [first = '', ...rest] = typeof name === 'string' ? name.split('::') : []
    if (first === '')
      refuse('name of a logger', "non-empty names, joined with '::' where they are several", name)
    const node = this.#nodes.get(first) ?? this.#add(first)
    return rest.length === 0 ? node : node.get(rest.join('::'))
  }

  #add(name: string): Node {
    const whole = `${this.name}::${name}`
    if (whole.length > longestName)
      refuse('name of a logger', `at most ${longestName} characters in all`, whole)
    const node = new Node(this.#settings, whole, this)
    this.#nodes.set(name, node)
    return node
  }

  /** Its own level from now on; undefined goes back to the one above. */
  setLevel(level: Level | undefined): void {
    this.#own = level
    this.#inherit()
  }

  /** Levels are pushed down when they change, so that a call finds its own at once. */
  #inherit(): void {
    this.level = this.#own ?? this.#parent?.level ?? this.#settings.level
    this.threshold = this.level.rank
    for (const node of this.#nodes.values()) node.#inherit()
  }
}
